import GraphCore

/// Where a run stands, by the events so far. Pure: time comes in with each event.
struct RunState {
  let graph: GraphCore.Graph
  private(set) var work: Set<NodeID> = []
  private(set) var done: Set<NodeID> = []
  private(set) var cached = 0
  /// When each running action began, in seconds of the reporter's clock.
  private(set) var running: [NodeID: Double] = [:]
  private(set) var waiting: Set<NodeID> = []
  private(set) var failed = 0
  private var begin = 0.0
  private var estimate = 0.0

  init(graph: GraphCore.Graph) { self.graph = graph }

  var total: Int { work.count }
  var left: Int { max(0, total - done.count - running.count) }

  /// Seconds that remain by the estimate made with the plan; `nil` once that has passed.
  func remaining(now: Double) -> Double? {
    let remaining = begin + estimate - now
    return remaining > 0 ? remaining : nil
  }

  mutating func apply(_ event: BuildEvent, now: Double) {
    switch event {
    case .planned(let plan, let estimateSeconds):
      work = Set(plan.toRun).union(plan.pending)
      cached = plan.cachedCount
      (begin, estimate) = (now, estimateSeconds)
    case .waiting(let id):
      work.insert(id)
      waiting.insert(id)
    case .started(let id):
      // A node that was cached, or done, comes again when its result was lost: then there is more to do than planned.
      work.insert(id)
      done.remove(id)
      waiting.remove(id)
      running[id] = now
    case .finished(let id, let outcome, _, _):
      running[id] = nil
      waiting.remove(id)
      if case .cancelled = outcome { return }
      if case .failed = outcome { failed += 1 }
      work.insert(id)
      done.insert(id)
    case .expanded(_, let found): work.formUnion(found)
    case .restarted:
      waiting = []
    case .found: break
    }
  }
}
