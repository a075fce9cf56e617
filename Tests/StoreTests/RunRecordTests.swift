import GraphCore
import Testing

@testable import Store

/// The nodes of these tests: `b` reads a leaf and what `a` makes.
struct RecordedGraph {
  let graph: Graph
  let a = NodeID(index: 0)
  let b = NodeID(index: 1)

  init(_ text: String = "one") {
    var builder = GraphBuilder()
    func node(_ name: String, _ inputs: [Input]) -> Node {
      Node(
        label: Label(package: "t", name: name), step: "run", detail: "RUN \(name)",
        action: Action(rule: .init("step", version: 1), inputs: inputs, outputs: [.init("out", .blob)]),
        location: SourceLocation(file: "graph.yml", line: 3, column: 1))
    }
    let a = builder.add(node("a", [Input("text", .leaf(.text(text, origin: "a.txt")))]))
    let b = builder.add(
      node("b", [Input("in", .output(a, "out")), Input("text", .leaf(.text("b", origin: "b.txt")))]))
    builder.deliver(Label(package: "t", name: "b"), Graph.Target(kind: .command, node: b, output: "out"))
    graph = builder.build()
  }

  func record(
    _ id: NodeID, _ outcome: RecordedNode.Outcome = .ran, key: String = "key", out: String = "out",
    started: Double = 10, message: String? = nil
  ) -> HistoryEntry {
    let key = Key(digest: Digest(ofText: key))
    return HistoryEntry(
      RecordedNode(
        node: graph[id].name, outcome: outcome, key: key, deepKey: key, reason: "changed", started: started,
        durationSeconds: 2, leaseSeconds: 0.5, emulator: "qemu-aarch64 7.2.22",
        outputs: outcome.hasResult ? ["out": Artifact(.blob, Digest(ofText: out))] : [:], storedBytes: 77,
        log: Digest(ofText: "log"), message: message), NodeDescription(graph[id], in: graph))
  }

  func run(_ started: Double = 10) -> RecordedRun {
    RecordedRun(
      id: 0, command: "build //t/b", workspace: "/home/me", snapshot: "20260102_01", started: started,
      jobs: 2,
      estimateSeconds: 7.5, upToDate: 3)
  }
}

