import Formats
import Glibc
import GraphCore
import Store
import Testing

@Suite("opening a store")
struct OpeningTests {
  @Test("another version is refused, with what to do")
  func version() throws {
    let temporary = try TemporaryStore()
    try shell("echo 99 > \(temporary.path)/VERSION")
    for mode in [Store.Mode.readOnly, .readWrite] {
      let error = #expect(throws: GraphError.self) { try temporary.another(mode) }
      #expect(
        error?.message == "the store at '\(temporary.path)' has version '99' and this graph uses version '2'")
      #expect(error?.hint?.contains("remove '\(temporary.path)'") == true)
    }
  }

  @Test("a folder with other things is not a store")
  func foreign() throws {
    let temporary = try TemporaryStore()
    try shell("mkdir \(temporary.folder)/home && touch \(temporary.folder)/home/letter")
    let error = #expect(throws: GraphError.self) {
      try Store.open(at: temporary.folder + "/home", mode: .readWrite)
    }
    #expect(error?.message == "'\(temporary.folder)/home' is not a store: it holds 'letter' and no VERSION")
  }

  @Test("a store that another process is making, or was killed while it did, is waited for and finished")
  func unfinished() throws {
    let temporary = try TemporaryStore()
    let path = temporary.folder + "/unfinished"
    try shell("mkdir -p \(path)/locks \(path)/blobs && touch \(path)/locks/open \(path)/1-abc")
    let store = try Store.open(at: path, mode: .readWrite)
    let digest = try store.write([1])
    try store.sync()
    #expect(try Store.open(at: path, mode: .readOnly).read(digest) == [1])
  }

  @Test("reading a store that does not exist creates nothing")
  func absent() throws {
    let temporary = try TemporaryStore()
    let path = temporary.folder + "/absent"
    let store = try Store.open(at: path, mode: .readOnly)
    let trace = makeTrace("a", outputs: [:])
    #expect(try !store.contains(trace.key.digest))
    #expect(throws: MissingBlob.self) { try store.read(trace.key.digest) }
    #expect(try store.result(of: trace.key) == nil)
    #expect(try store.result(ofDeep: trace.deepKey) == nil)
    #expect(try store.trace(ofNode: "n") == nil)
    #expect(try store.costs(ofNodes: ["//a/one build"]).isEmpty)
    #expect(try store.snapshotNames().isEmpty)
    #expect(try store.newestSnapshot() == nil)
    #expect(try store.runs(limit: 5).isEmpty)
    #expect(try store.failure(of: trace.key) == nil)
    #expect(throws: GraphError.self) { try store.write([1]) }
    let file = try temporary.file("f", [1, 2])
    #expect(try FileDigestCache(store: store).digest(ofFileAt: file) == Digest(of: [1, 2]))
    #expect(access(path, F_OK) != 0)
  }

  @Test("many openers at once make one store")
  func racing() async throws {
    let temporary = try TemporaryStore()
    let path = temporary.folder + "/new"
    try await withThrowingTaskGroup(of: Digest.self) { group in
      for index in 0..<8 {
        group.addTask {
          let store = try Store.open(at: path, mode: .readWrite)
          let digest = try store.write([UInt8(index)])
          try store.sync()
          return digest
        }
      }
      for try await digest in group {
        #expect(try Store.open(at: path, mode: .readOnly).contains(digest))
      }
    }
  }

  @Test("a damaged database is the environment's fault and is named")
  func damaged() throws {
    let temporary = try TemporaryStore()
    let path = temporary.folder + "/second"
    do { _ = try Store.open(at: path, mode: .readWrite) }
    try shell("rm -f \(path)/graph.db-*; head -c 20000 /dev/urandom > \(path)/graph.db")
    let error = #expect(throws: GraphError.self) { try Store.open(at: path, mode: .readWrite) }
    #expect(error?.kind == .environment)
    #expect(error?.message.contains("\(path)/graph.db") == true, "\(error?.message ?? "")")
  }
}
