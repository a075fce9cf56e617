import Formats
import Glibc
import GraphCore
import Synchronization

/// What is done about a database that SQLite cannot read: whoever finds out leaves a note beside it, `NAME.damaged`, and
/// the next who opens the store for writing moves it aside and makes it anew. So nobody works on with half of it.
public enum DamagedDatabase {
  /// The code of its failure.
  public static let code = "damaged-database"

  /// Whether this process found one while it had a store open for writing: then to begin again mends it.
  public static var canBeMended: Bool { state.withLock { $0.wasFound && $0.mayWrite } }

  static func mayWrite() { state.withLock { $0.mayWrite = true } }

  private struct State {
    var wasFound = false
    var mayWrite = false
  }

  private static let state = Mutex(State())

  /// The failure, and the note for the next who opens the store.
  static func error(_ path: String, _ message: String) -> GraphError {
    state.withLock { $0.wasFound = true }
    // Where the store cannot be written to, there is nobody who would read the note.
    let descriptor = open(note(path), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    if descriptor >= 0 { close(descriptor) }
    return GraphError(
      .environment, "'\(path)' is damaged: \(message)",
      hint: "the next command that writes moves it aside and makes it again, as 'graph fsck --repair' does; nothing published depends on it",
      code: code)
  }

  private static func note(_ path: String) -> String { "\(path).damaged" }

  /// Moves a database aside that somebody found damaged. Nobody else may be opening it now.
  ///
  /// - Returns: where it is now; `nil` where nothing was found.
  static func setAside(_ path: String) throws -> String? {
    guard FileSystem.exists(note(path)) else { return nil }
    let aside = "\(path).damaged-\(time(nil))"
    for suffix in ["-wal", "-shm", ""] where FileSystem.exists(path + suffix) {
      try FileSystem.rename(path + suffix, to: aside + suffix)
    }
    unlink(note(path))
    state.withLock { $0.wasFound = false }
    return aside
  }
}
