import GraphCore

/// One pass over the graph that brings some roots up to date: what the plan lists runs, at most once each, and less
/// where an input comes out equal (early cutoff).
///
/// One task owns all state and hands events on in order; each running action is a child task. A result counts only
/// when its blobs are durable and its row is committed, so an end at any moment loses at most what was running.
public struct Wave: Sendable {
  /// How a wave runs; none of it is part of a key.
  public struct Options: Sendable {
    public var jobs: Int
    /// How many actions that only wait for the network run beside them.
    public static let downloadsMax = 8
    /// Whether nodes that do not need a failed one still run.
    public var keepGoing: Bool
    /// How much memory running actions may claim together.
    public var memoryMegabytes: Int
    /// Nodes that run even where a result is there.
    public var forced: Set<NodeID>

    public init(jobs: Int, keepGoing: Bool, memoryMegabytes: Int, forced: Set<NodeID> = []) {
      self.jobs = max(1, jobs)
      self.keepGoing = keepGoing
      self.memoryMegabytes = memoryMegabytes
      self.forced = forced
    }

    /// What a plan's time depends on.
    public var limits: Schedule.Limits {
      Schedule.Limits(jobs: jobs, downloads: Self.downloadsMax, memoryMegabytes: memoryMegabytes)
    }
  }

  private let graph: Graph
  private let cache: any ActionCache
  private let store: any BlobStore
  private let executor: any Executor
  private let options: Options
  private let marks: Marks
  private let expander: (any Expander)?
  private let commits: CommitQueue
  private let admit: (@Sendable (Plan, WorkEstimate) throws -> Void)?

  /// - Parameters:
  ///   - marks: of the graph; `nil` where nothing is known yet.
  ///   - expander: of the nodes that expand; the graph has to be one that grows then.
  ///   - admit: is told of the work before any of it starts, and throws where it must not.
  public init(
    graph: Graph, cache: any ActionCache, store: any BlobStore, executor: any Executor, options: Options,
    marks: Marks? = nil, expander: (any Expander)? = nil,
    admit: (@Sendable (Plan, WorkEstimate) throws -> Void)? = nil
  ) {
    self.admit = admit
    self.expander = expander
    self.graph = graph
    self.cache = cache
    self.store = store
    self.executor = executor
    self.options = options
    self.marks = marks ?? Marks(graph)
    commits = CommitQueue(store: store, cache: cache)
  }

  /// How often lost results are made again before the wave gives up.
  static let restartsMax = 3

  /// Brings `roots` up to date.
  ///
  /// - Throws: what the store throws; failures of actions are in the outcome. Cancelling the task ends the wave: what
  ///   runs is killed and listed as interrupted.
  public func run(_ roots: some Sequence<NodeID>, events: any EventSink) async throws -> Outcome {
    let roots = Array(roots)
    var ranBefore: Set<NodeID> = []
    for attempt in 0... {
      // After a loss, what was marked as there is looked up.
      let marks = attempt == 0 ? marks : marks.unsettled()
      let forced = options.forced.subtracting(ranBefore)
      let plan = try Planner(graph: graph, cache: cache, marks: marks, forced: forced).plan(roots)
      let estimate = try WorkEstimate(plan, history: cache, limits: options.limits)
      let path = CriticalPath(plan: plan, durations: estimate.durations(graph))
      if attempt == 0 {
        try admit?(plan, estimate)
        events.handle(.planned(plan, estimateSeconds: estimate.wallSeconds))
      }
      var pass = WavePass(plan: plan, marks: marks, path: path, options: options)
      try await drive(&pass, events: events)
      ranBefore.formUnion(pass.outcome.ran)
      guard let lost = pass.lost, !Task.isCancelled else {
        try recordWhereNodesAre(plan, events)
        return pass.outcome
      }
      if attempt == Self.restartsMax {
        throw GraphError(
          .environment, "the store keeps losing \(lost.description)",
          hint: "check the disk, then run 'graph clean --all'")
      }
      if case .blob(let digest) = lost { try cache.forget(digest) }
      events.handle(
        .restarted(reason: "\(lost.description) was lost or damaged; what made it runs again"))
    }
    preconditionFailure("the loop above ends by returning")
  }

