import Formats
import GraphCore

/// What is written of a node: its record, what it is, and the preimage of the key that it had.
public struct HistoryEntry: Sendable {
  public var record: RecordedNode
  public var description: NodeDescription
  /// Of a result it is there already; of a failed action it is written with the record.
  public var preimage: Preimage?

  public init(_ record: RecordedNode, _ description: NodeDescription, preimage: Preimage? = nil) {
    (self.record, self.description, self.preimage) = (record, description, preimage)
  }
}

/// Records of nodes as rows: how they are written.
extension Store {
  /// Notes what became of nodes; one transaction for all of them.
  public func recordNodes(run: Int64, _ records: [HistoryEntry]) throws {
    if records.isEmpty { return }
    try factsForWriting().write { connection in
      for record in records { try Self.insert(record, run: run, &connection) }
    }
  }

  static func insert(_ node: HistoryEntry, run: Int64, _ connection: inout Connection) throws {
    let record = node.record
    let id = try Self.node(record.node, &connection)
    try connection.use(
      """
      INSERT INTO run_records(run, node, outcome, key, key_size, deep, deep_size, reason, started, duration, lease,
        emulator, outputs, stored, log, message) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ) {
      try $0.bind(run)
      try $0.bind(id)
      try $0.bind(record.outcome.rawValue)
      try $0.bind(record.key?.digest.bytes)
      try $0.bind(record.key?.digest.size)
      try $0.bind(record.deepKey?.digest.bytes)
      try $0.bind(record.deepKey?.digest.size)
      try $0.bind(record.reason)
      try $0.bind(record.started)
      try $0.bind(record.durationSeconds)
      try $0.bind(record.leaseSeconds)
      try $0.bind(record.emulator)
      try $0.bind(ResultCoding.encode(record.outputs))
      try $0.bind(record.storedBytes)
      try $0.bind(record.log?.description)
      try $0.bind(record.message)
      try $0.run()
    }
    try describe(id, node.description, run: run, &connection)
    if record.outcome == .failed, let preimage = node.preimage {
      try insert(preimage, &connection)
    }
    if record.outcome == .ran { try average(node, &connection) }
  }

  /// The number of a node, given now where it has none.
  private static func node(_ name: String, _ connection: inout Connection) throws -> Int64 {
    for isSecond in [false, true] {
      let known = try connection.use("SELECT id FROM nodes WHERE name = ?") { statement in
        try statement.bind(name)
        return try statement.step() ? statement.integer(0) : nil
      }
      if let known { return known }
      if isSecond { break }
      try connection.use("INSERT INTO nodes(name) VALUES(?)") {
        try $0.bind(name)
        try $0.run()
      }
    }
    throw GraphError(.bug, "the history has no number for '\(name)'")
  }

  /// Notes what a node is, where that is not what it was.
  private static func describe(
    _ node: Int64, _ description: NodeDescription, run: Int64, _ connection: inout Connection
  ) throws {
    // A record that was made of traces alone does not know it.
    if description.rule.isEmpty { return }
    let text = Array(description.text.utf8)
    let mark = Array(Digest(of: text).bytes.prefix(16))
    let isKnown = try connection.use(
      "SELECT mark = ? FROM descriptions WHERE node = ? ORDER BY run DESC LIMIT 1"
    ) {
      try $0.bind(mark)
      try $0.bind(node)
      return try $0.step() && $0.integer(0) == 1
    }
    if isKnown { return }
    try connection.use(
      "INSERT OR REPLACE INTO descriptions(node, run, mark, text, size) VALUES(?, ?, ?, ?, ?)"
    ) {
      try $0.bind(node)
      try $0.bind(run)
      try $0.bind(mark)
      try $0.bind(try Zstd.compress(text))
      try $0.bind(Int64(text.count))
      try $0.run()
    }
  }

  private static func insert(_ preimage: Preimage, _ connection: inout Connection) throws {
    let text = Array(preimage.text.utf8)
    try connection.use("INSERT OR IGNORE INTO preimages(key, text, size) VALUES(?, ?, ?)") {
      try $0.bind(preimage.key.digest)
      try $0.bind(try Zstd.compress(text))
      try $0.bind(Int64(text.count))
      try $0.run()
    }
  }

  /// Lets what an action took count among those of its rule and architecture, the last ones most.
  private static func average(_ node: HistoryEntry, _ connection: inout Connection) throws {
    try connection.use(
      """
      INSERT INTO rule_costs(rule, architecture, seconds, stored) VALUES(?1, ?2, ?3, ?4)
      ON CONFLICT DO UPDATE SET seconds = seconds * 0.8 + ?3 * 0.2, stored = stored * 0.8 + ?4 * 0.2
      """
    ) {
      try $0.bind(node.description.rule)
      try $0.bind(node.description.architecture ?? "")
      try $0.bind(node.record.durationSeconds)
      try $0.bind(Double(node.record.storedBytes ?? 0))
      try $0.run()
    }
  }
}
