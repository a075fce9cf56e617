import GraphCore
import Synchronization

/// What became of every node of a run, by its events. A node that finished twice (its result was lost and made again)
/// counts as it finished last.
public struct RunRecord: Sendable {
  /// The plan that the run began with.
  public private(set) var plan: Plan?
  public private(set) var estimateSeconds = 0.0
  public private(set) var finished: [NodeID: Finished] = [:]
  public private(set) var restarts: [String] = []

  public struct Finished: Sendable {
    public let outcome: BuildEvent.Outcome
    public let seconds: Double
  }

  public init() {}

  public mutating func apply(_ event: BuildEvent) {
    switch event {
    case .planned(let plan, let estimateSeconds):
      if self.plan == nil { (self.plan, self.estimateSeconds) = (plan, estimateSeconds) }
    case .finished(let id, let outcome, let seconds, _):
      // What ran in this run stays ran: after a restart it is only found again.
      if case .cutOff = outcome, case .ran = finished[id]?.outcome { return }
      finished[id] = Finished(outcome: outcome, seconds: seconds)
    case .restarted(let reason): restarts.append(reason)
    case .started, .waiting, .expanded, .found: break
    }
  }

  public var ran: [NodeID] { nodes { if case .ran = $0 { true } else { false } } }
  public var cutOff: [NodeID] { nodes { if case .cutOff = $0 { true } else { false } } }
  public var failed: [NodeID] { nodes { if case .failed = $0 { true } else { false } } }
  /// Of the failed ones, those that fail the run, and those that may fail.
  public var seriouslyFailed: [NodeID] { failed.filter { plan?.graph.isFailable($0) != true } }
  public var allowedToFail: [NodeID] { failed.filter { plan?.graph.isFailable($0) == true } }
  public var skipped: [NodeID] { nodes { if case .skipped = $0 { true } else { false } } }
  public var interrupted: [NodeID] { nodes { if case .cancelled = $0 { true } else { false } } }

  /// What `id` makes, where that is known now.
  public func result(_ id: NodeID) -> ActionResult? {
    switch finished[id]?.outcome {
    case .ran(let result), .cutOff(let result): return result
    case .failed, .skipped, .cancelled: return nil
    case nil:
      guard let plan, case .cached = plan[id] else { return nil }
      // What the store has lost since is reported by whoever needs it.
      return try? plan.result(of: id)
    }
  }

  /// In plan order, so that the same run is the same report whatever the order in which things happened.
  private func nodes(_ matches: (BuildEvent.Outcome) -> Bool) -> [NodeID] {
    finished.filter { matches($0.value.outcome) }.keys.sorted()
  }
}

/// Gathers a `RunRecord` from the events of a run.
public final class RunRecorder: EventSink {
  private let state = Mutex(RunRecord())

  public init() {}

  public func handle(_ event: BuildEvent) { state.withLock { $0.apply(event) } }

  public var record: RunRecord { state.withLock { $0 } }
}
