import GraphCore
import Store
import Testing

@Suite("history")
struct HistoryTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws { temporary = try TemporaryStore() }

  @Test("runs and their nodes are kept in order")
  func runs() throws {
    let log = try store.write(Array("error: no".utf8))
    let first = try store.beginRun(command: "build //a/b", snapshot: "20260102_01", started: 10)
    let nodes = [
      RecordedNode(
        node: "//a/b:x86_64 lock", key: Key(digest: log), outcome: "ran", started: 10, durationSeconds: 2),
      RecordedNode(
        node: "//a/b:x86_64 2 RUN x", key: nil, outcome: "failed", started: 12, durationSeconds: 1, log: log),
    ]
    for node in nodes { try store.recordNode(run: first, node) }
    try store.endRun(first, outcome: "failed", finished: 14)
    let second = try store.beginRun(command: "plan", snapshot: nil, started: 20)
    #expect(second > first)
    let runs = try temporary.another(.readOnly).runs(limit: 10)
    #expect(runs.map(\.id) == [second, first])
    #expect(runs[0].finished == nil && runs[0].outcome == nil && runs[0].snapshot == nil)
    #expect(runs[1].finished == 14 && runs[1].outcome == "failed" && runs[1].snapshot == "20260102_01")
    #expect(try store.nodes(ofRun: first) == nodes)
    #expect(try store.runs(limit: 1).count == 1)
    #expect(try store.lastLog(ofNodesNamed: "//a/b")?.log == log)
    #expect(try store.lastLog(ofNodesNamed: "//a/b:x86_64 2 RUN x")?.node == "//a/b:x86_64 2 RUN x")
    #expect(try store.lastLog(ofNodesNamed: "//a/c") == nil)
    #expect(try temporary.another().read(log) == Array("error: no".utf8))
  }

  @Test("snapshot names count up by day and are never given twice")
  func snapshots() async throws {
    #expect(try store.newestSnapshot() == nil)
    #expect(try store.saveSnapshot([1], day: "20260102") == "20260102_01")
    #expect(try store.saveSnapshot([1], day: "20260102") == "20260102_02")
    #expect(try store.saveSnapshot([2], day: "20260103") == "20260103_01")
    #expect(try store.snapshot(named: "20260102_02") == [1])
    #expect(try store.snapshot(named: "20260102_03") == nil)
    #expect(try store.newestSnapshot()?.name == "20260103_01")
    #expect(try store.snapshotNames() == ["20260102_01", "20260102_02", "20260103_01"])
    #expect(throws: GraphError.self) { try store.saveSnapshot([1], day: "today") }
    let other = try temporary.another()
    let shared = store
    let names = try await withThrowingTaskGroup(of: String.self) { group in
      for index in 0..<20 {
        group.addTask {
          try (index.isMultiple(of: 2) ? shared : other).saveSnapshot([UInt8(index)], day: "20260104")
        }
      }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(names.count == 20)
    #expect(names.contains("20260104_20"))
  }

  @Test("a file that nobody touched is not read again, and a fresh one is not trusted")
  func digests() throws {
    let path = try temporary.file("f", Array("one".utf8))
    let digests = FileDigestCache(store: store)
    #expect(try digests.digest(ofFileAt: path) == Digest(ofText: "one"))
    // The change time is now, so it is racy whatever its modification time says.
    try shell("printf two > \(path); touch -d '-1 hour' \(path)")
    #expect(try digests.digest(ofFileAt: path) == Digest(ofText: "two"))
    try digests.flush()
    #expect(try shell("sqlite3 \(temporary.path)/graph.db 'SELECT count(*) FROM files'") == "0\n")
    // A file of the system is old enough.
    let old = "/etc/debian_version"
    let digest = try digests.digest(ofFileAt: old)
    try digests.flush()
    #expect(try shell("sqlite3 \(temporary.path)/graph.db 'SELECT path FROM files'") == old + "\n")
    // To see that the row is what answers, it is made to say something else.
    try shell("sqlite3 \(temporary.path)/graph.db \"UPDATE files SET digest = zeroblob(32)\"")
    #expect(try FileDigestCache(store: temporary.another()).digest(ofFileAt: old) != digest)
    try shell("sqlite3 \(temporary.path)/graph.db \"UPDATE files SET inode = inode + 1\"")
    #expect(try FileDigestCache(store: temporary.another(), isReadOnly: true).digest(ofFileAt: old) == digest)
    #expect(throws: GraphError.self) { try digests.digest(ofFileAt: temporary.folder) }
    #expect(throws: GraphError.self) { try digests.digest(ofFileAt: temporary.folder + "/absent") }
  }

  @Test("a look that is only for reading remembers nothing")
  func readOnlyDigests() throws {
    let digests = FileDigestCache(store: store, isReadOnly: true)
    _ = try digests.digest(ofFileAt: "/etc/debian_version")
    try digests.flush()
    #expect(try shell("sqlite3 \(temporary.path)/graph.db 'SELECT count(*) FROM files'") == "0\n")
  }
}