@Suite("records of runs")
struct RunRecordTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }
  let nodes = RecordedGraph()

  init() throws { temporary = try TemporaryStore() }

  @Test("a run and its nodes come back as they were noted, in order, to another process too")
  func roundTrip() throws {
    let run = try store.beginRun(nodes.run(), wanted: ["//t/b run", "//t/c run"])
    let noted = [
      nodes.record(nodes.a), nodes.record(nodes.b, .failed, key: "other", message: "exited with status 2"),
    ]
    try store.recordNodes(run: run, noted)
    try store.endRun(run, outcome: "failed", finished: 14)
    let other = try temporary.another(.readOnly)
    var expected = nodes.run()
    (expected.id, expected.finished, expected.outcome) = (run, 14, "failed")
    #expect(try other.run(run) == expected)
    #expect(try other.runs(limit: 5) == [expected])
    #expect(try other.run(run + 1) == nil)
    #expect(try other.wanted(byRun: run) == ["//t/b run", "//t/c run"])
    let found = try other.records(ofRun: run)
    #expect(found.map(\.run) == [run, run] && found[0].id < found[1].id)
    #expect(
      found.map { record in
        var record = record
        (record.id, record.run) = (0, 0)
        return record
      } == noted.map(\.record))
    #expect(try other.outcomes(ofRun: run) == [.ran: 1, .failed: 1])
    #expect(try other.description(ofNode: "//t/b run", upTo: nil) == noted[1].description)
    #expect(try other.nodeNames(beginningWith: "//t/") == ["//t/a run", "//t/b run"])
    #expect(try other.nodeNames(beginningWith: "//t/b ") == ["//t/b run"])
    #expect(try other.lastLog(ofNodesNamed: "//t/a")?.log == Digest(ofText: "log"))
    #expect(try other.lastLog(ofNodesNamed: "//t/a", inRun: run + 1) == nil)
  }

  @Test(
    "what a node was as of a run is its newest record up to it, and its description only where that changed")
  func asOf() throws {
    var runs: [Int64] = []
    for records in [
      [nodes.record(nodes.a, out: "1"), nodes.record(nodes.b, out: "2")],
      [nodes.record(nodes.a, key: "k", out: "3")],
      [nodes.record(nodes.b, .skipped)],
    ] {
      runs.append(try store.beginRun(nodes.run(), wanted: ["//t/b run"]))
      try store.recordNodes(run: runs[runs.count - 1], records)
    }
    let states = try store.results(upTo: runs[2])
    #expect(states["//t/a run"]?.outputs["out"]?.digest == Digest(ofText: "3"))
    #expect(states["//t/b run"]?.run == runs[0], "what was skipped made nothing")
    #expect(try store.results(upTo: runs[0])["//t/a run"]?.outputs["out"]?.digest == Digest(ofText: "1"))
    #expect(try store.records(ofNode: "//t/a run", upTo: nil, limit: 9).map(\.run) == [runs[1], runs[0]])
    #expect(try store.records(ofNode: "//t/a run", upTo: runs[0], limit: 9).map(\.run) == [runs[0]])
    func descriptions() throws -> Int {
      Int(try shell("sqlite3 \(temporary.path)/graph.db 'SELECT count(*) FROM descriptions'").dropLast())
        ?? -1
    }
    #expect(try descriptions() == 2)
    var moved = nodes.record(nodes.a)
    moved.description.place = "graph.yml:4:1"
    let last = try store.beginRun(nodes.run(), wanted: [])
    try store.recordNodes(run: last, [moved])
    #expect(try descriptions() == 3)
    #expect(try store.description(ofNode: "//t/a run", upTo: runs[2])?.place == "graph.yml:3:1")
    #expect(try store.descriptions(upTo: last)["//t/a run"]?.place == "graph.yml:4:1")
    #expect(try store.descriptions(upTo: runs[0]).count == 2)
  }

  @Test("a description survives being written, whatever its names hold")
  func description() throws {
    var description = NodeDescription(nodes.graph[nodes.b], in: nodes.graph)
    description.detail = "a b\\\n"
    description.inputs.append(.init("with space", .leaf("")))
    #expect(NodeDescription(text: description.text) == description)
    #expect(description.producers == ["//t/a run"])
    #expect(description.origin(of: "text") == .leaf("b.txt"))
  }

  @Test("a run from memory costs one row, and is about what the run before it of that command was about")
  func idle() throws {
    let first = try store.beginRun(nodes.run(), wanted: ["//t/b run"])
    try store.endRun(first, outcome: "done", finished: 11)
    var idle = nodes.run(20)
    (idle.finished, idle.outcome, idle.upToDate) = (20.5, "done", nil)
    try store.recordIdleRun(idle)
    let newest = try #require(try store.runs(limit: 1).first)
    #expect(
      newest.id == first + 1 && newest.outcome == "done" && newest.finished == 20.5 && newest.upToDate == 3)
    #expect(try store.wanted(byRun: newest.id) == ["//t/b run"])
    idle.command = "build //t/never"
    try store.recordIdleRun(idle)
    #expect(try store.wanted(byRun: first + 2).isEmpty)
    // Another number of nodes than before is spelled out.
    idle.command = "build //t/b"
    try store.recordIdleRun(idle, wantedCount: 2) { ["//t/b run", "//t/c run"] }
    #expect(try store.wanted(byRun: first + 3) == ["//t/b run", "//t/c run"])
  }

  @Test("costs are those of the newest run of a node, and averages those of its rule")
  func costs() throws {
    let key = Key(digest: Digest(ofText: "key"))
    let result = ActionResult(
      outputs: ["out": Artifact(.blob, Digest(ofText: "12345"))],
      provenance: .init(durationSeconds: 2, finished: 3))
    try store.record(
      Trace(key: key, deepKey: key, preimage: Preimage(text: ""), result: result), node: "//t/a run")
    let run = try store.beginRun(nodes.run(), wanted: [])
    try store.recordNodes(run: run, [nodes.record(nodes.a, out: "12345"), nodes.record(nodes.b, .failed)])
    #expect(
      try store.costs(ofNodes: ["//t/a run", "//t/b run", "//t/c run"])
        == ["//t/a run": WorkCost(seconds: 1.5, storedBytes: 77, outputBytes: 5)])
    // Without the wait for another process, and on the average of what it took before.
    var slow = nodes.record(nodes.a, out: "12345")
    slow.record.durationSeconds = 5
    try store.recordNodes(run: run + 1, [slow])
    #expect(try store.costs(ofNodes: ["//t/a run"])["//t/a run"]?.seconds == 3)
    #expect(
      try store.averageCosts()
        == [
          WorkCost.Kind(rule: "step@1", architecture: ""): WorkCost(
            seconds: 2 * 0.8 + 5 * 0.2, storedBytes: 77)
        ])
  }

  @Test("old runs go, but for the newest record of each node and what it needs")
  func trimmed() throws {
    let day = 86_400.0
    let now = 1000 * day
    func add(_ started: Double, _ records: [HistoryEntry]) throws -> Int64 {
      let run = try store.beginRun(nodes.run(started), wanted: ["\(started)"])
      try store.recordNodes(run: run, records)
      try store.endRun(run, outcome: "done", finished: started + 1)
      return run
    }
    var moved = nodes.record(nodes.a, key: "k")
    moved.description.place = "graph.yml:4:1"
    let oldest = try add(now - 600 * day, [nodes.record(nodes.a), nodes.record(nodes.b)])
    let old = try add(now - 500 * day, [moved])
    let idleOld = try add(now - 100 * day, [])
    let month = try add(now - 60 * day, [nodes.record(nodes.a, key: "l")])
    let idle = try add(now - 60 * day, [])
    try store.trimHistory(now: now)
    #expect(try store.runs(limit: 9).map(\.id) == [idle, month, old, oldest])
    #expect(try store.run(idleOld) == nil)
    #expect(try store.records(ofRun: oldest).map(\.node) == ["//t/b run"])
    #expect(try store.results(upTo: old).keys.sorted() == ["//t/a run", "//t/b run"])
    #expect(try store.description(ofNode: "//t/a run", upTo: month)?.place == "graph.yml:3:1")
    #expect(try store.records(ofRun: month).count == 1, "a run of two months ago stays readable")
    #expect(try store.wanted(byRun: month) == ["\(now - 60 * day)"])
  }

  @Test("a store of version 1 is brought to ours with its history, and is refused until somebody writes")
  func upgraded() throws {
    let path = temporary.folder + "/first"
    do { _ = try Store.open(at: path, mode: .readWrite) }
    // What version 1 had, in its own words.
    try shell(
      """
      printf '1\\n' > \(path)/VERSION
      sqlite3 \(path)/graph.db "DROP VIEW run_nodes; DROP TABLE run_records; DROP TABLE runs; DROP TABLE descriptions;
        DROP TABLE wanted; DROP TABLE rule_costs;
        ALTER TABLE actions DROP COLUMN checksum; ALTER TABLE deep DROP COLUMN checksum;
        ALTER TABLE files DROP COLUMN checksum;
        CREATE TABLE runs(id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, snapshot TEXT,
          started REAL NOT NULL, finished REAL, outcome TEXT);
        CREATE TABLE run_nodes(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, node TEXT NOT NULL, key BLOB,
          key_size INTEGER, outcome TEXT NOT NULL, started REAL NOT NULL, duration REAL NOT NULL, log TEXT);
        CREATE INDEX run_nodes_by_run ON run_nodes(run); CREATE INDEX run_nodes_by_node ON run_nodes(node, id);
        INSERT INTO runs VALUES(7, 'build', '20260102_01', 1, 2, 'failed');
        INSERT INTO run_nodes VALUES(1, 7, '//t/a run', NULL, NULL, 'ran', 1, 0.5, NULL);
        INSERT INTO run_nodes VALUES(2, 7, '//t/b run', NULL, NULL, 'failed: exited with status 2', 1, 0.5, NULL);
        INSERT INTO run_nodes VALUES(3, 7, '//t/c run', NULL, NULL, 'skipped because of //t/b run', 1, 0, NULL);"
      """)
    let error = #expect(throws: GraphError.self) { try Store.open(at: path, mode: .readOnly) }
    #expect(error?.hint == "a command that writes, such as 'graph build', brings it to version 2")
    for _ in 0..<2 {
      let store = try Store.open(at: path, mode: .readWrite)
      #expect(try store.run(7)?.outcome == "failed")
      let records = try store.records(ofRun: 7)
      #expect(records.map(\.outcome) == [.ran, .failed, .skipped])
      #expect(records.map(\.message) == [nil, "exited with status 2", "//t/b run"])
      #expect(try shell("cat \(path)/VERSION") == "2\n")
      #expect(
        try shell("sqlite3 \(path)/graph.db \"SELECT count(*) FROM run_nodes WHERE outcome = 'ran'\"")
          == "1\n")
    }
    #expect(try store.beginRun(nodes.run(), wanted: []) > 0)
  }
}
