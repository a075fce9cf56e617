import Formats
import GraphCore
import Store
import Testing

@Suite("results")
struct ResultTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws { temporary = try TemporaryStore() }

  /// Records an action with one blob and one layer, which holds two files.
  func record(_ name: String, to store: Store? = nil) throws -> (trace: Trace, files: [Digest]) {
    let store = store ?? self.store
    let files = [
      try store.write(text(100, seed: UInt8(name.utf8.count))), try store.write(Array("second \(name)".utf8)),
    ]
    let layer = Layer(
      entries: files.enumerated().map { .init(path: "f\($0)", content: .file($1), mode: 0o644) })
    let trace = makeTrace(
      name,
      outputs: [
        "log text": Artifact(.blob, try store.write(Array("blob \(name)".utf8))),
        "layer": try store.write(layer, as: .layer),
      ])
    try store.record(trace, node: "//a/\(name) build")
    return (trace, files)
  }

  @Test("a recorded result is found by its key and its deep key, also elsewhere")
  func found() throws {
    let trace = try record("one").trace
    for store in [store, try temporary.another(), try temporary.another(.readOnly)] {
      #expect(try store.result(of: trace.key) == trace.result)
      #expect(try store.result(ofDeep: trace.deepKey) == trace.result)
      #expect(try store.trace(ofNode: "//a/one build") == trace)
      let costs = try store.costs(ofNodes: ["//a/one build", "//a/two build"])
      #expect(costs.mapValues(\.seconds) == ["//a/one build": 1.5])
    }
    #expect(try store.result(of: trace.deepKey) == nil)
  }

  @Test("what a result names is durable before it: a blob that was only written is synced")
  func order() throws {
    let trace = try record("one").trace
    let other = try temporary.another()
    for artifact in trace.result.outputs.values { #expect(try other.contains(artifact.digest)) }
  }

  @Test("a result whose output is gone is no result, and its trace stays")
  func gone() throws {
    let trace = try record("one").trace
    let layer = try #require(trace.result.outputs["layer"])
    try shell(
      "sqlite3 \(temporary.path)/blobs.db \"DELETE FROM blobs WHERE hex(digest) = upper('\(layer.digest.hex)')\""
    )
    #expect(try store.result(of: trace.key) == nil)
    #expect(try store.result(ofDeep: trace.deepKey) == nil)
    #expect(try store.trace(ofNode: "//a/one build")?.preimage == trace.preimage)
  }

  @Test("forgetting a digest drops the results that name it, as an output or in a recipe, and no other")
  func forget() throws {
    for index in 0..<3 {
      let temporary = try TemporaryStore()
      let (trace, files) = try record("one", to: temporary.store)
      let kept = try record("other", to: temporary.store).trace
      let digests = trace.result.outputs.values.map(\.digest) + [files[1]]
      try temporary.another().forget(digests[index])
      #expect(try temporary.store.result(of: trace.key) == nil)
      #expect(try temporary.store.result(ofDeep: trace.deepKey) == nil)
      #expect(try temporary.store.result(of: kept.key) == kept.result)
      #expect(try temporary.store.trace(ofNode: "//a/one build") == trace)
    }
  }

  @Test("a damaged file of a layer takes the result with it")
  func damaged() throws {
    let (trace, files) = try record("one")
    try shell(
      "sqlite3 \(temporary.path)/blobs.db \"UPDATE blobs SET data = x'00' WHERE hex(digest) = upper('\(files[0].hex)')\""
    )
    #expect(try store.result(of: trace.key) == trace.result)
    #expect(throws: MissingBlob(files[0])) { try store.read(files[0]) }
    #expect(try store.result(of: trace.key) == nil)
  }

  @Test("traces are kept newest first, and a hit that says nothing new adds none")
  func traces() throws {
    let first = makeTrace("v1", outputs: [:])
    let second = makeTrace("v2", outputs: [:])
    try store.record(first, node: "n")
    try store.recordHit(first, node: "n")
    try store.record(second, node: "n")
    try store.recordHit(second, node: "n")
    try store.recordHit(first, node: "n")
    #expect(try store.traces(ofNode: "n", limit: 10) == [first, second, first])
    #expect(try store.traces(ofNode: "n", limit: 2) == [first, second])
    for index in 0..<70 { try store.record(makeTrace("v\(index)", outputs: [:]), node: "n") }
    #expect(try store.traces(ofNode: "n", limit: 1000).count == 50)
    #expect(try store.traces(ofNode: "m", limit: 10).isEmpty)
  }

  @Test("a hit leads a new deep key to the result")
  func deepHit() throws {
    var trace = try record("one").trace
    let old = trace.deepKey
    trace.deepKey = Key(digest: Digest(ofText: "another leaf"))
    #expect(try store.result(ofDeep: trace.deepKey) == nil)
    try store.recordHit(trace, node: "//a/one build")
    #expect(try store.result(ofDeep: trace.deepKey) == trace.result)
    #expect(try store.result(ofDeep: old) == trace.result)
  }

  @Test("a thousand look-ups take milliseconds")
  func speed() throws {
    let traces = try (0..<20).map { try record("n\($0)").trace }
    let keys = (0..<1000).map { traces[$0 % 20].key }
    var found = 0
    let duration = try ContinuousClock().measure {
      for key in keys where try store.result(of: key) != nil { found += 1 }
    }
    #expect(found == 1000)
    // Without optimisation and beside other tests; the release build is far below 20 ms.
    #expect(duration < .milliseconds(500), "\(duration)")
    print("1,000 look-ups: \(duration)")
  }

  @Test("a failure is remembered until the action succeeds")
  func failures() throws {
    let trace = makeTrace("one", outputs: [:])
    let failure = RememberedFailure(
      key: trace.key, kind: .deterministic, reason: "exited with 2", log: try store.write([1]), time: 9)
    try store.recordFailure(failure)
    #expect(try temporary.another(.readOnly).failure(of: trace.key) == failure)
    try store.record(trace, node: "n")
    #expect(try store.failure(of: trace.key) == nil)
    try store.recordFailure(failure)
    try store.forgetFailure(of: trace.key)
    #expect(try store.failure(of: trace.key) == nil)
  }
}
