/// What happens during a run. Every reporter, and the history, is a reader of these and of nothing else.
public enum BuildEvent: Sendable {
  case planned(Plan, estimateSeconds: Double)
  /// The action began to run here.
  case started(NodeID)
  /// Another process has the lease of the action.
  case waiting(NodeID)
  /// What became of a node; `seconds` from the moment it took a place among those that run.
  case finished(NodeID, Outcome, seconds: Double, course: Course = Course())
  /// A node found that these are needed for it; the graph of the plan has them now.
  case expanded(NodeID, found: [NodeID])
  /// A node did not run, because its result was there, and that is another one than it had last: an edit was taken back.
  case found(NodeID, ActionResult, course: Course)
  /// Results were lost or damaged and are made again.
  case restarted(reason: String)

  /// What became of a node.
  public enum Outcome: Sendable {
    case ran(ActionResult)
    /// Its inputs came out equal to those of an earlier result: early cutoff.
    case cutOff(ActionResult)
    case failed(Failure)
    /// Something it needs failed.
    case skipped(because: NodeID)
    case cancelled
  }

  /// How a node came to its outcome, for the history. All of it is unknown where the node never had all its inputs.
  public struct Course: Sendable {
    /// Of the action as it was to run.
    public var key: Key?
    public var deepKey: Key?
    public var preimage: Preimage?
    /// When it took a place among those that run; seconds since 1970.
    public var started: Double?
    /// How long it had that place; `nil` where it had it to the end.
    public var busySeconds: Double?
    /// How long it waited for another process that worked on the same key.
    public var leaseSeconds: Double
    /// What it added to the disk, in bytes; `nil` where it did not run.
    public var storedBytes: Int64?

    public init(
      key: Key? = nil, deepKey: Key? = nil, preimage: Preimage? = nil, started: Double? = nil,
      leaseSeconds: Double = 0, storedBytes: Int64? = nil
    ) {
      (self.key, self.deepKey, self.preimage, self.started) = (key, deepKey, preimage, started)
      (self.leaseSeconds, self.storedBytes) = (leaseSeconds, storedBytes)
    }
  }
}

/// How a node failed, with all that is needed to understand and repeat it.
public struct Failure: Sendable {
  /// Who or what is at fault: the action itself, a limit of the machine, the environment, or graph.
  public enum Kind: String, Sendable {
    case deterministic, resource, environment, unavailable, bug
  }
  public let kind: Kind
  public let reason: String
  public let hint: String?
  public let log: [UInt8]

  public init(_ kind: Kind, _ reason: String, hint: String? = nil, log: [UInt8] = []) {
    self.kind = kind
    self.reason = reason
    self.hint = hint
    self.log = log
  }
}

/// Receives events in the order they happen, from one task.
public protocol EventSink: Sendable {
  func handle(_ event: BuildEvent)
}