  /// Notes where nodes are now whose result was there without running, after an edit was taken back for
  /// example: the next explanation starts from here.
  private func recordWhereNodesAre(_ plan: Plan, _ events: any EventSink) throws {
    var found: [NodeTrace] = []
    for id in plan.lookedUp {
      guard let preimage = plan.preimage(id) else { continue }
      let (name, key) = (graph.name(of: id), preimage.key)
      let isSame = try cache.newestKey(ofNode: name) == key
      // What is marked as settled is found by its deep key the next time.
      if isSame, try cache.key(ofDeep: plan.deepKey(id)) == key { continue }
      let trace = Trace(
        key: key, deepKey: plan.deepKey(id), preimage: preimage, result: try plan.result(of: id))
      found.append(NodeTrace(node: name, trace))
      if isSame { continue }
      let course = BuildEvent.Course(key: key, deepKey: trace.deepKey, preimage: preimage)
      events.handle(.found(id, trace.result, course: course))
    }
    if !found.isEmpty { try cache.recordHits(found) }
  }

  /// Runs a pass until nothing of it is left to do.
  private func drive(_ pass: inout WavePass, events: any EventSink) async throws {
    let clock = ContinuousClock()
    var started: [NodeID: ContinuousClock.Instant] = [:]
    pass.begin()
    try await withThrowingTaskGroup(of: (NodeID, Step, BuildEvent.Course).self) { group in
      while true {
        while !Task.isCancelled, let next = pass.takeReady() {
          let node = pass.node(next)
          let known: [Artifact]?
          do {
            known = try Planner.inputs(of: node.action, outputs: { try pass.outcome.outputs(of: $0) })
          } catch let lost as LostResult {
            let loss = NodeResult.lost(.result(graph.name(of: lost.node)))
            pass.settled(next, loss, .init(), seconds: 0, events: events)
            continue
          }
          guard let inputs = known else {
            // What makes one of them ran, and its result could not be kept.
            pass.skip(next, events: events)
            continue
          }
          if pass.hasToExpand(next) {
            group.addTask { (next, self.expand(node, inputs: inputs), .init()) }
            continue
          }
          let isPending = pass.isPending(next)
          let isForced = options.forced.contains(next)
          started[next] = clock.now
          let begun = BuildEvent.Course(
            deepKey: pass.deepKey(of: next), started: WallClock.secondsSince1970)
          group.addTask {
            var course = begun
            let step = await self.settle(
              node, inputs: inputs, &course, mayBeCached: isPending && !isForced, id: next, events)
            return (next, step, course)
          }
        }
        guard let (id, step, course) = try await group.next() else { break }
        let elapsed = (started[id] ?? clock.now).duration(to: clock.now).inSeconds
        switch step {
        case .made(let made):
          pass.executed(id, made.trace.trace.result)
          var busy = course
          busy.busySeconds = elapsed
          group.addTask { [busy] in (id, .settled(await self.commit(made)), busy) }
        case .found(let found):
          try pass.expanded(id, found, events: events)
        case .settled(let result):
          started[id] = nil
          pass.settled(id, result, course, seconds: elapsed, events: events)
          if pass.shouldStop { group.cancelAll() }
        }
      }
    }
  }

  /// What became of one node.
  enum NodeResult: Sendable {
    case ran(ActionResult)
    case found(ActionResult)
    case failed(Failure)
    case lost(Loss)
    case cancelled
  }

  /// What the store does not have any more.
  enum Loss: Sendable {
    case blob(Digest)
    /// Of a node.
    case result(String)

    var description: String {
      switch self {
      case .blob(let digest): "blob \(digest.short)"
      case .result(let node): "the result of \(node)"
      }
    }
  }

  /// How far a node has come.
  private enum Step: Sendable {
    case settled(NodeResult)
    /// It has run, and its result is not committed yet.
    case made(Made)
    /// It needs these besides.
    case found([FoundNode])
  }

  /// What an action made, with the right to its key until it is committed.
  private struct Made: Sendable {
    let trace: NodeTrace
    let lease: any Lease
  }

  /// Asks what an expanding node needs besides its inputs.
  private func expand(_ node: Node, inputs: [Artifact]) -> Step {
    do {
      guard let expander else { throw GraphError(.bug, "nobody knows how '\(node.name)' expands") }
      try executor.importLeaves(of: node.action)
      return .found(try expander.expand(node, inputs: inputs, store: store))
    } catch {
      return .settled(result(of: error, nil))
    }
  }

