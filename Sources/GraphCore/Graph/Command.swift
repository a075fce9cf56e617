/// What runs in a sandbox, and how its inputs and outputs meet the file system it sees.
public struct Command: Hashable, Sendable {
  /// The program and its arguments. `argv[0]` is looked up in PATH inside the sandbox.
  public var argv: [String]
  /// Absolute, inside the sandbox.
  public var workingDirectory: String
  public var root: Root
  /// Which inputs are placed where, read-only.
  public var stages: [Stage]
  /// What else is there while it runs, in the order of mounting.
  public var mounts: [Mount]
  /// Where each output comes from.
  public var collects: [Collect]
  /// Paths (absolute in the stacked root) whose changes are no part of `.changes`: lock files, caches, scratch space.
  /// A trailing `/` means the contents of a folder and not the folder.
  public var discards: [String]
  /// Numeric or by name as the root's own /etc/passwd has it: `user[:group]`; empty for root.
  public var user: String
  /// Only for fetches whose result is pinned by digest.
  public var network: Bool

  /// The file system that the command sees.
  public enum Root: Hashable, Sendable {
    /// The host's /usr and the few files of /etc that programs need, read-only, with a private /tmp, /build and
    /// /dev. The programs it may use are inputs with roles `tool/NAME`.
    case host
    /// The inputs with roles `layer/NN`, stacked in order, writable.
    case layers
    /// `host`, with the stacked and writable layers at `target`: tools from outside work on a root.
    case hostWithLayers(target: String)
  }

  /// An input's place in the sandbox.
  public struct Stage: Hashable, Sendable {
    /// The input's role.
    public let role: String
    /// Absolute path inside the sandbox; a blob becomes a file there, a tree a folder.
    public let path: String
    public init(role: String, path: String) {
      self.role = role
      self.path = path
    }
  }

  /// An output's origin in the sandbox.
  public struct Collect: Hashable, Sendable {
    /// Where an output is found when the command has ended.
    public enum From: Hashable, Sendable {
      /// A file or folder that the command leaves at this absolute path.
      case path(String)
      /// What the command changed in the stacked layers, as a layer.
      case changes
    }
    public let output: String
    public let from: From
    public init(output: String, from: From) {
      self.output = output
      self.from = from
    }
  }

  public init(
    argv: [String], workingDirectory: String = "/", root: Root, stages: [Stage] = [], mounts: [Mount] = [],
    collects: [Collect], discards: [String] = [], user: String = "", network: Bool = false
  ) {
    self.argv = argv
    self.workingDirectory = workingDirectory
    self.root = root
    self.stages = stages
    self.mounts = mounts
    self.collects = collects
    self.discards = discards
    self.user = user
    self.network = network
  }
}
