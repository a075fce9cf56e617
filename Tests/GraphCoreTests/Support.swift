import Synchronization

@testable import GraphCore

/// A linear congruential generator, so that a failure can be repeated from its seed.
struct Random: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) ^ (state << 31)
  }
  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

  /// Text of the characters that encodings stumble over, and others.
  mutating func text(_ lengthMax: Int = 8) -> String {
    let alphabet = Array(" \n\t\\x0:/@=#-+aZ9é\u{301}€😀\u{7f}\u{1}\"'")
    return String((0..<below(lengthMax + 1)).map { _ in alphabet[below(alphabet.count)] })
  }
}

/// An action cache in memory, which knows what blobs are lost.
final class MemoryCache: ActionCache {
  struct State {
    var results: [Key: ActionResult] = [:]
    var deep: [Key: Key] = [:]
    var traces: [String: [Trace]] = [:]
    var lost: Set<Digest> = []
  }
  let state = Mutex(State())

  func result(of key: Key) -> ActionResult? {
    state.withLock { state in
      state.results[key].flatMap { result in
        result.outputs.values.contains { state.lost.contains($0.digest) } ? nil : result
      }
    }
  }
  func result(ofDeep key: Key) -> ActionResult? { state.withLock { $0.deep[key] }.flatMap { result(of: $0) } }
  func key(ofDeep key: Key) -> Key? { state.withLock { $0.deep[key] } }
  func record(_ made: [NodeTrace]) { made.forEach { record($0.trace, node: $0.node) } }
  func recordHits(_ found: [NodeTrace]) { found.forEach { recordHit($0.trace, node: $0.node) } }
  func record(_ trace: Trace, node: String) {
    state.withLock { state in
      state.results[trace.key] = trace.result
      state.deep[trace.deepKey] = trace.key
      state.traces[node, default: []].insert(trace, at: 0)
      for artifact in trace.result.outputs.values { state.lost.remove(artifact.digest) }
    }
  }
  func recordHit(_ trace: Trace, node: String) {
    state.withLock { state in
      state.deep[trace.deepKey] = trace.key
      state.traces[node, default: []].insert(trace, at: 0)
    }
  }
  func trace(ofNode name: String) -> Trace? { state.withLock { $0.traces[name]?.first } }
  func traces(ofNode name: String, limit: Int) -> [Trace] {
    state.withLock { Array(($0.traces[name] ?? []).prefix(limit)) }
  }
  func forget(_ digest: Digest) {
    state.withLock { state in
      state.results = state.results.filter { !$0.value.outputs.values.contains { $0.digest == digest } }
    }
  }
  func remember(_ failure: ActionFailed, of key: Key) throws {}

  func lease(_ key: Key) async throws -> any Lease { NoLease() }
  struct NoLease: Lease { func release() {} }

  func lose(_ digest: Digest) { state.withLock { _ = $0.lost.insert(digest) } }
}

/// A node of one output, for small graphs: `a`, reading texts and other nodes.
struct Step {
  var name: String
  var texts: [String] = []
  var reads: [String] = []
  /// What the result depends on: `nil` is everything; else the result is this text.
  var result: String?
}

/// A graph of steps, which are in order.
func graph(_ steps: [Step]) -> (graph: Graph, ids: [String: NodeID]) {
  var builder = GraphBuilder()
  var ids: [String: NodeID] = [:]
  for step in steps {
    var inputs = step.texts.enumerated().map { Input("text/\($0)", .leaf(.text($1, origin: "text"))) }
    for read in step.reads {
      if let id = ids[read] { inputs.append(Input("from/\(read)", .output(id, "out"))) }
    }
    let action = Action(
      rule: .init("step", version: 1), arguments: [.init("result", step.result.map { [$0] } ?? [])],
      inputs: inputs, outputs: [.init("out", .blob)])
    ids[step.name] = builder.add(
      Node(label: Label(package: "t", name: step.name), step: "run", action: action))
  }
  return (builder.build(), ids)
}

/// Runs what a plan lists, in order, as a wave would but slowly and alone; returns the names of what ran.
func build(_ plan: Plan, _ steps: [Step], _ cache: MemoryCache) throws -> [String] {
  var outputs: [NodeID: [String: Artifact]] = [:]
  var ran: [String] = []
  for id in plan.needed {
    if case .cached = plan[id] {
      outputs[id] = try plan.result(of: id).outputs
      continue
    }
    let node = plan.graph[id]
    guard let preimage = Planner.preimage(of: node.action, outputs: { outputs[$0] }) else {
      throw GraphError(.bug, "'\(node.name)' has no inputs")
    }
    let deep = plan.deepKey(id)
    if let found = cache.result(of: preimage.key) {
      cache.recordHit(
        Trace(key: preimage.key, deepKey: deep, preimage: preimage, result: found), node: node.name)
      outputs[id] = found.outputs
      continue
    }
    let step = steps.first { $0.name == node.label.name }
    let made = Artifact(.blob, Digest(ofText: step?.result ?? preimage.text))
    let result = ActionResult(outputs: ["out": made], provenance: .init(durationSeconds: 1, finished: 0))
    cache.record(Trace(key: preimage.key, deepKey: deep, preimage: preimage, result: result), node: node.name)
    outputs[id] = result.outputs
    ran.append(node.label.name)
  }
  return ran
}
