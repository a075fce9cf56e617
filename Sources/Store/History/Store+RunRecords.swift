import Formats
import GraphCore

/// The history: how it is read.
extension Store: RunRecords {
  public func run(_ id: Int64) throws -> RecordedRun? {
    try runs("WHERE id = ?") { try $0.bind(id) }.first
  }

  public func runs(limit: Int) throws -> [RecordedRun] {
    try runs("ORDER BY id DESC LIMIT ?") { try $0.bind(Int64(limit)) }
  }

  private func runs(_ clause: String, _ bind: (inout Statement) throws -> Void) throws -> [RecordedRun] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use(
        """
        SELECT id, command, workspace, snapshot, started, finished, outcome, jobs, estimate, up_to_date
        FROM runs \(clause)
        """
      ) { statement in
        try bind(&statement)
        var runs: [RecordedRun] = []
        while try statement.step() {
          runs.append(
            RecordedRun(
              id: statement.integer(0), command: statement.text(1) ?? "", workspace: statement.text(2),
              snapshot: statement.text(3), started: statement.double(4),
              finished: statement.isNull(5) ? nil : statement.double(5), outcome: statement.text(6),
              jobs: statement.isNull(7) ? nil : Int(statement.integer(7)),
              estimateSeconds: statement.isNull(8) ? nil : statement.double(8),
              upToDate: statement.isNull(9) ? nil : Int(statement.integer(9))))
        }
        return runs
      }
    }.map { run in
      // What has no end and nobody who could write one was killed; the next run says so in its row.
      var run = run
      if run.finished == nil, !isAlive(run: run.id) { run.outcome = "killed" }
      return run
    }
  }

  public func outcomes(ofRun run: Int64) throws -> [RecordedNode.Outcome: Int] {
    guard let facts else { return [:] }
    return try facts.read { connection in
      try connection.use("SELECT outcome, count(*) FROM run_records WHERE run = ? GROUP BY outcome") {
        statement in
        try statement.bind(run)
        var counts: [RecordedNode.Outcome: Int] = [:]
        while try statement.step() {
          if let outcome = statement.text(0).flatMap(RecordedNode.Outcome.init) {
            counts[outcome] = Int(statement.integer(1))
          }
        }
        return counts
      }
    }
  }

  public func nodeNames(beginningWith prefix: String) throws -> [String] {
    guard let facts else { return [] }
    return try facts.read { connection in
      // Within the index of names, whose order is that of the bytes; no byte of UTF-8 is 0xff.
      try connection.use("SELECT name FROM nodes WHERE name >= ?1 AND name < ?1 || x'ff' ORDER BY name") {
        statement in
        try statement.bind(prefix)
        var names: [String] = []
        while try statement.step() { names.append(statement.text(0) ?? "") }
        return names
      }
    }
  }

  public func wanted(byRun run: Int64) throws -> [String] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use(
        "SELECT names, size FROM runs JOIN wanted ON wanted.id = runs.wanted WHERE runs.id = ?"
      ) { statement in
        try statement.bind(run)
        guard try statement.step() else { return [] }
        // What is damaged says nothing, and nothing depends on it.
        let text = try? Zstd.decompress(statement.blob(0), size: Int(statement.integer(1)))
        return String(decoding: text ?? [], as: UTF8.self).split(separator: "\n").compactMap {
          Escape.decode(String($0))
        }
      }
    }
  }

  public func records(ofRun run: Int64) throws -> [RecordedNode] {
    try records("WHERE run = ? ORDER BY run_records.id") { try $0.bind(run) }
  }

  /// What became of nodes in a run and those after it.
  func records(sinceRun run: Int64) throws -> [RecordedNode] {
    try records("WHERE run >= ? ORDER BY run_records.id") { try $0.bind(run) }
  }

  public func records(ofNode name: String, upTo run: Int64?, limit: Int) throws -> [RecordedNode] {
    try records("WHERE name = ? AND run <= ? ORDER BY run_records.id DESC LIMIT ?") {
      try $0.bind(name)
      try $0.bind(run ?? Int64.max)
      try $0.bind(Int64(limit))
    }
  }

  public func results(upTo run: Int64) throws -> [String: RecordedNode] {
    let outcomes = RecordedNode.Outcome.allCases.filter(\.hasResult).map { "'\($0.rawValue)'" }
    let all = try records(
      """
      WHERE run_records.id IN (SELECT max(id) FROM run_records
        WHERE run <= ? AND outcome IN (\(outcomes.joined(separator: ", "))) GROUP BY node)
      """
    ) { try $0.bind(run) }
    return Dictionary(all.map { ($0.node, $0) }, uniquingKeysWith: { $1 })
  }

  private func records(
    _ clause: String, _ bind: (inout Statement) throws -> Void
  ) throws -> [RecordedNode] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use(
        """
        SELECT run_records.id, run, name, outcome, key, key_size, deep, deep_size, reason, started,
          run_records.duration, lease, emulator, outputs, stored, log, message
        FROM run_records JOIN nodes ON nodes.id = node \(clause)
        """
      ) { statement in
        try bind(&statement)
        var records: [RecordedNode] = []
        while try statement.step() { records.append(statement.recordedNode()) }
        return records
      }
    }
  }

  public func description(ofNode name: String, upTo run: Int64?) throws -> NodeDescription? {
    guard let facts else { return nil }
    return try facts.read { connection in
      try connection.use(
        """
        SELECT text, size FROM descriptions JOIN nodes ON nodes.id = node WHERE name = ? AND run <= ?
        ORDER BY run DESC LIMIT 1
        """
      ) { statement in
        try statement.bind(name)
        try statement.bind(run ?? Int64.max)
        return try statement.step() ? statement.nodeDescription(0) : nil
      }
    }
  }

  public func descriptions(upTo run: Int64) throws -> [String: NodeDescription] {
    guard let facts else { return [:] }
    return try facts.read { connection in
      try connection.use(
        """
        SELECT name, text, size, max(run) FROM descriptions JOIN nodes ON nodes.id = node WHERE run <= ? GROUP BY node
        """
      ) { statement in
        try statement.bind(run)
        var descriptions: [String: NodeDescription] = [:]
        while try statement.step() { descriptions[statement.text(0) ?? ""] = statement.nodeDescription(1) }
        return descriptions
      }
    }
  }

  public func preimage(of key: Key) throws -> Preimage? {
    guard let facts else { return nil }
    return try facts.read { connection in
      try connection.use("SELECT text, size FROM preimages WHERE key = ?") { statement in
        try statement.bind(key.digest)
        guard try statement.step() else { return nil }
        // One that is damaged explains nothing, and nothing depends on it.
        let text = try? Zstd.decompress(statement.blob(0), size: Int(statement.integer(1)))
        return text.map { Preimage(text: String(decoding: $0, as: UTF8.self)) }
      }
    }
  }

  /// The newest log of a node whose name begins with `prefix`: a whole `Node.name`, or a label for any of its steps.
  ///
  /// - Parameter run: the only run that counts; all where it is `nil`.
  public func lastLog(ofNodesNamed prefix: String, inRun run: Int64? = nil) throws -> RecordedNode? {
    try records(
      """
      WHERE substr(name, 1, length(?1)) = ?1 AND (?2 IS NULL OR run = ?2) AND run_records.log IS NOT NULL
      ORDER BY run_records.id DESC LIMIT 1
      """
    ) {
      try $0.bind(prefix)
      try $0.bind(run)
    }.first
  }
}

extension Statement {
  /// Reads the columns that `Store.records` selects.
  fileprivate func recordedNode() -> RecordedNode {
    RecordedNode(
      id: integer(0), run: integer(1), node: text(2) ?? "",
      // A word of a later version is nothing that can be counted as a result.
      outcome: text(3).flatMap(RecordedNode.Outcome.init) ?? .interrupted,
      key: digest(4, size: 5).map { Key(digest: $0) }, deepKey: digest(6, size: 7).map { Key(digest: $0) },
      reason: text(8), started: double(9), durationSeconds: double(10), leaseSeconds: double(11),
      emulator: text(12), outputs: text(13).flatMap(ResultCoding.decode) ?? [:],
      storedBytes: isNull(14) ? nil : integer(14), log: text(15).flatMap { Digest($0) }, message: text(16))
  }

  /// Reads a compressed description and its size.
  fileprivate func nodeDescription(_ column: Int32) -> NodeDescription? {
    let text = try? Zstd.decompress(blob(column), size: Int(integer(column + 1)))
    return text.map { NodeDescription(text: String(decoding: $0, as: UTF8.self)) }
  }
}
