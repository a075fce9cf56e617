/// What happens during a run. Every reporter, and the history, is a reader of these and of nothing else.
public enum BuildEvent: Sendable {
  case planned(Plan, estimateSeconds: Double)
  /// The action began to run here.
  case started(NodeID)
  /// Another process has the lease of the action.
  case waiting(NodeID)
  case finished(NodeID, Outcome, seconds: Double)
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
}

/// How a node failed, with all that is needed to understand and repeat it.
public struct Failure: Sendable {
  /// Who or what is at fault: the action itself, a limit of the machine, the environment, or graph.
  public enum Kind: String, Sendable {
    case deterministic, resource, environment, bug
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
