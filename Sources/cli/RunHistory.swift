import Execute
import GraphCore
import Manifests
import Store

/// How commands tell the history what they did.
enum RunHistory {
  /// What a run is, before it does anything.
  static func run(_ command: String, in session: Session, jobs: Int) -> RecordedRun {
    RecordedRun(
      id: 0, command: command, workspace: session.root, snapshot: session.snapshotName,
      started: WallClock.secondsSince1970, jobs: jobs)
  }

  /// Writes a run whose answer was given from memory: it had nothing to do.
  static func recordNothing(in folder: String, command: String, options: GlobalOptions) throws {
    let store = try Store.openForWriting(at: folder)
    let now = WallClock.secondsSince1970
    try store.recordIdleRun(
      RecordedRun(
        id: 0, command: command, workspace: try? WorkspaceLoader().find(from: options.startFolder),
        snapshot: try options.snapshot ?? store.snapshotNames().last, started: now, finished: now,
        outcome: "done"))
  }

  /// Closes the run; a history with a gap never fails a build.
  static func end(_ journal: RunJournal, _ outcome: String) {
    do {
      try journal.end(outcome: outcome)
    } catch {
      Console.note("graph: warning: the history is incomplete: \(error)")
    }
  }

  static func outcome(of wave: Wave.Outcome) -> String {
    switch (wave.interrupted.isEmpty, wave.status) {
    case (false, _): "interrupted"
    case (_, .finished): "done"
    case (_, .incomplete): "incomplete"
    case (_, .doomed): "failed"
    }
  }
}
