import Execute
import GraphCore
import Store
import Synchronization

/// Writes what a run does into the store's history, for `graph log`. Losing a row of it never fails a build.
final class RunHistory: EventSink {
  private let store: Store
  private let graph: GraphCore.Graph
  private let run: Int64?
  private let failure = Mutex<(any Error)?>(nil)

  init(store: Store, graph: GraphCore.Graph, command: String, snapshot: String?) {
    self.store = store
    self.graph = graph
    // A history that cannot be written is reported at the end; the build itself does not need it.
    run = try? store.beginRun(command: command, snapshot: snapshot, started: WallClock.secondsSince1970)
  }

  func handle(_ event: BuildEvent) {
    guard let run, case .finished(let id, let outcome, let seconds) = event else { return }
    let node = graph[id]
    var text = ""
    var log: Digest?
    switch outcome {
    case .ran(let result): (text, log) = ("ran", result.provenance.log)
    case .cutOff(let result): (text, log) = ("cut off", result.provenance.log)
    case .failed(let failed):
      text = "failed: \(failed.reason)"
      log = failed.log.isEmpty ? nil : try? store.write(failed.log)
    case .skipped(let cause): text = "skipped because of \(graph[cause].name)"
    case .cancelled: text = "interrupted"
    }
    do {
      try store.recordNode(
        run: run,
        RecordedNode(
          node: node.name, key: nil, outcome: text, started: WallClock.secondsSince1970 - seconds,
          durationSeconds: seconds, log: log))
    } catch {
      failure.withLock { $0 = $0 ?? error }
    }
  }

  /// Writes a run that had nothing to do.
  static func recordNothing(in folder: String, command: String, snapshot: String?) throws {
    let store = try Store.open(at: folder, mode: .readWrite)
    let now = WallClock.secondsSince1970
    let run = try store.beginRun(
      command: command, snapshot: try snapshot ?? store.snapshotNames().last, started: now)
    try store.endRun(run, outcome: "done", finished: WallClock.secondsSince1970)
  }

  /// Closes the run.
  func end(_ outcome: Wave.Outcome) throws {
    guard let run else { return }
    let text =
      switch (outcome.interrupted.isEmpty, outcome.status) {
      case (false, _): "interrupted"
      case (_, .finished): "done"
      case (_, .incomplete): "incomplete"
      case (_, .doomed): "failed"
      }
    try store.sync()
    try store.endRun(run, outcome: text, finished: WallClock.secondsSince1970)
    if let error = failure.withLock({ $0 }) {
      Console.note("graph: warning: the history is incomplete: \(error)")
    }
  }
}
