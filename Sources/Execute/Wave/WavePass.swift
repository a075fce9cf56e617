import GraphCore

/// The state of one pass of a wave: which nodes wait for how many inputs, which are ready, what came of the rest.
///
/// Pure bookkeeping; `Wave` does what it says. Each node is in exactly one state.
struct WavePass {
  private enum State {
    /// Waits for this many producers.
    case waiting(Int)
    case ready
    case running
    case done
    case failed
    case skipped
  }

  private(set) var outcome: Wave.Outcome
  /// A blob that a node needed and the store had lost.
  private(set) var lost: Digest?
  private let graph: Graph
  private let priorities: [Double]
  private let options: Wave.Options
  private var states: [State]
  private var ready: [NodeID] = []
  private var running: [NodeID: Int] = [:]
  private let isPartOfPass: [Bool]
  /// Deep keys that differ from the plan's: of what lacks an input, and of what stands on it.
  private var partialDeepKeys: [NodeID: Key] = [:]

  init(plan: Plan, priorities: [Double], options: Wave.Options) {
    outcome = Wave.Outcome(plan: plan)
    graph = plan.graph
    self.priorities = priorities
    self.options = options
    states = [State](repeating: .done, count: plan.graph.nodes.count)
    var isPartOfPass = [Bool](repeating: false, count: plan.graph.nodes.count)
    for id in plan.needed { isPartOfPass[Int(id.index)] = true }
    self.isPartOfPass = isPartOfPass
  }

  /// Sets every needed node to its first state: cached ones are done, those without open inputs are ready.
  mutating func begin() {
    for id in outcome.plan.needed {
      switch outcome.plan[id] {
      case .cached(let result): outcome.outputs[id] = result.outputs
      case .run, .pending:
        let open = graph.dependencies(of: id).count { !isDone($0) }
        states[Int(id.index)] = open == 0 ? .ready : .waiting(open)
        if open == 0 { ready.append(id) }
      case .unneeded: break
      }
    }
  }

  /// Whether the node's key was not known when the plan was made.
  func isPending(_ id: NodeID) -> Bool {
    if case .pending = outcome.plan[id] { true } else { false }
  }

  /// Whether nothing new may start.
  var shouldStop: Bool {
    lost != nil || (!options.keepGoing && outcome.failures.contains { !outcome.allowed.contains($0.node) })
  }

  /// The node as it is to run: without the inputs that could not be made and that it may lack.
  func node(_ id: NodeID) -> Node {
    outcome.partial[id].map { graph[id].without($0) } ?? graph[id]
  }

  /// The deep key of a node as it is to run. What lacks an input is never taken for the whole, and neither is what
  /// stands on it: their deep keys are those of what they were really made of.
  mutating func deepKey(of id: NodeID) -> Key {
    let plan = outcome.plan
    func known(_ id: NodeID) -> Key { partialDeepKeys[id] ?? plan.deepKeys[Int(id.index)] }
    guard
      outcome.partial[id] != nil || graph.dependencies(of: id).contains(where: { partialDeepKeys[$0] != nil })
    else { return known(id) }
    let key = Planner.deepKey(of: node(id).action, producers: known)
    partialDeepKeys[id] = key
    return key
  }

  /// The ready node with the longest work behind it that fits beside what runs, now counted as running.
  mutating func takeReady() -> NodeID? {
    if shouldStop || ready.isEmpty { return nil }
    let claimed = running.values.reduce(0, +)
    let waiting = running.keys.count { limits($0).isWaiting }
    let hasProcessor = running.count - waiting < options.jobs
    let hasLine = waiting < Wave.Options.downloadsMax
    let fitting = ready.indices.filter { index in
      let limits = limits(ready[index])
      return (limits.isWaiting ? hasLine : hasProcessor)
        && (running.isEmpty || claimed + limits.memoryMegabytes <= options.memoryMegabytes)
    }
    guard
      let best = fitting.max(by: { left, right in
        let (a, b) = (ready[left], ready[right])
        return (priorities[Int(a.index)], b) < (priorities[Int(b.index)], a)
      })
    else { return nil }
    let id = ready.remove(at: best)
    states[Int(id.index)] = .running
    running[id] = limits(id).memoryMegabytes
    return id
  }

  /// Takes in what became of a running node.
  mutating func settled(
    _ id: NodeID, _ result: Wave.NodeResult, _ course: BuildEvent.Course, seconds: Double,
    events: any EventSink
  ) {
    func tell(_ outcome: BuildEvent.Outcome) {
      events.handle(.finished(id, outcome, seconds: seconds, course: course))
    }
    running[id] = nil
    switch result {
    case .ran(let result):
      outcome.ran.append(id)
      finish(id, result)
      tell(.ran(result))
    case .found(let result):
      outcome.cutOff.append(id)
      finish(id, result)
      tell(.cutOff(result))
    case .failed(let failure):
      states[Int(id.index)] = .failed
      outcome.failures.append((id, failure))
      if graph.isFailable(id) { outcome.allowed.insert(id) }
      tell(.failed(failure))
      skipDependents(of: id, events: events)
    case .lost(let digest):
      states[Int(id.index)] = .failed
      lost = lost ?? digest
      tell(.cancelled)
    case .cancelled:
      states[Int(id.index)] = .failed
      // Cancelled because the pass restarts or stops at a failure: not an interruption by the user.
      if !shouldStop { outcome.interrupted.append((id, seconds)) }
      tell(.cancelled)
    }
  }

  private func isDone(_ id: NodeID) -> Bool {
    if case .done = states[Int(id.index)] { outcome.outputs[id] != nil } else { false }
  }

  private func limits(_ id: NodeID) -> Action.Limits { graph[id].action.limits }

  private mutating func finish(_ id: NodeID, _ result: ActionResult) {
    states[Int(id.index)] = .done
    outcome.outputs[id] = result.outputs
    for dependent in graph.dependents(of: id) where isPartOfPass[Int(dependent.index)] {
      inputSettled(of: dependent)
    }
  }

  /// A node waits for one producer less.
  private mutating func inputSettled(of id: NodeID) {
    guard case .waiting(let open) = states[Int(id.index)] else { return }
    states[Int(id.index)] = open == 1 ? .ready : .waiting(open - 1)
    if open == 1 { ready.append(id) }
  }

  /// What needs a failed node is skipped; a fan-in goes on without it where its failure is allowed, and anything is
  /// left that it stands over.
  private mutating func skipDependents(of id: NodeID, events: any EventSink) {
    var stack = graph.dependents(of: id).map { (node: $0, producer: id) }
    while let (next, producer) = stack.popLast() {
      guard isPartOfPass[Int(next.index)], case .waiting = states[Int(next.index)] else { continue }
      if graph[next].isFanIn, outcome.allowed.contains(producer) {
        outcome.partial[next, default: []].insert(producer)
        if outcome.partial[next]?.count != graph.dependencies(of: next).count {
          inputSettled(of: next)
          continue
        }
      }
      states[Int(next.index)] = .skipped
      outcome.skipped.append(next)
      if graph.isFailable(next) { outcome.allowed.insert(next) }
      events.handle(.finished(next, .skipped(because: id), seconds: 0))
      stack.append(contentsOf: graph.dependents(of: next).map { ($0, next) })
    }
  }
}
