import FoundationEssentials
import GraphCore

/// How a container of an image starts: the `config` object of an OCI image configuration, with its keys and Docker's.
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
  public var volumes: [String: Empty]?
  public var stopSignal: String?
  /// What runs commands in shell form, where SHELL chose it.
  public var shell: [String]?
  public var healthCheck: HealthCheck?
  /// Triggers for the images that are built from this one.
  public var onBuild: [String]?
  /// Who maintains the image: no part of `config`, but beside it.
  public var author: String?

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
    case volumes = "Volumes"
    case stopSignal = "StopSignal"
    case shell = "Shell"
    case healthCheck = "Healthcheck"
    case onBuild = "OnBuild"
    case author = "Author"
  }

  /// Durations are in nanoseconds; what is not said is the engine's to choose.
  public struct HealthCheck: Codable, Hashable, Sendable {
    /// `NONE`; `CMD` and the words of a command; or `CMD-SHELL` and a text for the shell.
    public var test: [String]
    public var interval: Int64?
    public var timeout: Int64?
    public var startPeriod: Int64?
    public var startInterval: Int64?
    public var retries: Int64?

    enum CodingKeys: String, CodingKey {
      case test = "Test"
      case interval = "Interval"
      case timeout = "Timeout"
      case startPeriod = "StartPeriod"
      case startInterval = "StartInterval"
      case retries = "Retries"
    }
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
