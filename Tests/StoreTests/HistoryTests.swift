import GraphCore
import Store
import Testing

@Suite("history")
struct HistoryTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws { temporary = try TemporaryStore() }

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
    // To see that the row is what answers, it is made to say something else, as one without a checksum may.
    try shell("sqlite3 \(temporary.path)/graph.db \"UPDATE files SET digest = zeroblob(32)\"")
    #expect(try FileDigestCache(store: temporary.another()).digest(ofFileAt: old) == digest, "damaged")
    try shell(
      "sqlite3 \(temporary.path)/graph.db \"UPDATE files SET digest = zeroblob(32), checksum = NULL\"")
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
