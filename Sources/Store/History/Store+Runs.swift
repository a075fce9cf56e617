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
        try $0.bind(list)
        try $0.bind(trace)
        try $0.run()
      }
      return connection.lastRow
    }
  }

  /// Notes a run that found nothing to do, with what the newest run of the same command in the same workspace was to
  /// bring up to date: the answer was given from memory, so that is the same.
  public func recordIdleRun(_ run: RecordedRun) throws {
    try factsForWriting().write { connection in
      try connection.use(
        """
        INSERT INTO runs(command, workspace, snapshot, started, finished, outcome, up_to_date, wanted)
        SELECT ?1, ?2, ?3, ?4, ?5, 'done', earlier.up_to_date, earlier.wanted FROM (SELECT 1) LEFT JOIN (
          SELECT up_to_date, wanted FROM runs WHERE command = ?1 AND workspace IS ?2 AND wanted IS NOT NULL
          ORDER BY id DESC LIMIT 1) AS earlier
        """
      ) {
        try $0.bind(run.command)
        try $0.bind(run.workspace)
        try $0.bind(run.snapshot)
        try $0.bind(run.started)
        try $0.bind(run.finished ?? run.started)
        try $0.run()
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

  /// The row of a list of names, made where there is none.
  private static func wanted(_ names: [String], _ connection: inout Connection) throws -> Int64? {
    let text = Array(names.map { Escape.encode($0) + "\n" }.joined().utf8)
    let mark = Array(Digest(of: text).bytes.prefix(16))
    try connection.use("INSERT OR IGNORE INTO wanted(digest, names, size) VALUES(?, ?, ?)") {
      try $0.bind(mark)
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
