import Formats
import Glibc
import GraphCore

/// Runs as rows: how they are written.
extension Store {
  /// Notes a run.
  ///
  /// - Parameters:
  ///   - run: its `id` is of no account.
  ///   - wanted: the names of the nodes that it is to bring up to date.
  /// - Returns: its number.
  public func beginRun(_ run: RecordedRun, wanted: [String]) throws -> Int64 {
    try factsForWriting().write { connection in
      let list = try Self.wanted(wanted, &connection)
      let trace = try connection.use("SELECT coalesce(max(id), 0) FROM traces") {
        try $0.step() ? $0.integer(0) : 0
      }
      try Self.insert(run, wanted: list, firstTrace: trace, &connection)
      return connection.lastRow
    }
  }

  /// Notes a run that found nothing to do. What it was to bring up to date is what the newest run of the same command in
  /// the same workspace was, so that nobody has to spell out every node of a large workspace; where there is none, or
  /// that was about another number of nodes, it is spelled out.
  ///
  /// - Parameters:
  ///   - run: its `id` is of no account.
  ///   - wantedCount: how many nodes it was to bring up to date; `nil` where the answer was given from memory, and so is
  ///     about the same ones.
  ///   - wanted: their names, asked for only where they are needed.
  public func recordIdleRun(
    _ run: RecordedRun, wantedCount: Int? = nil, wanted: () -> [String] = { [] }
  ) throws {
    try factsForWriting().write { connection in
      let earlier = try connection.use(
        """
        SELECT wanted.id, count, up_to_date FROM runs JOIN wanted ON wanted.id = runs.wanted
        WHERE command = ? AND workspace IS ? ORDER BY runs.id DESC LIMIT 1
        """
      ) { statement -> (list: Int64, count: Int, upToDate: Int)? in
        try statement.bind(run.command)
        try statement.bind(run.workspace)
        guard try statement.step() else { return nil }
        return (statement.integer(0), Int(statement.integer(1)), Int(statement.integer(2)))
      }
      var idle = run
      idle.upToDate = run.upToDate ?? earlier?.upToDate
      if let earlier, wantedCount == nil || wantedCount == earlier.count {
        try Self.insert(idle, wanted: earlier.list, firstTrace: nil, &connection)
      } else {
        let list = try wantedCount == nil ? nil : Self.wanted(wanted(), &connection)
        try Self.insert(idle, wanted: list, firstTrace: nil, &connection)
      }
    }
  }

  public func endRun(_ run: Int64, outcome: String, finished: Double) throws {
    try factsForWriting().write { connection in
      try Self.endRun(run, outcome: outcome, finished: finished, &connection)
    }
  }

  static func endRun(
    _ run: Int64, outcome: String, finished: Double, _ connection: inout Connection
  ) throws {
    try connection.use("UPDATE runs SET outcome = ?, finished = ? WHERE id = ?") {
      try $0.bind(outcome)
      try $0.bind(finished)
      try $0.bind(run)
      try $0.run()
    }
  }

  private static func insert(
    _ run: RecordedRun, wanted: Int64?, firstTrace: Int64?, _ connection: inout Connection
  ) throws {
    try connection.use(
      """
      INSERT INTO runs(command, workspace, snapshot, started, finished, outcome, jobs, estimate, up_to_date, wanted,
        first_trace) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ) {
      try $0.bind(run.command)
      try $0.bind(run.workspace)
      try $0.bind(run.snapshot)
      try $0.bind(run.started)
      try $0.bind(run.finished)
      try $0.bind(run.outcome)
      try $0.bind(run.jobs.map(Int64.init))
      try $0.bind(run.estimateSeconds)
      try $0.bind(run.upToDate.map(Int64.init))
      try $0.bind(wanted)
      try $0.bind(firstTrace)
      try $0.run()
    }
  }

  /// The row of a list of names, made where there is none.
  private static func wanted(_ names: [String], _ connection: inout Connection) throws -> Int64? {
    let text = Array(names.map { Escape.encode($0) + "\n" }.joined().utf8)
    let mark = Array(Digest(of: text).bytes.prefix(16))
    try connection.use("INSERT OR IGNORE INTO wanted(digest, count, names, size) VALUES(?, ?, ?, ?)") {
      try $0.bind(mark)
      try $0.bind(Int64(names.count))
      try $0.bind(try Zstd.compress(text))
      try $0.bind(Int64(text.count))
      try $0.run()
    }
    return try connection.use("SELECT id FROM wanted WHERE digest = ?") {
      try $0.bind(mark)
      return try $0.step() ? $0.integer(0) : nil
    }
  }
}
