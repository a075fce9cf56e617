import Glibc
import GraphCore

/// What the mounts of commands take from this machine and from who started graph. Never part of a key.
public struct MountSources: Sendable {
  /// Where caches are kept; `nil` where there are none.
  public var cacheFolder: String?
  /// By id.
  public private(set) var secrets: [String: SecretValue] = [:]
  /// The sockets of SSH agents, by id.
  public private(set) var agents: [String: String] = [:]

  public init(cacheFolder: String? = nil) { self.cacheFolder = cacheFolder }

  /// BuildKit has the same bound.
  public static let secretBytesMax = 500 << 10

  /// Adds `id=NAME[,src=FILE|,env=VARIABLE]`. With the id alone it is the variable of that name, else the file.
  ///
  /// - Parameters:
  ///   - folder: what a relative name starts from.
  /// - Throws: `GraphError(.usage)`; no message holds a value.
  public mutating func addSecret(_ option: String, environment: [String: String], folder: String) throws {
    var fields: [String: String] = [:]
    let names = ["id": "id", "src": "src", "source": "src", "env": "env", "type": "type"]
    for part in option.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard pair.count == 2, let name = names[pair[0]], fields[name] == nil, !pair[1].isEmpty else {
        throw Self.wrongSecret("'\(pair[0])' is not understood in it")
      }
      fields[name] = pair[1]
    }
    guard let id = fields["id"] else { throw Self.wrongSecret("it has no id") }
    guard secrets[id] == nil else { throw Self.wrongSecret("'\(id)' is given twice") }
    guard fields["src"] == nil || fields["env"] == nil else {
      throw Self.wrongSecret("'\(id)' has both src and env")
    }
    if let type = fields["type"], type != "file", type != "env" {
      throw Self.wrongSecret("'\(type)' is no type")
    }
    let variable =
      fields["env"] ?? (fields["type"] == "env" ? fields["src"] ?? id : nil)
      ?? (fields["src"] == nil && fields["type"] == nil && environment[id] != nil ? id : nil)
    if let variable {
      guard let value = environment[variable] else {
        throw GraphError(.usage, "the secret '\(id)' is the variable '\(variable)', which is not set")
      }
      try add(id, Array(value.utf8))
    } else {
      let file = fields["src"] ?? id
      try add(id, try Self.content(of: file.hasPrefix("/") ? file : "\(folder)/\(file)", id: id))
    }
  }

  /// - Throws: `GraphError(.usage)` for more bytes than a secret can have.
  public mutating func add(_ id: String, _ bytes: [UInt8]) throws {
    guard bytes.count <= Self.secretBytesMax else {
      throw GraphError(
        .usage, "the secret '\(id)' has more than \(Self.secretBytesMax >> 10) KiB",
        hint: "a secret is a key or a password; COPY what is no secret")
    }
    secrets[id] = SecretValue(bytes: bytes)
  }

  /// Adds `NAME[=SOCKET]`; without socket it is the one that SSH_AUTH_SOCK names.
  public mutating func addAgent(_ option: String, environment: [String: String], folder: String) throws {
    let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let id = pair.first, !id.isEmpty, agents[id] == nil else {
      throw GraphError(.usage, "--ssh needs another name", hint: "write --ssh default, or --ssh NAME=SOCKET")
    }
    guard let name = pair.count > 1 ? pair[1] : environment["SSH_AUTH_SOCK"], !name.isEmpty else {
      throw GraphError(
        .usage, "--ssh \(id) means the agent of SSH_AUTH_SOCK, which is not set",
        hint: "start one: ssh-agent sh -c 'ssh-add KEY && graph …'")
    }
    let path = name.hasPrefix("/") ? name : "\(folder)/\(name)"
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
      throw GraphError(
        .usage, "'\(path)' is no socket of an agent",
        hint: "an agent serves a key: ssh-agent sh -c 'ssh-add KEY && graph … --ssh \(id)'")
    }
    agents[id] = path
  }

  /// - Throws: `GraphError(.user)` where something that a command requires was not given.
  func require(_ command: Command) throws {
    for mount in command.mounts {
      switch mount.kind {
      case .secret(let secret) where secret.isRequired && secrets[secret.id] == nil:
        throw missing(
          "secret '\(secret.id)'", "--secret id=\(secret.id),src=FILE",
          or: "env=VARIABLE in place of src=FILE")
      case .agent(let agent) where agent.isRequired && agents[agent.id] == nil:
        throw missing("SSH agent '\(agent.id)'", "--ssh \(agent.id)", or: "--ssh \(agent.id)=SOCKET")
      default: continue
      }
    }
  }

  private func missing(_ what: String, _ option: String, or other: String) -> GraphError {
    GraphError(
      .user, "needs the \(what), which was not given",
      hint: "give it with \(option), or \(other)")
  }

  private static func wrongSecret(_ what: String) -> GraphError {
    GraphError(
      .usage, "--secret cannot be used: \(what)",
      hint: "write --secret id=NAME,src=FILE or --secret id=NAME,env=VARIABLE")
  }

  private static func content(of file: String, id: String) throws -> [UInt8] {
    do {
      return try FileSystem.read(file, atMost: secretBytesMax + 1)
    } catch let error as GraphError {
      throw GraphError(
        .usage, "the secret '\(id)': \(error.message)",
        hint: "write --secret id=\(id),src=FILE or --secret id=\(id),env=VARIABLE")
    }
  }
}

/// The bytes of a secret. Written nowhere: whatever prints it prints stars.
public struct SecretValue: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
  let bytes: [UInt8]
  public var description: String { "***" }
  public var debugDescription: String { "***" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
