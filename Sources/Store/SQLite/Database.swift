import GraphCore
import Synchronization

/// One database file: a connection for writing and some for reading, so that readers never wait for a writer.
final class Database: Sendable {
  private let path: String
  private let pageSize: Int
  private let durability: Connection.Durability
  private let mode: Connection.Mode
  private let writer = Slot()
  private let readers = [Slot(), Slot(), Slot(), Slot()]
  private let next = Atomic<Int>(0)

  /// A connection that is opened when it is first used.
  private final class Slot: Sendable {
    let connection = Mutex<Connection?>(nil)
  }

  /// - Parameter schema: creates what is missing; run once, here, by whoever may write.
  init(
    path: String, mode: Connection.Mode, pageSize: Int = 4096, durability: Connection.Durability = .soon,
    schema: String
  ) throws {
    self.durability = durability
    self.path = path
    self.pageSize = pageSize
    self.mode = mode
    if mode == .readWrite { try write(.durable) { try $0.execute(schema) } }
  }

  /// Runs `body` with the right to write, in one transaction.
  ///
  /// - Parameter durability: `nil` for that of the database.
  func write<Result: Sendable>(
    _ durability: Connection.Durability? = nil, _ body: (inout Connection) throws -> Result
  ) throws -> Result {
    guard mode == .readWrite else {
      throw GraphError(.bug, "'\(path)' is open for reading only, and something writes to it")
    }
    return try use(writer) { connection in
      try connection.transaction(durability ?? self.durability, body)
    }
  }

  /// Runs statements that cannot be part of a transaction.
  func maintain(_ sql: String) throws {
    try use(writer) { try $0.execute(sql) }
  }

  /// Runs `body` on a connection for reading; each statement sees what was committed before it began.
  func read<Result: Sendable>(_ body: (inout Connection) throws -> Result) throws -> Result {
    for slot in readers {
      let result = slot.connection.withLockIfAvailable { connection in
        Swift.Result<Result, any Error> { try run(&connection, body) }
      }
      if let result { return try result.get() }
    }
    return try use(readers[next.add(1, ordering: .relaxed).oldValue & 3], body)
  }

  private func use<Result: Sendable>(
    _ slot: Slot, _ body: (inout Connection) throws -> Result
  ) throws -> Result {
    try slot.connection.withLock { try run(&$0, body) }
  }

  private func run<Result: Sendable>(
    _ connection: inout Connection?, _ body: (inout Connection) throws -> Result
  ) throws -> Result {
    // Taken out and put back, because a value without copies cannot be changed inside an optional.
    var open =
      if let connection = connection.take() { connection } else {
        try Connection(path: path, mode: mode, pageSize: pageSize, durability: durability)
      }
    do {
      let result = try body(&open)
      connection = consume open
      return result
    } catch {
      connection = consume open
      throw error
    }
  }
}
