import FoundationEssentials
import GraphCore

/// How a container of an image starts: the `config` object of an OCI image configuration, with its keys.
/// Source: image-spec 1.1, config.md.
public struct ImageSettings: Codable, Hashable, Sendable {
  public var user: String?
  public var exposedPorts: [String: Empty]?
  /// `NAME=value`, in the order they were set first.
  public var environment: [String]?
  public var entryPoint: [String]?
  public var command: [String]?
  public var labels: [String: String]?
  public var workingDirectory: String?

  /// The empty object that the configuration's sets are made of.
  public struct Empty: Codable, Hashable, Sendable {}

  enum CodingKeys: String, CodingKey {
    case user = "User"
    case exposedPorts = "ExposedPorts"
    case environment = "Env"
    case entryPoint = "Entrypoint"
    case command = "Cmd"
    case labels = "Labels"
    case workingDirectory = "WorkingDir"
  }

  public init() {}

  /// PATH as every image starts with it.
  static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// The environment by name.
  public var environmentByName: [String: String] {
    var values: [String: String] = [:]
    for pair in environment ?? [] {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      values[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
    }
    return values
  }

  /// What starts: entry point and command together.
  public var argv: [String] { (entryPoint ?? []) + (command ?? []) }

  /// Whether commands run as root.
  var isRoot: Bool { ["", "0", "root"].contains(user?.split(separator: ":").first.map(String.init) ?? "") }

  mutating func setEnvironment(_ name: String, _ value: String) {
    var pairs = environment ?? []
    if let index = pairs.firstIndex(where: { $0.hasPrefix(name + "=") }) {
      pairs[index] = "\(name)=\(value)"
    } else {
      pairs.append("\(name)=\(value)")
    }
    environment = pairs
  }

  /// Canonical JSON: sorted keys, no spaces.
  public func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self))
  }

  public init(encoded bytes: [UInt8]) throws {
    self = try JSONDecoder().decode(ImageSettings.self, from: Data(bytes))
  }
}

/// A change that an instruction makes to the settings, already expanded. Applied twice with the same code: while the
/// graph is made, so that later instructions see it, and by the instruction's own node.
enum SettingsChange: Hashable {
  case environment([String], values: [String])
  case labels([String], values: [String])
  case user(String)
  case workingDirectory(String)
  case expose([String])
  /// Takes away the command that the base brought, where no CMD stands before it in the same Dockerfile.
  case entryPoint([String], resetsCommand: Bool)
  case command([String])

  func apply(to settings: inout ImageSettings) {
    switch self {
    case .environment(let names, let values):
      for (name, value) in zip(names, values) { settings.setEnvironment(name, value) }
    case .labels(let names, let values):
      for (name, value) in zip(names, values) {
        settings.labels = (settings.labels ?? [:]).merging([name: value]) { $1 }
      }
    case .user(let user): settings.user = user
    case .workingDirectory(let path): settings.workingDirectory = path
    case .expose(let ports):
      for port in ports {
        settings.exposedPorts = (settings.exposedPorts ?? [:]).merging([port: .init()]) { $1 }
      }
    case .entryPoint(let argv, let resetsCommand):
      settings.entryPoint = argv
      if resetsCommand { settings.command = nil }
    case .command(let argv): settings.command = argv
    }
  }

  /// The change as arguments of the `configure` operation, and back.
  var arguments: [Action.Argument] {
    switch self {
    case .environment(let names, let values):
      [.init("set", "environment"), .init("names", names), .init("values", values)]
    case .labels(let names, let values):
      [.init("set", "labels"), .init("names", names), .init("values", values)]
    case .user(let user): [.init("set", "user"), .init("values", user)]
    case .workingDirectory(let path): [.init("set", "working-directory"), .init("values", path)]
    case .expose(let ports): [.init("set", "expose"), .init("values", ports)]
    case .entryPoint(let argv, let resetsCommand):
      [.init("set", resetsCommand ? "entry-point" : "entry-point-alone"), .init("values", argv)]
    case .command(let argv): [.init("set", "command"), .init("values", argv)]
    }
  }

  init?(_ action: Action) {
    let values = action.values("values")
    switch action.value("set") {
    case "environment": self = .environment(action.values("names"), values: values)
    case "labels": self = .labels(action.values("names"), values: values)
    case "user": self = .user(values.first ?? "")
    case "working-directory": self = .workingDirectory(values.first ?? "/")
    case "expose": self = .expose(values)
    case "entry-point": self = .entryPoint(values, resetsCommand: true)
    case "entry-point-alone": self = .entryPoint(values, resetsCommand: false)
    case "command": self = .command(values)
    default: return nil
    }
  }
}
