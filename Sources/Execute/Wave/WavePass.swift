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
    /// It has run, and its result is being committed.
    case committing
    case done
    case failed
    case skipped
  }

  private(set) var outcome: Wave.Outcome
  /// What a node needed and the store had lost.
  private(set) var lost: Wave.Loss?
  private let graph: Graph
  private let path: CriticalPath
  private let options: Wave.Options
  /// Of the nodes that the plan runs, or may.
  private var states: [NodeID: State] = [:]
  private var ready = ReadyQueue()
  private var running: Set<NodeID> = []
  private var waitingCount = 0
  private var claimedMegabytes = 0
  /// Deep keys that differ from the plan's: of what lacks an input, and of what stands on it.
  private var partialDeepKeys: [NodeID: Key] = [:]
  /// Expanding nodes that have done so, and what they found.
  private var expanded: Set<NodeID> = []
  private var found: [NodeID: Found] = [:]

  private struct Found {
    let deepKey: Key
    let priority: Double
  }

  /// - Parameter marks: of the graph, as the plan was made with them.
  init(plan: Plan, marks: Marks, path: CriticalPath, options: Wave.Options) {
    outcome = Wave.Outcome(plan: plan, marks: marks)
    graph = plan.graph
    self.path = path
    self.options = options
  }

  /// Sets every node to its first state: those without open inputs are ready.
  mutating func begin() {
    for id in outcome.plan.lookedUp { outcome.marks.settle(id) }
    let work = outcome.plan.work
    for id in work { states[id] = .waiting(0) }
    for id in work {
      let open = graph.dependencies(of: id).count { states[$0] != nil }
      states[id] = .waiting(open)
      if open == 0 { becomeReady(id) }
    }
  }

  /// Whether the node's key was not known when the plan was made.
  func isPending(_ id: NodeID) -> Bool {
    if case .pending = outcome.plan[id] { true } else { graph.isFound(id) }
  }

  /// Whether a node whose inputs are known may need more than those.
  func hasToExpand(_ id: NodeID) -> Bool { graph.isExpanding(id) && !expanded.contains(id) }

  /// An expanding node needs more: it waits for that now, and what was found is work of this pass.
  mutating func expanded(_ id: NodeID, _ items: [FoundNode], events: any EventSink) throws {
    release(id)
    expanded.insert(id)
    let added = try graph.add(items, to: id)
    if !added.isEmpty { events.handle(.expanded(id, found: added)) }
    for new in added {
      let key = Key(deepOf: graph[new].action) { found[$0]?.deepKey ?? outcome.plan.deepKey($0) }
      found[new] = Found(deepKey: key, priority: path.priority(id) + 1)
      states[new] = .waiting(graph.dependencies(of: new).count)
    }
    let open = graph.dependencies(of: id).count { graph.isFound($0) }
    states[id] = .waiting(open)
    for new in added where graph.dependencies(of: new).isEmpty { becomeReady(new) }
    if open == 0 { becomeReady(id) }
  }

  /// Whether nothing new may start.
  var shouldStop: Bool {
    lost != nil || (!options.keepGoing && outcome.failures.contains { !outcome.allowed.contains($0.node) })
  }

  /// The node as it is to run: without the inputs that could not be made and that it may lack.
  func node(_ id: NodeID) -> Node {
    let node = hasToExpand(id) ? graph.unexpanded(id) : graph[id]
    return outcome.partial[id].map { node.without($0) } ?? node
  }

  /// The deep key of a node as it is to run. What lacks an input is never taken for the whole, and neither is what
  /// stands on it: their deep keys are those of what they were really made of.
  mutating func deepKey(of id: NodeID) -> Key {
    let plan = outcome.plan
    func known(_ id: NodeID) -> Key { partialDeepKeys[id] ?? found[id]?.deepKey ?? plan.deepKey(id) }
    guard
      outcome.partial[id] != nil
        || (!partialDeepKeys.isEmpty
          && graph.dependencies(of: id).contains(where: { partialDeepKeys[$0] != nil }))
    else { return known(id) }
    let key = Key(deepOf: node(id).action, producers: known)
    partialDeepKeys[id] = key
    return key
  }

  /// The ready node with the longest work behind it that fits beside what runs, now counted as running.
  mutating func takeReady() -> NodeID? {
    if shouldStop { return nil }
    let left = options.memoryMegabytes - claimedMegabytes
    let isIdle = running.isEmpty
    let room = ReadyQueue.Room(
      hasProcessor: running.count - waitingCount < options.jobs,
      hasLine: waitingCount < Wave.Options.downloadsMax,
      fits: { [graph] in isIdle || graph.memoryMegabytes($0) <= left })
    guard let id = ready.take(room) else { return nil }
    states[id] = .running
    running.insert(id)
    claimedMegabytes += graph.memoryMegabytes(id)
    if graph.isWaiting(id) { waitingCount += 1 }
    return id
  }

  /// A node has run, and its result is on its way into the store: what it took of the machine is free again, and what waits
  /// for it may start. Their results cannot overtake this one: commits keep their order.
  mutating func executed(_ id: NodeID, _ result: ActionResult) {
    release(id)
    states[id] = .committing
    handOn(id, result)
  }

  private mutating func release(_ id: NodeID) {
    guard running.remove(id) != nil else { return }
    claimedMegabytes -= graph.memoryMegabytes(id)
    if graph.isWaiting(id) { waitingCount -= 1 }
  }

  /// Takes in what became of a node.
  mutating func settled(
    _ id: NodeID, _ result: Wave.NodeResult, _ course: BuildEvent.Course, seconds: Double,
    events: any EventSink
  ) {
    release(id)
    func tell(_ outcome: BuildEvent.Outcome) {
      events.handle(.finished(id, outcome, seconds: seconds, course: course))
    }
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
      states[id] = .failed
      outcome.made[id] = nil
      outcome.failures.append((id, failure))
      if graph.isFailable(id) { outcome.allowed.insert(id) }
      tell(.failed(failure))
      skipDependents(of: id, events: events)
    case .lost(let loss):
      states[id] = .failed
      outcome.made[id] = nil
      lost = lost ?? loss
      tell(.cancelled)
    case .cancelled:
      states[id] = .failed
      // Cancelled because the pass restarts or stops at a failure: not an interruption by the user.
      if !shouldStop { outcome.interrupted.append((id, seconds)) }
      tell(.cancelled)
    }
  }

  /// A node that was taken cannot start: a producer failed after all.
  mutating func skip(_ id: NodeID, events: any EventSink) {
    release(id)
    let failed = graph.dependencies(of: id).first { if case .failed = states[$0] { true } else { false } }
    skip(id, because: failed ?? id, events: events)
    skipDependents(of: id, events: events)
  }

  private mutating func skip(_ id: NodeID, because cause: NodeID, events: any EventSink) {
    states[id] = .skipped
    outcome.skipped.append(id)
    if graph.isFailable(id) { outcome.allowed.insert(id) }
    events.handle(.finished(id, .skipped(because: cause), seconds: 0))
  }

  private mutating func becomeReady(_ id: NodeID) {
    states[id] = .ready
    ready.add(id, priority: found[id]?.priority ?? path.priority(id), isWaiting: graph.isWaiting(id))
  }

  private mutating func finish(_ id: NodeID, _ result: ActionResult) {
    let isHandedOn = if case .committing = states[id] { true } else { false }
    states[id] = .done
    if partialDeepKeys[id] == nil, !graph.isFound(id) { outcome.marks.settle(id) }
    if !isHandedOn { handOn(id, result) }
  }

  private mutating func handOn(_ id: NodeID, _ result: ActionResult) {
    outcome.made[id] = result.outputs
    for dependent in graph.dependents(of: id) { inputSettled(of: dependent) }
  }

  /// A node waits for one producer less.
  private mutating func inputSettled(of id: NodeID) {
    guard case .waiting(let open) = states[id] else { return }
    states[id] = .waiting(open - 1)
    if open == 1 { becomeReady(id) }
  }

  /// What needs a failed node is skipped; a fan-in goes on without it where its failure is allowed, and anything is
  /// left that it stands over.
  private mutating func skipDependents(of id: NodeID, events: any EventSink) {
    var stack = graph.dependents(of: id).map { (node: $0, producer: id) }
    while let (next, producer) = stack.popLast() {
      guard case .waiting = states[next] else { continue }
      if graph.isFanIn(next), outcome.allowed.contains(producer) {
        outcome.partial[next, default: []].insert(producer)
        if outcome.partial[next]?.count != graph.dependencies(of: next).count {
          inputSettled(of: next)
          continue
        }
      }
      skip(next, because: id, events: events)
      stack.append(contentsOf: graph.dependents(of: next).map { ($0, next) })
    }
  }
}
