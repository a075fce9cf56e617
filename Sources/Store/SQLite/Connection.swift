import CSQLite
import Glibc
import GraphCore

/// One connection to one database, with its prepared statements. Used by one thread at a time.
struct Connection: ~Copyable {
  enum Mode {
    case readWrite
    case readOnly
    /// Of a folder that we may not write to: no other process may be writing either.
    case immutable
  }

  private let handle: OpaquePointer
  private let path: String
  private var statements: [String: OpaquePointer] = [:]
  /// How the next commit is done.
  private var durability: Durability

  /// Whether a commit has reached the disk when it returns.
  enum Durability: String {
    case durable = "FULL"
    /// The database cannot be damaged, but a power cut may lose the last commits.
    case soon = "NORMAL"
  }

  /// - Parameters:
  ///   - pageSize: of a database that is made now.
  ///   - durability: of commits that ask for nothing else.
  init(path: String, mode: Mode, pageSize: Int, durability: Durability) throws {
    self.path = path
    self.durability = durability
    handle = try Self.open(path, mode, pageSize: pageSize, durability: durability)
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  private static func open(
    _ path: String, _ mode: Mode, pageSize: Int, durability: Durability
  ) throws -> OpaquePointer {
    let isNew = (FileSystem.status(path)?.st_size ?? 0) == 0
    var handle: OpaquePointer?
    // Each connection is behind a mutex of ours, so SQLite's own would only cost.
    let flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code =
      switch mode {
      case .readWrite: sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil)
      case .readOnly: sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_READONLY, nil)
      case .immutable:
        sqlite3_open_v2(
          "file:\(uri(path))?immutable=1", &handle, flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nil)
      }
    guard code == SQLITE_OK, let handle else {
      let error = SQLiteError(code: code, handle: handle, path: path)
      sqlite3_close_v2(handle)
      throw error.asGraphError
    }
    // First of all, because every later statement may meet another process.
    sqlite3_busy_timeout(handle, 30_000)
    var settings = [
      "synchronous = \(durability.rawValue)", "temp_store = MEMORY", "cache_size = -16384",
      "mmap_size = 268435456",
    ]
    if mode == .readWrite {
      // Pages of what is removed go back to the disk when a collection asks for it. Said of a database that is there, it
      // would write to it, which a full disk does not allow.
      if isNew { settings.append("auto_vacuum = INCREMENTAL") }
      settings += [
        "page_size = \(pageSize)", "journal_mode = WAL", "wal_autocheckpoint = 4000",
        "journal_size_limit = 67108864",
      ]
    }
    if mode == .readWrite {
      // The log's files stay when the last writer goes, so that a reader that writes nothing finds all it needs.
      var isPersistent: CInt = 1
      sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &isPersistent)
    }
    for setting in settings {
      let code = sqlite3_exec(handle, "PRAGMA \(setting)", nil, nil, nil)
      if code == SQLITE_OK { continue }
      let error = SQLiteError(code: code, handle: handle, path: path)
      sqlite3_close_v2(handle)
      throw error.asGraphError
    }
    return handle
  }

  private static func uri(_ path: String) -> String {
    path.utf8.map { byte in
      "%?#".utf8.contains(byte) || byte > 0x7e ? "%" + Hex.encode([byte]) : String(UnicodeScalar(byte))
    }.joined()
  }

  /// Runs statements that have no parameters and no rows of interest.
  func execute(_ sql: String) throws {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    if code != SQLITE_OK { throw failure(code) }
  }

  /// Uses the statement of `sql`, which is prepared once for each connection.
  mutating func use<Result>(_ sql: String, _ body: (inout Statement) throws -> Result) throws -> Result {
    var statement = Statement(try prepared(sql), path: path)
    return try body(&statement)
  }

  /// Runs `body` in one transaction that nobody else writes in; all of it is kept or nothing. One that is durable makes
  /// every one before it durable, too.
  mutating func transaction<Result>(
    _ durability: Durability, _ body: (inout Connection) throws -> Result
  ) throws -> Result {
    if durability != self.durability {
      try execute("PRAGMA synchronous = \(durability.rawValue)")
      self.durability = durability
    }
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body(&self)
      try execute("COMMIT")
      return result
    } catch {
      // The first error is the one to report; SQLite has rolled back itself after some of them.
      try? execute("ROLLBACK")
      throw error
    }
  }

  /// The number that the last inserted row got.
  var lastRow: Int64 { sqlite3_last_insert_rowid(handle) }

  private mutating func prepared(_ sql: String) throws -> OpaquePointer {
    if let statement = statements[sql] { return statement }
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard code == SQLITE_OK, let statement else { throw failure(code) }
    statements[sql] = statement
    return statement
  }

  private func failure(_ code: Int32) -> GraphError {
    SQLiteError(code: code, handle: handle, path: path).asGraphError
  }
}

// The connection is of no thread; the mutex of its slot in `Database` lets one thread at a time use it.
extension Connection: @unchecked Sendable {}
