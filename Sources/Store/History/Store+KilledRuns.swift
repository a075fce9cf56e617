import Formats
import GraphCore

extension Store {
  /// Closes the runs whose process was killed, and adds what the last moment before did not write: every result has a
  /// trace, which is committed with it.
  ///
  /// Where any run goes on nothing is done, because its traces could not be told from theirs.
  ///
  /// - Parameter graph: says what the nodes are, as far as it has them.
  public func mendKilledRuns(graph: Graph) throws {
    let open = try unfinishedRuns()
    if open.isEmpty || open.contains(where: { isAlive(run: $0.run.id) }) { return }
    var nodes: [String: NodeID]?
    // The newest first, so that each takes what was made after it began and a later one has not.
    for (run, firstTrace) in open.reversed() {
      let lost = try tracesWithoutRecord(since: firstTrace, run: run)
      if nodes == nil, !lost.isEmpty {
        nodes = Dictionary(
          graph.order.map { (graph.name(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
      }
      let records = lost.map { record in
        let node = nodes?[record.node].map { graph[$0] }
        return HistoryEntry(
          record, node.map { NodeDescription($0, in: graph) } ?? NodeDescription(text: ""))
      }
      let known = try self.records(ofRun: run.id)
      let end = (known + lost).map { $0.started + $0.durationSeconds }.max() ?? run.started
      try factsForWriting().write { connection in
        for record in records { try Self.insert(record, run: run.id, &connection) }
        try Self.endRun(run.id, outcome: "killed", finished: end, &connection)
      }
    }
  }

  private func unfinishedRuns() throws -> [(run: RecordedRun, firstTrace: Int64)] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use(
        "SELECT id, command, started, first_trace FROM runs WHERE finished IS NULL ORDER BY id"
      ) { statement in
        var runs: [(RecordedRun, Int64)] = []
        while try statement.step() {
          let run = RecordedRun(
            id: statement.integer(0), command: statement.text(1) ?? "", started: statement.double(2))
          runs.append((run, statement.isNull(3) ? Int64.max : statement.integer(3)))
        }
        return runs
      }
    }
  }

  private func tracesWithoutRecord(since trace: Int64, run: RecordedRun) throws -> [RecordedNode] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use(
        """
        SELECT name, key, key_size, deep, deep_size, outputs, traces.duration, finished, emulator, log
        FROM traces JOIN nodes ON nodes.id = node WHERE traces.id > ?1 AND NOT EXISTS(
          SELECT 1 FROM run_records WHERE run_records.node = traces.node AND run_records.key = traces.key
            AND (run >= ?2 OR run_records.started + run_records.duration >= ?3))
        ORDER BY traces.id
        """
      ) { statement in
        try statement.bind(trace)
        try statement.bind(run.id)
        // A run that began before this one may have made it meanwhile.
        try statement.bind(run.started)
        var records: [RecordedNode] = []
        while try statement.step() {
          guard let key = statement.digest(1, size: 2), let deep = statement.digest(3, size: 4),
            let result = statement.result(5)
          else { continue }
          let made = result.provenance
          let ran = made.finished >= run.started
          records.append(
            RecordedNode(
              node: statement.text(0) ?? "", outcome: ran ? .ran : .cutOff, key: Key(digest: key),
              deepKey: Key(digest: deep), started: ran ? made.finished - made.durationSeconds : run.started,
              durationSeconds: ran ? made.durationSeconds : 0, emulator: made.emulator,
              outputs: result.outputs, log: made.log))
        }
        return records
      }
    }
  }
}
