import CSQLite
import GraphCore

/// A prepared statement while it is used. Going away resets it for the next user; its connection owns it.
struct Statement: ~Copyable {
  private let handle: OpaquePointer
  private let path: String
  private var bound: Int32 = 0

  init(_ handle: OpaquePointer, path: String) {
    self.handle = handle
    self.path = path
  }

  deinit {
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
  }

  /// SQLite copies what is bound with this: our buffers end with the call.
  private static var transient: sqlite3_destructor_type {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }

  /// Binds the next parameter, from left to right.
  mutating func bind(_ value: Int64?) throws {
    bound += 1
    try check(value.map { sqlite3_bind_int64(handle, bound, $0) } ?? sqlite3_bind_null(handle, bound))
  }

  mutating func bind(_ value: Double?) throws {
    bound += 1
    try check(value.map { sqlite3_bind_double(handle, bound, $0) } ?? sqlite3_bind_null(handle, bound))
  }

  mutating func bind(_ value: String?) throws {
    bound += 1
    guard var value else { return try check(sqlite3_bind_null(handle, bound)) }
    let index = bound
    try check(
      value.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { text in
          // A text without bytes has no address, which SQLite would take for NULL.
          guard let start = text.baseAddress else {
            return sqlite3_bind_text(handle, index, "", 0, Self.transient)
          }
          return sqlite3_bind_text64(
            handle, index, start, UInt64(text.count), Self.transient, UInt8(SQLITE_UTF8))
        }
      })
  }

  mutating func bind(_ value: [UInt8]?) throws {
    bound += 1
    guard let value else { return try check(sqlite3_bind_null(handle, bound)) }
    if value.isEmpty { return try check(sqlite3_bind_zeroblob(handle, bound, 0)) }
    let index = bound
    try check(
      value.withUnsafeBytes {
        sqlite3_bind_blob64(handle, index, $0.baseAddress, UInt64($0.count), Self.transient)
      })
  }

  /// Binds a digest as its 32 bytes; the size has a column of its own where it is needed.
  mutating func bind(_ digest: Digest) throws { try bind(digest.bytes) }

  /// Steps to the next row; `false` at the end.
  func step() throws -> Bool {
    let code = sqlite3_step(handle)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw failure(code)
    }
  }

  /// Runs a statement that has no rows, or none of interest.
  func run() throws { while try step() {} }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
  func double(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

  /// `nil` for NULL.
  func text(_ column: Int32) -> String? {
    sqlite3_column_text(handle, column).map {
      String(
        decoding: UnsafeBufferPointer(start: $0, count: Int(sqlite3_column_bytes(handle, column))),
        as: UTF8.self)
    }
  }

  /// Empty for NULL.
  func blob(_ column: Int32) -> [UInt8] {
    let start = sqlite3_column_blob(handle, column)
    return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
  }

  /// A digest of a column with its 32 bytes and one with its size; `nil` where they are damaged.
  func digest(_ column: Int32, size: Int32) -> Digest? { Digest(sha256: blob(column), size: integer(size)) }

  private func check(_ code: Int32) throws {
    if code != SQLITE_OK { throw failure(code) }
  }

  private func failure(_ code: Int32) -> GraphError {
    SQLiteError(code: code, handle: sqlite3_db_handle(handle), path: path).asGraphError
  }
}
