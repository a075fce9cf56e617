/// A pure step: what it does, to what, and what comes out. A value; nothing in it depends on the machine it runs on.
public struct Action: Hashable, Sendable {
  /// Which rule made it, and the version of that rule's logic: raising the version invalidates what it made.
  public var rule: Rule
  /// What the rule was told, in the order it was declared.
  public var arguments: [Argument]
  public var environment: [String: String]
  /// `nil` where the result is the same for every architecture.
  public var architecture: Architecture?
  /// Roles are unique within an action; their order is kept.
  public var inputs: [Input]
  public var outputs: [Output]
  /// What runs in the sandbox; `nil` for an operation inside the engine, which is found by the rule's name.
  public var command: Command?
  /// Whether its inputs say that there are more actions to run, whose results it reads besides (`Expander`). Its key is that
  /// of all it reads.
  public var isExpanding = false
  /// Never part of the key.
  public var limits: Limits
  /// Where something that is pinned by digest may be found, such as a URL. Never part of the key.
  public var hints: [String: String]

  public init(
    rule: Rule, arguments: [Argument] = [], environment: [String: String] = [:],
    architecture: Architecture? = nil,
    inputs: [Input] = [], outputs: [Output], command: Command? = nil, limits: Limits = Limits(),
    hints: [String: String] = [:]
  ) {
    self.rule = rule
    self.arguments = arguments
    self.environment = environment
    self.architecture = architecture
    self.inputs = inputs
    self.outputs = outputs
    self.command = command
    self.limits = limits
    self.hints = hints
  }

  /// The name and version of what made an action, written `name@version`.
  public struct Rule: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let version: Int
    public init(_ name: String, version: Int) {
      self.name = name
      self.version = version
    }
    public var description: String { "\(name)@\(version)" }
  }

  /// A named list of words, in the order in which it was declared.
  public struct Argument: Hashable, Sendable {
    public let name: String
    public let values: [String]
    public init(_ name: String, _ values: [String]) {
      self.name = name
      self.values = values
    }
    public init(_ name: String, _ value: String) { self.init(name, [value]) }
  }

  /// What an action makes: its name and kind.
  public struct Output: Hashable, Sendable {
    public let name: String
    public let kind: Artifact.Kind
    public init(_ name: String, _ kind: Artifact.Kind) {
      self.name = name
      self.kind = kind
    }
  }

  /// Bounds on a run. A result must not depend on them, so they are not in the key.
  public struct Limits: Hashable, Sendable {
    public var timeoutSeconds: Int
    /// What the scheduler counts against the machine's memory while the action runs.
    public var memoryMegabytes: Int
    /// Whether the action only waits for the network: several of them run beside what keeps the processors busy.
    public var isWaiting: Bool
    /// What it is ended at, where that was declared; else the machine says it.
    public var bounds: Bounds

    /// Bounds that end an action: bytes of memory, processes and threads at once, bytes written to the disk.
    public struct Bounds: Hashable, Sendable {
      public var memoryBytes: Int64?
      public var processes: Int?
      public var diskBytes: Int64?
      public init(memoryBytes: Int64? = nil, processes: Int? = nil, diskBytes: Int64? = nil) {
        self.memoryBytes = memoryBytes
        self.processes = processes
        self.diskBytes = diskBytes
      }
    }

    public init(
      timeoutSeconds: Int = 3600, memoryMegabytes: Int = 256, isWaiting: Bool = false,
      bounds: Bounds = Bounds()
    ) {
      self.timeoutSeconds = timeoutSeconds
      self.memoryMegabytes = memoryMegabytes
      self.isWaiting = isWaiting
      self.bounds = bounds
    }
  }

  /// The values of argument `name`; empty where there is none.
  public func values(_ name: String) -> [String] { arguments.first { $0.name == name }?.values ?? [] }

  /// The only value of argument `name`.
  public func value(_ name: String) -> String? { values(name).first }
}

/// What an action reads, under a role that says what for, such as `layer/00` or `source/index.html`.
public struct Input: Hashable, Sendable {
  public let role: String
  public let source: Source

  /// Where an input comes from.
  public enum Source: Hashable, Sendable {
    /// Known before anything runs: a file of the workspace, a pinned fact, a tool of the host.
    case leaf(Leaf)
    /// What another node makes.
    case output(NodeID, String)
  }

  public init(_ role: String, _ source: Source) {
    self.role = role
    self.source = source
  }
}

/// An input that no node makes, and where its bytes are until the store has them.
public struct Leaf: Hashable, Sendable {
  public let artifact: Artifact
  public let content: Content
  /// How a person knows it: a path relative to the workspace, `URL@commit:path`, the name of a tool.
  public let origin: String

  public indirect enum Content: Hashable, Sendable {
    /// A file, as it was when the graph was made; the run checks that it still is.
    case file(path: String)
    case bytes([UInt8])
    /// A blob of a bare git mirror.
    case gitBlob(mirror: String, object: String)
    /// A recipe, and where its files are.
    case tree(Layer, files: [Digest: Content])
    /// A program of the host: it is run where it is and never copied into the store.
    case tool(path: String)
    /// A part of what another node made: the store has it.
    case stored
  }

  public init(_ artifact: Artifact, _ content: Content, origin: String) {
    self.artifact = artifact
    self.content = content
    self.origin = origin
  }

  /// Text that the declarations themselves hold.
  public static func text(_ text: String, origin: String) -> Leaf {
    Leaf(Artifact(.blob, Digest(ofText: text)), .bytes(Array(text.utf8)), origin: origin)
  }
}