  /// Finds or makes the result of a node whose inputs are known.
  private func settle(
    _ node: Node, inputs: [Artifact], _ course: inout BuildEvent.Course, mayBeCached: Bool, id: NodeID,
    _ events: any EventSink
  ) async -> Step {
    let preimage = Preimage(node.action, inputs: inputs)
    let key = preimage.key
    let deepKey = course.deepKey ?? key
    (course.key, course.preimage) = (key, preimage)
    func trace(_ result: ActionResult) -> NodeTrace {
      NodeTrace(node: node.name, Trace(key: key, deepKey: deepKey, preimage: preimage, result: result))
    }
    let clock = ContinuousClock()
    do {
      if mayBeCached, let result = try cache.result(of: key) {
        try cache.recordHits([trace(result)])
        return .settled(.found(result))
      }
      // Another process may hold it for long: whoever watches is told after a moment.
      let notice = Task {
        try await Task.sleep(for: .milliseconds(300))
        events.handle(.waiting(id))
      }
      defer { notice.cancel() }
      let asked = clock.now
      let lease = try await cache.lease(key)
      notice.cancel()
      course.leaseSeconds = asked.duration(to: clock.now).inSeconds
      var isHandedOn = false
      defer { if !isHandedOn { lease.release() } }
      // Another process may have finished it while this one waited for the lease.
      if !options.forced.contains(id), let result = try cache.result(of: key) {
        try cache.recordHits([trace(result)])
        return .settled(.found(result))
      }
      events.handle(.started(id))
      let begin = clock.now
      let stored = StoredBytes()
      let executed = try await StoredBytes.$current.withValue(stored) {
        try await executor.execute(ActionTask(node: node, key: key, inputs: inputs))
      }
      try Self.check(executed, against: node.action)
      let log = executed.log.isEmpty ? nil : try store.write(executed.log)
      course.storedBytes = stored.sum
      let result = ActionResult(
        outputs: executed.outputs,
        provenance: .init(
          durationSeconds: begin.duration(to: clock.now).inSeconds, finished: WallClock.secondsSince1970,
          emulator: executed.emulator, log: log))
      isHandedOn = true
      return .made(Made(trace: trace(result), lease: lease))
    } catch {
      return .settled(result(of: error, key))
    }
  }

  /// Makes what was made last and hands the right to its key back.
  private func commit(_ made: Made) async -> NodeResult {
    defer { made.lease.release() }
    do {
      try await commits.commit(made.trace)
      return .ran(made.trace.trace.result)
    } catch {
      return result(of: error, made.trace.trace.key)
    }
  }

  /// What an error makes of a node.
  private func result(of error: any Error, _ key: Key?) -> NodeResult {
    switch error {
    case let failure as ActionFailed:
      if Task.isCancelled { return .cancelled }
      // The failure is reported in any case; that it cannot be remembered must not hide it.
      if let key { try? cache.remember(failure, of: key) }
      let kind: Failure.Kind =
        switch failure.kind {
        case .deterministic: .deterministic
        case .resource: .resource
        case .environment: .environment
        }
      return .failed(Failure(kind, failure.reason, hint: failure.hint, log: failure.log))
    case let missing as MissingBlob: return .lost(.blob(missing.digest))
    case is CancellationError: return .cancelled
    case let error as GraphError:
      if Task.isCancelled { return .cancelled }
      let kind: Failure.Kind =
        switch error.kind {
        case .bug: .bug
        case .user: .deterministic
        case .unavailable: .unavailable
        case .usage, .environment: .environment
        }
      return .failed(Failure(kind, error.message, hint: error.hint))
    case let changed as ChangedSource:
      return .failed(Failure(.environment, changed.description, hint: "run the command again"))
    default:
      return Task.isCancelled ? .cancelled : .failed(Failure(.environment, "\(error)"))
    }
  }

  /// An executor that leaves out an output, or makes one of another kind, is wrong.
  private static func check(_ executed: ExecutedAction, against action: Action) throws {
    for output in action.outputs where executed.outputs[output.name]?.kind != output.kind {
      throw GraphError(.bug, "rule \(action.rule) made no \(output.kind.rawValue) '\(output.name)'")
    }
  }
}

extension Duration {
  /// This duration in seconds.
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
