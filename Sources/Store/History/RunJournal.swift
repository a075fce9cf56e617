import Glibc
import GraphCore
import Synchronization

/// Writes what a run does into the history and its stream of events, a batch at a time and beside the run: a reader of
/// a build's events, and nothing that a build waits for.
///
/// A run that finds nothing to do leaves one row, written when it ends. What was not written when the process is killed
/// is told from the traces by the next run (`mendKilledRuns`).
public final class RunJournal: EventSink {
  private let store: Store
  private let graph: Graph
  private let about: RecordedRun
  private let wantedCount: Int
  private let wantedNames: @Sendable () -> [String]
  private let state = Mutex(State())
  // Held while a batch is written, so that batches keep their order.
  private let writing = Mutex(())

  private struct State {
    var events: [(event: BuildEvent, time: Double)] = []
    var plan: Plan?
    var estimateSeconds: Double?
    /// `nil` as long as nothing was to do.
    var run: Int64?
    var log: EventLog?
    var isOver = false
    var failure: (any Error)?
    var writer: Task<Void, Never>?
  }

  /// How long events gather, and how many at most, before they are written.
  static let intervalMilliseconds = 50
  static let batchMax = 500
  /// More than this waits for the writer, so that memory is bounded.
  private static let backlogMax = 20_000

  /// - Parameters:
  ///   - about: the command, its workspace and snapshot; `started` is when it began.
  ///   - wanted: what it is to bring up to date.
  public init(
    store: Store, graph: Graph, about: RecordedRun, wanted: some Collection<NodeID> & Sendable
  ) {
    (self.store, self.graph, self.about) = (store, graph, about)
    // Spelled out only where it is written: of a large workspace it is long.
    (wantedCount, wantedNames) = (wanted.count, { wanted.map(graph.name) })
  }

  /// The number of the run; `nil` as long as nothing was to do.
  public var run: Int64? { state.withLock { $0.run } }

  public func handle(_ event: BuildEvent) {
    if case .planned(let plan, let estimateSeconds) = event {
      state.withLock { ($0.plan, $0.estimateSeconds) = (plan, estimateSeconds) }
      if plan.hasWork { begin() }
    } else if case .found = event {
      begin()
    }
    let time = Self.now()
    let count = state.withLock { state in
      if state.run != nil, !state.isOver { state.events.append((event, time)) }
      return state.events.count
    }
    if count > Self.backlogMax { flush() }
  }

  /// Makes the run's row, once. A history that cannot be written is told at the end; the build does not need it.
  private func begin() {
    if run != nil { return }
    do {
      try store.mendKilledRuns(graph: graph)
      let id = try store.beginRun(row(), wanted: wantedNames())
      // Without its file a run has no followers; what became of it is in the history all the same.
      let log = try? EventLog(run: id, in: store)
      log?.append([.run(about, id: id)])
      state.withLock { ($0.run, $0.log) = (id, log) }
    } catch {
      return note(error)
    }
    let writer = Task.detached { [weak self, store] in
      store.trimOldRuns(now: Self.now())
      while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(Self.intervalMilliseconds))
        guard let self else { return }
        self.flush()
      }
    }
    state.withLock { $0.writer = writer }
  }

  private func row() -> RecordedRun {
    state.withLock { state in
      var run = about
      run.estimateSeconds = state.estimateSeconds
      run.upToDate = state.plan?.cachedCount
      return run
    }
  }

  /// Writes what has gathered.
  func flush() {
    writing.withLock { _ in
      while true {
        let (events, run, log, plan) = state.withLock { state in
          let batch = Array(state.events.prefix(Self.batchMax))
          state.events.removeFirst(batch.count)
          return (batch, state.run, state.log, state.plan)
        }
        guard let run, !events.isEmpty else { return }
        let entries = events.map { Entry($0.event, time: $0.time, graph: graph, plan: plan) }
        do {
          try store.recordNodes(run: run, entries.compactMap(\.record))
        } catch {
          note(error)
        }
        log?.append(entries.compactMap(\.line))
      }
    }
  }

  private func note(_ error: any Error) { state.withLock { $0.failure = $0.failure ?? error } }

  /// Closes the run.
  ///
  /// - Parameter outcome: as `RecordedRun.outcome` has it.
  /// - Throws: the first thing that kept the history from being whole.
  public func end(outcome: String) throws {
    state.withLock { state in
      state.writer?.cancel()
      state.writer = nil
    }
    flush()
    let time = Self.now()
    let (run, log) = state.withLock { state in
      defer { (state.log, state.isOver) = (nil, true) }
      return (state.run, state.log)
    }
    if let run {
      try store.endRun(run, outcome: outcome, finished: time)
      log?.append([.ended(outcome, time: time)], isEnd: true)
    } else {
      var idle = row()
      (idle.finished, idle.outcome) = (time, outcome)
      try store.recordIdleRun(idle, wantedCount: wantedCount, wanted: wantedNames)
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// Seconds since 1970.
  static func now() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}

/// What an event leaves: a record, a line, or both.
private struct Entry {
  var record: HistoryEntry?
  var line: EventLine?

  init(_ event: BuildEvent, time: Double, graph: Graph, plan: Plan?) {
    switch event {
    case .planned(let plan, let estimateSeconds):
      line = .planned(plan, estimateSeconds: estimateSeconds, time: time)
    case .started(let id): line = .started(graph[id], time: time)
    case .waiting(let id): line = .waiting(graph.name(of: id), time: time)
    case .expanded(let id, let found):
      line = .expanded(graph.name(of: id), found: found.count, time: time)
    case .restarted(let reason): line = .restarted(reason, time: time)
    case .finished(let id, let outcome, let seconds, let course):
      let node = graph[id]
      var record = RecordedNode(
        node: node.name, outcome: .ran, key: course.key, deepKey: course.deepKey,
        reason: plan?.reason(id)?.kind.rawValue, started: course.started ?? time - seconds,
        durationSeconds: course.busySeconds ?? seconds, leaseSeconds: course.leaseSeconds,
        storedBytes: course.storedBytes)
      switch outcome {
      case .ran(let result): record.take(result)
      case .cutOff(let result):
        record.outcome = .cutOff
        record.take(result)
      case .failed(let failure):
        record.outcome = .failed
        record.message = failure.reason
        record.log = failure.log.isEmpty ? nil : Digest(of: failure.log)
      case .skipped(let cause):
        record.outcome = .skipped
        record.message = graph.name(of: cause)
      case .cancelled: record.outcome = .interrupted
      }
      take(record, node, graph, course)
    case .found(let id, let result, let course):
      var record = RecordedNode(
        node: graph[id].name, outcome: .found, key: course.key, deepKey: course.deepKey, started: time,
        durationSeconds: 0)
      record.take(result)
      take(record, graph[id], graph, course)
    }
  }

  private mutating func take(
    _ record: RecordedNode, _ node: Node, _ graph: Graph, _ course: BuildEvent.Course
  ) {
    self.record = HistoryEntry(record, NodeDescription(node, in: graph), preimage: course.preimage)
    line = .finished(record)
  }
}

extension RecordedNode {
  /// Takes over what a result says of itself.
  fileprivate mutating func take(_ result: ActionResult) {
    outputs = result.outputs
    emulator = result.provenance.emulator
    log = result.provenance.log
  }
}
