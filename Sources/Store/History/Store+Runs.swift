import GraphCore

/// One command that built something.
public struct RecordedRun: Hashable, Sendable {
  public var id: Int64
  public var command: String
  public var snapshot: String?
  /// Seconds since 1970, as are the other times.
  public var started: Double
  /// `nil` where it is still running, or was killed.
  public var finished: Double?
  public var outcome: String?
}

/// What became of one node in a run.
public struct RecordedNode: Hashable, Sendable {
  public var node: String
  public var key: Key?
  public var outcome: String
  public var started: Double
  public var durationSeconds: Double
  public var log: Digest?

  public init(
    node: String, key: Key?, outcome: String, started: Double, durationSeconds: Double, log: Digest? = nil
  ) {
    self.node = node
    self.key = key
    self.outcome = outcome
    self.started = started
    self.durationSeconds = durationSeconds
    self.log = log
  }
}

extension Store {
  /// Notes that a run begins.
  ///
  /// - Parameter started: seconds since 1970.
  /// - Returns: its number.
  public func beginRun(command: String, snapshot: String?, started: Double) throws -> Int64 {
    try factsForWriting().write { connection in
      try connection.use("INSERT INTO runs(command, snapshot, started) VALUES(?, ?, ?)") {
        try $0.bind(command)
        try $0.bind(snapshot)
        try $0.bind(started)
        try $0.run()
      }
      return connection.lastRow
    }
  }

  /// Notes what became of nodes; one transaction for all of them.
  public func recordNodes(run: Int64, _ records: [RecordedNode]) throws {
    try sync()
    try factsForWriting().write { connection in
      for record in records {
        try connection.use(
          """
          INSERT INTO run_nodes(run, node, key, key_size, outcome, started, duration, log)
          VALUES(?, ?, ?, ?, ?, ?, ?, ?)
          """
        ) {
          try $0.bind(run)
          try $0.bind(record.node)
          try $0.bind(record.key?.digest.bytes)
          try $0.bind(record.key?.digest.size)
          try $0.bind(record.outcome)
          try $0.bind(record.started)
          try $0.bind(record.durationSeconds)
          try $0.bind(record.log?.description)
          try $0.run()
        }
      }
    }
  }

  public func recordNode(run: Int64, _ record: RecordedNode) throws { try recordNodes(run: run, [record]) }

  public func endRun(_ run: Int64, outcome: String, finished: Double) throws {
    try factsForWriting().write { connection in
      try connection.use("UPDATE runs SET outcome = ?, finished = ? WHERE id = ?") {
        try $0.bind(outcome)
        try $0.bind(finished)
        try $0.bind(run)
        try $0.run()
      }
    }
  }

  /// The newest runs, newest first.
  public func runs(limit: Int) throws -> [RecordedRun] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use(
        "SELECT id, command, snapshot, started, finished, outcome FROM runs ORDER BY id DESC LIMIT ?"
      ) { statement in
        try statement.bind(Int64(limit))
        var runs: [RecordedRun] = []
        while try statement.step() {
          runs.append(
            RecordedRun(
              id: statement.integer(0), command: statement.text(1) ?? "", snapshot: statement.text(2),
              started: statement.double(3), finished: statement.isNull(4) ? nil : statement.double(4),
              outcome: statement.text(5)))
        }
        return runs
      }
    }
  }

  /// The nodes of a run, in the order they were noted.
  public func nodes(ofRun run: Int64) throws -> [RecordedNode] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use(
        """
        SELECT node, key, key_size, outcome, started, duration, log FROM run_nodes WHERE run = ? ORDER BY id
        """
      ) { statement in
        try statement.bind(run)
        var nodes: [RecordedNode] = []
        while try statement.step() {
          nodes.append(
            RecordedNode(
              node: statement.text(0) ?? "", key: statement.digest(1, size: 2).map { Key(digest: $0) },
              outcome: statement.text(3) ?? "", started: statement.double(4),
              durationSeconds: statement.double(5), log: statement.text(6).flatMap { Digest($0) }))
        }
        return nodes
      }
    }
  }

  /// The newest log of a node whose name begins with `prefix`: a whole `Node.name`, or a label for any of its steps.
  public func lastLog(ofNodesNamed prefix: String) throws -> (node: String, log: Digest)? {
    guard let facts else { return nil }
    let found: RecordedNode? = try facts.read { connection in
      try connection.use(
        """
        SELECT node, log FROM run_nodes WHERE substr(node, 1, length(?1)) = ?1 AND log IS NOT NULL
        ORDER BY id DESC LIMIT 1
        """
      ) { statement in
        try statement.bind(prefix)
        guard try statement.step() else { return nil }
        return RecordedNode(
          node: statement.text(0) ?? "", key: nil, outcome: "", started: 0, durationSeconds: 0,
          log: statement.text(1).flatMap { Digest($0) })
      }
    }
    return found.flatMap { found in found.log.map { (found.node, $0) } }
  }
}
