/// Runs one action whose inputs are all known.
public protocol Executor: Sendable {
  /// - Returns: an artifact for each declared output, stored but not yet durable.
  /// - Throws: `ActionFailed` where the action itself failed, `MissingBlob` where an input has to be made again,
  ///   `ChangedSource`, `GraphError(.environment)`, `CancellationError`.
  func execute(_ task: ActionTask) async throws -> ExecutedAction

  /// Brings the leaf inputs of an action into the store, for whoever reads them before it runs.
  ///
  /// - Throws: `ChangedSource`, `GraphError(.environment)`.
  func importLeaves(of action: Action) throws
}

/// An action with its inputs.
public struct ActionTask: Sendable {
  public let node: Node
  public let key: Key
  /// In the order of `node.action.inputs`.
  public let inputs: [Artifact]

  public init(node: Node, key: Key, inputs: [Artifact]) {
    self.node = node
    self.key = key
    self.inputs = inputs
  }

  public var action: Action { node.action }

  /// The artifact of an input role.
  public func input(_ role: String) -> Artifact? {
    for (input, artifact) in zip(action.inputs, inputs) where input.role == role { return artifact }
    return nil
  }

  /// The inputs whose role is `prefix/…`, in order, with the rest of the role.
  public func inputs(under prefix: String) -> [(name: String, artifact: Artifact)] {
    zip(action.inputs, inputs).compactMap { input, artifact in
      input.role.hasPrefix(prefix + "/") ? (String(input.role.dropFirst(prefix.count + 1)), artifact) : nil
    }
  }
}

/// What running an action gave.
public struct ExecutedAction: Sendable {
  public var outputs: [String: Artifact]
  public var emulator: String?
  /// What it printed, standard output and error as they came.
  public var log: [UInt8]
  /// The most memory that a command used at once, where that was measured.
  public var peakMemoryBytes: Int64?
  public init(
    outputs: [String: Artifact], emulator: String? = nil, log: [UInt8] = [], peakMemoryBytes: Int64? = nil
  ) {
    self.outputs = outputs
    self.emulator = emulator
    self.log = log
    self.peakMemoryBytes = peakMemoryBytes
  }
}

/// An action that ran and failed. Never a result.
public struct ActionFailed: Error, Sendable, CustomStringConvertible {
  /// Whether the same inputs fail again.
  public enum Kind: String, Sendable {
    /// The same inputs fail the same way: it exited non-zero, or left no output.
    case deterministic
    /// A limit of the machine or the action's own: time, memory, a signal.
    case resource
    /// The machine's: a full disk.
    case environment
  }
  public let kind: Kind
  /// One line: `exited with status 2`, `was killed after 600 s`.
  public let reason: String
  public let hint: String?
  public let log: [UInt8]

  public init(_ kind: Kind, _ reason: String, hint: String? = nil, log: [UInt8] = []) {
    self.kind = kind
    self.reason = reason
    self.hint = hint
    self.log = log
  }

  public var description: String { reason }
}

/// An operation inside the engine: how actions without a command are done. Found by the rule's name.
public protocol Operation: Sendable {
  var rule: Action.Rule { get }
  /// - Returns: an artifact for each declared output.
  func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact]
}
