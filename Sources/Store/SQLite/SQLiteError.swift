import CSQLite
import Formats
import Glibc
import GraphCore

/// What SQLite says of a statement that failed.
struct SQLiteError: Error, CustomStringConvertible {
  let code: Int32
  let message: String
  let path: String
  /// What the system said last, where it was the system that failed.
  let systemCode: Int32

  /// - Parameter handle: of the connection that failed; `nil` where there is none.
  init(code: Int32, handle: OpaquePointer?, path: String) {
    (self.code, self.path) = (code, path)
    message = handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "out of memory"
    systemCode = handle.map { sqlite3_system_errno($0) } ?? 0
  }

  var description: String { "\(path): \(message)" }

  /// The failure as a command reports it: the disk's and other processes' faults are the environment's, the rest ours.
  var asGraphError: GraphError {
    switch code & 0xff {
    case SQLITE_FULL:
      DiskSpace.isUsedUp(for: "cannot write '\(path)'", at: path)
    case SQLITE_CORRUPT, SQLITE_NOTADB: DamagedDatabase.error(path, message)
    case SQLITE_BUSY:
      GraphError(.environment, "another process has locked '\(path)' for too long", hint: "try again")
    case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_NOMEM, SQLITE_AUTH,
      SQLITE_PROTOCOL:
      // What it says where it finds no room for its index of the log, or for the file itself; then it has tried to
      // read what it could not create, and tells that no such file is there.
      systemCode == ENOSPC || systemCode == EDQUOT || !DiskSpace.takesFiles(at: path)
        ? DiskSpace.isUsedUp(for: "cannot use '\(path)': \(message)", at: path)
        : GraphError(.environment, "cannot use '\(path)': \(message)")
    default: GraphError(.bug, "a statement on '\(path)' failed: \(message) (\(code))")
    }
  }
}
