import CSQLite
import GraphCore

/// What SQLite says of a statement that failed.
struct SQLiteError: Error, CustomStringConvertible {
  let code: Int32
  let message: String
  let path: String

  var description: String { "\(path): \(message)" }

  /// The failure as a command reports it: the disk's and other processes' faults are the environment's, the rest ours.
  var asGraphError: GraphError {
    switch code & 0xff {
    case SQLITE_FULL:
      GraphError(
        .environment, "the disk that holds '\(path)' is full", hint: "make room on it, then try again")
    case SQLITE_CORRUPT, SQLITE_NOTADB:
      GraphError(
        .environment, "'\(path)' is damaged: \(message)",
        hint: "remove it; what it knew is made again, and nothing published depends on it")
    case SQLITE_BUSY:
      GraphError(.environment, "another process has locked '\(path)' for too long", hint: "try again")
    case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_NOMEM, SQLITE_AUTH,
      SQLITE_PROTOCOL:
      GraphError(.environment, "cannot use '\(path)': \(message)")
    default: GraphError(.bug, "a statement on '\(path)' failed: \(message) (\(code))")
    }
  }
}
