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

  /// What came of a wave.
  public struct Outcome: Sendable {
    public var plan: Plan
    /// Outputs by node, of everything that is up to date now.
    public var outputs: [NodeID: [String: Artifact]] = [:]
    public var ran: [NodeID] = []
    public var cutOff: [NodeID] = []
    public var failures: [(node: NodeID, failure: Failure)] = []
    public var skipped: [NodeID] = []
    /// What was running when the wave was cancelled, with the seconds each had run.
    public var interrupted: [(node: NodeID, seconds: Double)] = []

    /// Failed and skipped nodes of which the graph says that they do not fail a build.
    public var allowed: Set<NodeID> = []
    /// Fan-ins that were made, or would have been, without what these producers should have made.
    public var partial: [NodeID: Set<NodeID>] = [:]

    /// What a wave came to. An incomplete one lacks nothing but what may fail.
    public enum Status: String, Sendable { case finished, incomplete, doomed }

    public var status: Status {
      // A wave that was cancelled while nothing ran has no failure, and not its roots either.
      guard plan.roots.allSatisfy({ outputs[$0] != nil || allowed.contains($0) }),
        failures.allSatisfy({ allowed.contains($0.node) })
      else { return .doomed }
      return failures.isEmpty ? .finished : .incomplete
    }

    /// Whether every root is up to date, but for what may fail.
    public var succeeded: Bool { status != .doomed }
    /// Whether every root is there.
    public var hasAllRoots: Bool { plan.roots.allSatisfy { outputs[$0] != nil } }
  }

  private let graph: Graph
  private let cache: any ActionCache
  private let store: any BlobStore
  private let executor: any Executor
  private let options: Options
  private let admit: (@Sendable (Plan, WorkEstimate) throws -> Void)?

  /// - Parameter admit: is told of the work before any of it starts, and throws where it must not.
  public init(
    graph: Graph, cache: any ActionCache, store: any BlobStore, executor: any Executor, options: Options,
    admit: (@Sendable (Plan, WorkEstimate) throws -> Void)? = nil
  ) {
    self.admit = admit
    self.graph = graph
    self.cache = cache
    self.store = store
    self.executor = executor
    self.options = options
  }

  /// How often lost results are made again before the wave gives up.
  static let restartsMax = 3

  /// Brings `roots` up to date.
  ///
  /// - Throws: what the store throws; failures of actions are in the outcome. Cancelling the task ends the wave: what
  ///   runs is killed and listed as interrupted.
  public func run(_ roots: [NodeID], events: any EventSink) async throws -> Outcome {
    var ranBefore: Set<NodeID> = []
    for attempt in 0... {
      let forced = options.forced.subtracting(ranBefore)
      let plan = try Planner(graph: graph, cache: cache, forced: forced).plan(roots)
      let estimate = try WorkEstimate(plan, history: cache, limits: options.limits)
      let path = CriticalPath(plan: plan, durations: estimate.durations(graph))
      if attempt == 0 {
        try admit?(plan, estimate)
        events.handle(.planned(plan, estimateSeconds: estimate.wallSeconds))
      }
      var pass = WavePass(plan: plan, priorities: path.priorities, options: options)
      try await drive(&pass, events: events)
      ranBefore.formUnion(pass.outcome.ran)
      guard let lost = pass.lost, !Task.isCancelled else {
        try recordWhereNodesAre(plan, roots, events)
        return pass.outcome
      }
      if attempt == Self.restartsMax {
        throw GraphError(
          .environment, "the store keeps losing blob \(lost)",
          hint: "check the disk, then run 'graph clean --all'")
      }
      try cache.forget(lost)
      events.handle(.restarted(reason: "blob \(lost.short) was lost or damaged; what made it runs again"))
    }
    preconditionFailure("the loop above ends by returning")
  }

  /// Notes where nodes are now whose result was there without running, after an edit was taken back for
  /// example: the next explanation starts from here.
  private func recordWhereNodesAre(_ plan: Plan, _ roots: [NodeID], _ events: any EventSink) throws {
    for id in graph.closure(of: roots) {
      let (index, name) = (Int(id.index), graph[id].name)
      guard let key = plan.keys[index], let preimage = plan.preimages[index],
        try cache.newestKey(ofNode: name) != key, let result = try cache.result(of: key)
      else { continue }
      let trace = Trace(key: key, deepKey: plan.deepKeys[index], preimage: preimage, result: result)
      try cache.recordHit(trace, node: name)
      events.handle(.found(id, result, course: .init(key: key, deepKey: trace.deepKey, preimage: preimage)))
    }
  }

  /// Runs a pass until nothing of it is left to do.
  private func drive(_ pass: inout WavePass, events: any EventSink) async throws {
    let clock = ContinuousClock()
    var started: [NodeID: ContinuousClock.Instant] = [:]
    pass.begin()
    try await withThrowingTaskGroup(of: (NodeID, NodeResult, BuildEvent.Course).self) { group in
      while true {
        while !Task.isCancelled, let next = pass.takeReady() {
          let node = pass.node(next)
          guard let inputs = Planner.inputs(of: node.action, outputs: { pass.outcome.outputs[$0] })
          else {
            preconditionFailure("a ready node has all its inputs")
          }
          let isPending = pass.isPending(next)
          let isForced = options.forced.contains(next)
          started[next] = clock.now
          let deepKey = pass.deepKey(of: next)
          group.addTask {
            let preimage = Preimage(node.action, inputNames: inputs.map(\.description))
            var course = BuildEvent.Course(key: preimage.key, deepKey: deepKey, preimage: preimage)
            let result = await self.settle(
              node, inputs: inputs, &course, preimage, deepKey, mayBeCached: isPending && !isForced, id: next,
              events)
            return (next, result, course)
          }
        }
        guard let (id, result, course) = try await group.next() else { break }
        let begin = started.removeValue(forKey: id) ?? clock.now
        let elapsed = begin.duration(to: clock.now)
        pass.settled(id, result, course, seconds: elapsed.inSeconds, events: events)
        if pass.shouldStop { group.cancelAll() }
      }
    }
  }

  /// What became of one node.
  enum NodeResult: Sendable {
    case ran(ActionResult)
    case found(ActionResult)
    case failed(Failure)
    case lost(Digest)
    case cancelled
  }

  /// Finds or makes the result of a node whose inputs are known.
  private func settle(
    _ node: Node, inputs: [Artifact], _ course: inout BuildEvent.Course, _ preimage: Preimage, _ deepKey: Key,
    mayBeCached: Bool, id: NodeID, _ events: any EventSink
  ) async -> NodeResult {
    let key = preimage.key
    let clock = ContinuousClock()
    func trace(_ result: ActionResult) -> Trace {
      Trace(key: key, deepKey: deepKey, preimage: preimage, result: result)
    }
    do {
      if mayBeCached, let result = try cache.result(of: key) {
        try cache.recordHit(trace(result), node: node.name)
        return .found(result)
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
      defer { lease.release() }
      // Another process may have finished it while this one waited for the lease.
      if !options.forced.contains(id), let result = try cache.result(of: key) {
        try cache.recordHit(trace(result), node: node.name)
        return .found(result)
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
      try store.sync()
      try cache.record(trace(result), node: node.name)
      return .ran(result)
    } catch let failure as ActionFailed {
      if Task.isCancelled { return .cancelled }
      // The failure is reported in any case; that it cannot be remembered must not hide it.
      try? cache.remember(failure, of: key)
      let kind: Failure.Kind =
        switch failure.kind {
        case .deterministic: .deterministic
        case .resource: .resource
        case .environment: .environment
        }
      return .failed(Failure(kind, failure.reason, log: failure.log))
    } catch let missing as MissingBlob {
      return .lost(missing.digest)
    } catch is CancellationError {
      return .cancelled
    } catch let error as GraphError {
      if Task.isCancelled { return .cancelled }
      let kind: Failure.Kind =
        switch error.kind {
        case .bug: .bug
        case .user: .deterministic
        case .unavailable: .unavailable
        case .usage, .environment: .environment
        }
      return .failed(Failure(kind, error.message, hint: error.hint))
    } catch let changed as ChangedSource {
      return .failed(Failure(.environment, changed.description, hint: "run the command again"))
    } catch {
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
