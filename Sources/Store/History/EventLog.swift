import Formats
import Glibc
import GraphCore
import Synchronization

/// The file of a run's events while the run goes on: `events/N.ndjson`, which other processes follow.
///
/// The writer holds a lock on the file as long as it lives, so a reader knows whether more will come, also when the writer
/// was killed. Nothing is synced: after a crash of the machine the history says what the file may have lost. What
/// cannot be written is left out, because a build never fails because of who watches it.
final class EventLog: Sendable {
  /// How many bytes a stream has at most; then a line says so, and only the last line follows.
  static let sizeMax = 256 << 20
  /// Streams are kept for so long, so many, and so many bytes of them; the oldest go first.
  static let ageMaxSeconds = 30 * 86_400
  static let countMax = 100
  static let totalMax = 512 << 20

  private let descriptor: Int32
  // Only the journal's writer, one at a time, touches it.
  private struct State { var size = 0; var isFull = false }
  private let state = Mutex(State())

  /// Makes the file of a run. It appears with its lock, so that nobody takes it for one whose writer is gone.
  init(run: Int64, in store: Store) throws {
    try FileSystem.makeFolders(store.events)
    let path = "\(store.scratch)/\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw OpenFile.failure("cannot create", path) }
    do {
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw OpenFile.failure("cannot lock", path) }
      try FileSystem.rename(path, to: store.eventFile(ofRun: run))
    } catch {
      unlink(path)
      close(descriptor)
      throw error
    }
  }

  // Ends the lock.
  deinit { close(descriptor) }

  /// Adds lines in one write, so that a reader sees whole ones as a rule.
  func append(_ lines: [EventLine], isEnd: Bool = false) {
    state.withLock { state in
      if state.isFull, !isEnd { return }
      var bytes = lines.flatMap(\.bytes)
      if !isEnd, state.size + bytes.count > Self.sizeMax {
        state.isFull = true
        bytes = EventLine.truncated(time: RunJournal.now()).bytes
      }
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if errno != EINTR {
          // A full disk: a line that is cut off is no line to readers, so nothing may follow it.
          state.isFull = true
          _ = ftruncate(descriptor, off_t(state.size))
          return
        }
      }
      state.size += bytes.count
    }
  }
}

extension Store {
  var events: String { "\(path)/events" }
  func eventFile(ofRun run: Int64) -> String { "\(events)/\(run).ndjson" }

  /// Whether the process that writes a run's events is alive.
  func isAlive(run: Int64) -> Bool {
    let descriptor = Glibc.open(eventFile(ofRun: run), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// The numbers of the runs whose events are kept, newest first.
  func runsWithEvents() -> [Int64] {
    // A folder that is not there is one without files.
    ((try? Folders.names(in: events)) ?? []).compactMap { name in
      name.hasSuffix(".ndjson") ? Int64(name.dropLast(7)) : nil
    }.sorted(by: >)
  }

  /// Removes the events of old runs; never those of a run that goes on.
  ///
  /// - Parameter now: seconds since 1970.
  func trimEvents(now: Double) {
    var total = 0
    for (index, run) in runsWithEvents().enumerated() {
      var status = stat()
      guard stat(eventFile(ofRun: run), &status) == 0 else { continue }
      total += Int(status.st_size)
      let isOld = Double(status.st_mtim.tv_sec) < now - Double(EventLog.ageMaxSeconds)
      if isOld || index >= EventLog.countMax || total > EventLog.totalMax, !isAlive(run: run) {
        unlink(eventFile(ofRun: run))
      }
    }
  }
}
