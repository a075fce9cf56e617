extension Command {
  /// Something that is mounted in the sandbox only while the command runs, and is never part of what it changes.
  ///
  /// Source: the Dockerfile reference, RUN --mount.
  public struct Mount: Hashable, Sendable {
    /// Absolute path inside the sandbox; empty for a secret that is a variable alone.
    public var target: String
    public var kind: Kind

    public init(target: String, _ kind: Kind) {
      self.target = target
      self.kind = kind
    }

    public enum Kind: Hashable, Sendable {
      /// An input; what the command writes there is thrown away.
      case bind(Content, isWritable: Bool)
      /// An empty folder in memory, of at most so many bytes.
      case memory(sizeBytes: UInt64?)
      case cache(Cache)
      case secret(Secret)
      case agent(Agent)
    }

    /// A file or folder of an input of kind tree or layer.
    public struct Content: Hashable, Sendable {
      public var role: String
      /// Relative to the input's top.
      public var path: String
      public init(role: String, path: String) {
        self.role = role
        self.path = path
      }
    }

    /// Mode and owner of what a mount makes.
    public struct Access: Hashable, Sendable {
      public var mode: UInt16
      public var user: UInt32
      public var group: UInt32
      public init(mode: UInt16, user: UInt32 = 0, group: UInt32 = 0) {
        self.mode = mode
        self.user = user
        self.group = group
      }
    }

    /// A folder that outlives the action, one for each id, architecture and initial content.
    public struct Cache: Hashable, Sendable {
      public var id: String
      public var sharing: Sharing
      public var isReadOnly: Bool
      /// Of the folder when it is made.
      public var access: Access
      /// What is in the folder when it is made.
      public var content: Content?

      /// What actions do that want the folder at once.
      public enum Sharing: String, Hashable, Sendable {
        /// They use it together.
        case shared
        /// Each has one of its own.
        case `private`
        /// They wait for each other.
        case locked
      }

      public init(
        id: String, sharing: Sharing = .shared, isReadOnly: Bool = false, access: Access = .init(mode: 0o755),
        content: Content? = nil
      ) {
        self.id = id
        self.sharing = sharing
        self.isReadOnly = isReadOnly
        self.access = access
        self.content = content
      }
    }

    /// Bytes of who started graph; only their name is in the key.
    public struct Secret: Hashable, Sendable {
      public var id: String
      public var isRequired: Bool
      public var access: Access
      /// The variable of the environment that it becomes.
      public var environmentName: String?
      public init(
        id: String, isRequired: Bool = false, access: Access = .init(mode: 0o400),
        environmentName: String? = nil
      ) {
        self.id = id
        self.isRequired = isRequired
        self.access = access
        self.environmentName = environmentName
      }
    }

    /// The socket of an SSH agent of who started graph.
    public struct Agent: Hashable, Sendable {
      public var id: String
      public var isRequired: Bool
      public var access: Access
      public init(id: String, isRequired: Bool = false, access: Access = .init(mode: 0o600)) {
        self.id = id
        self.isRequired = isRequired
        self.access = access
      }
    }
  }
}

extension Command.Mount {
  /// What the key has of it, as words. Of a cache only its name: what is in it is not content of the action. Never a
  /// secret's bytes.
  var keyWords: [String] {
    switch kind {
    case .bind(let content, let isWritable):
      [target, "bind", isWritable ? "rw" : "ro", content.role, content.path]
    case .memory(let size): [target, "tmpfs"] + (size.map { ["\($0)"] } ?? [])
    case .cache(let cache):
      [target, "cache", cache.isReadOnly ? "ro" : "rw", cache.id]
        + (cache.content.map { [$0.role, $0.path] } ?? [])
    case .secret(let secret):
      [target, "secret", Self.need(secret.isRequired), secret.access.words, secret.id]
        + (secret.environmentName.map { [$0] } ?? [])
    case .agent(let agent): [target, "ssh", Self.need(agent.isRequired), agent.access.words, agent.id]
    }
  }

  private static func need(_ isRequired: Bool) -> String { isRequired ? "required" : "optional" }

  /// The role of the input that it shows.
  public var role: String? {
    switch kind {
    case .bind(let content, _): content.role
    case .cache(let cache): cache.content?.role
    default: nil
    }
  }
}

extension Command.Mount.Access {
  /// `400:0:0`, as keys and the sandbox's helper write it.
  var words: String { "\(String(mode, radix: 8)):\(user):\(group)" }
}

extension Action {
  /// Whether the result may depend on what earlier actions left in a cache.
  public var usesCache: Bool {
    command?.mounts.contains { if case .cache = $0.kind { true } else { false } } ?? false
  }
}
