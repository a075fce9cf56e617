import Formats
import GraphCore
import Store
import Synchronization
import Testing

/// A real history in a folder of its own, which goes away with the value. Runs begin at full hours.
final class TestHistory: Sendable {
  private let opened = Mutex<(folder: String, store: Store)?>(nil)

  /// The store, made when it is first needed.
  func store() throws -> Store {
    try opened.withLock { opened in
      if let opened { return opened.store }
      let folder = try Folders.makeTemporary(in: "/tmp")
      let store = try Store.open(at: folder, mode: .readWrite)
      opened = (folder, store)
      return store
    }
  }

  /// 2026-01-02, midnight, UTC.
  static let midnight = 1_767_312_000.0

  /// A run that did what the records say, one after the other, a second each unless they say otherwise.
  @discardableResult
  func add(
    _ records: [HistoryEntry], wanted: [String], command: String = "build", outcome: String = "done"
  ) throws -> Int64 {
    let store = try store()
    let hour = Double(try store.runs(limit: 1).first?.id ?? 0)
    let start = Self.midnight + hour * 3600
    let run = try store.beginRun(
      RecordedRun(
        id: 0, command: command, workspace: "/home/me/index", snapshot: "20260102_01", started: start,
        jobs: 2,
        estimateSeconds: 5, upToDate: 3), wanted: wanted)
    var end = start
    let timed = records.map { record in
      var record = record
      if record.record.started < Self.midnight { record.record.started += end }
      end = max(end, record.record.started + record.record.durationSeconds)
      return record
    }
    try store.recordNodes(run: run, timed)
    // What ended has a trace, which brings its preimage.
    for record in records where record.record.outcome.hasResult {
      guard let key = record.record.key, let deepKey = record.record.deepKey, let preimage = record.preimage
      else { continue }
      let result = ActionResult(
        outputs: record.record.outputs, provenance: .init(durationSeconds: 1, finished: start))
      try store.recordHit(
        Trace(key: key, deepKey: deepKey, preimage: preimage, result: result), node: record.record.node)
    }
    try store.endRun(run, outcome: outcome, finished: end)
    return run
  }

  deinit {
    // What stays is rubbish in /tmp.
    if let folder = opened.withLock({ $0?.folder }) { try? Folders.remove(folder) }
  }
}
