import Execute
import GraphCore
import Synchronization

/// Everything in memory: a store, a cache with leases, and an executor that does what a script says.
final class World: Sendable {
  let store = MemoryStore()
  let cache = MemoryCache()
  let executor: ScriptedExecutor

  init(_ script: [String: ScriptedExecutor.Step] = [:]) {
    executor = ScriptedExecutor(store: store, script: script)
  }

  func wave(
    _ graph: Graph, jobs: Int = 4, keepGoing: Bool = true, memory: Int = 100_000, marks: Marks? = nil,
    expander: (any Expander)? = nil
  ) -> Wave {
    Wave(
      graph: graph, cache: cache, store: store, executor: executor,
      options: .init(jobs: jobs, keepGoing: keepGoing, memoryMegabytes: memory), marks: marks,
      expander: expander)
  }
}

/// Does what the script says for a node's name, else stores its key as the output.
final class ScriptedExecutor: Executor {
  enum Step: Sendable {
    case fail
    case makes(String)
    /// Needs a blob that the store has lost: the output of that node, as often as told.
    case missing(of: String, times: Int)
    case never
    case wrongKind
  }

  struct State {
    var ran: [String] = []
    var running = 0
    var runningMost = 0
    var claimed = 0
    var claimedMost = 0
    var misses: [String: Int] = [:]
    var outputs: [String: Digest] = [:]
  }

  let state = Mutex(State())
  private let store: MemoryStore
  private let script: [String: Step]

  init(store: MemoryStore, script: [String: Step]) {
    self.store = store
    self.script = script
  }

  var ran: [String] { state.withLock { $0.ran } }

  func importLeaves(of action: Action) throws { try store.importTexts(action) }

  func execute(_ task: ActionTask) async throws -> ExecutedAction {
    let name = task.node.label.name
    state.withLock { state in
      state.ran.append(name)
      state.running += 1
      state.runningMost = max(state.runningMost, state.running)
      state.claimed += task.action.limits.memoryMegabytes
      state.claimedMost = max(state.claimedMost, state.claimed)
    }
    defer {
      state.withLock { state in
        state.running -= 1
        state.claimed -= task.action.limits.memoryMegabytes
      }
    }
    // Lets the others that may run beside this one begin.
    for _ in 0..<50 { await Task.yield() }
    let text: String
    switch script[name] {
    case .fail: throw ActionFailed(.deterministic, "exited with status 2", log: Array("boom\n".utf8))
    case .never:
      while true { try await Task.sleep(for: .seconds(3600)) }
    case .missing(let node, let times):
      let lost = state.withLock { state -> Digest? in
        state.misses[name, default: 0] += 1
        return state.misses[name, default: 0] <= times ? state.outputs[node] : nil
      }
      if let lost { throw MissingBlob(lost) }
      text = name
    case .makes(let made): text = made
    case .wrongKind: return ExecutedAction(outputs: ["out": Artifact(.tree, try store.write([]))])
    case nil: text = "\(name) \(task.key)"
    }
    let digest = try store.write(Array(text.utf8))
    state.withLock { $0.outputs[name] = digest }
    return ExecutedAction(outputs: ["out": Artifact(.blob, digest)], log: Array("log of \(name)".utf8))
  }
}

final class MemoryStore: BlobStore {
  let blobs = Mutex<[Digest: [UInt8]]>([:])
  func contains(_ digest: Digest) -> Bool { blobs.withLock { $0[digest] != nil } }
  func read(_ digest: Digest) throws -> [UInt8] {
    guard let bytes = blobs.withLock({ $0[digest] }) else { throw MissingBlob(digest) }
    return bytes
  }
  @discardableResult
  func write(_ bytes: [UInt8]) throws -> Digest {
    let digest = Digest(of: bytes)
    blobs.withLock { $0[digest] = bytes }
    return digest
  }
  func importFile(at path: String, expected: Digest?) throws -> Digest {
    throw GraphError(.bug, "no files here")
  }
  func exportFile(_ digest: Digest, to path: String, mode: UInt16) throws {
    throw GraphError(.bug, "no files here")
  }
  func sync() {}

  /// Takes in the texts among the leaf inputs of an action.
  func importTexts(_ action: Action) throws {
    for case .leaf(let leaf) in action.inputs.map(\.source) {
      if case .bytes(let bytes) = leaf.content { try write(bytes) }
    }
  }
}

/// A cache whose leases make tasks wait for each other, as those of processes do.
final class MemoryCache: ActionCache {
  struct State {
    var results: [Key: ActionResult] = [:]
    var deep: [Key: Key] = [:]
    var traces: [String: Trace] = [:]
    var leased: Set<Key> = []
    var committed: [String] = []
    /// Nodes whose results cannot be committed, as on a full disk.
    var refused: Set<String> = []
  }
  let state = Mutex(State())

  func result(of key: Key) -> ActionResult? { state.withLock { $0.results[key] } }
  func result(ofDeep key: Key) -> ActionResult? {
    state.withLock { s in s.deep[key].flatMap { s.results[$0] } }
  }
  func key(ofDeep key: Key) -> Key? { state.withLock { $0.deep[key] } }
  func record(_ made: [NodeTrace]) throws {
    let isRefused = state.withLock { state in
      if made.contains(where: { state.refused.contains($0.node) }) { return true }
      state.committed += made.map(\.node)
      return false
    }
    if isRefused { throw GraphError(.environment, "the disk is full") }
    made.forEach { record($0.trace, node: $0.node) }
  }
  func recordHits(_ found: [NodeTrace]) { found.forEach { recordHit($0.trace, node: $0.node) } }
  func record(_ trace: Trace, node: String) {
    state.withLock { $0.results[trace.key] = trace.result }
    recordHit(trace, node: node)
  }
  func recordHit(_ trace: Trace, node: String) {
    state.withLock {
      $0.deep[trace.deepKey] = trace.key; $0.traces[node] = trace
    }
  }
  func trace(ofNode name: String) -> Trace? { state.withLock { $0.traces[name] } }
  func traces(ofNode name: String, limit: Int) -> [Trace] { trace(ofNode: name).map { [$0] } ?? [] }
  func costs(ofNodes names: [String]) -> [String: WorkCost] {
    names.contains("//t/slow run") ? ["//t/slow run": WorkCost(seconds: 100)] : [:]
  }
  func forget(_ digest: Digest) {
    state.withLock { state in
      state.results = state.results.filter { !$0.value.outputs.values.contains { $0.digest == digest } }
    }
  }
  func remember(_ failure: ActionFailed, of key: Key) throws {}

  func lease(_ key: Key) async throws -> any Lease {
    while !state.withLock({ $0.leased.insert(key).inserted }) {
      try Task.checkCancellation()
      await Task.yield()
    }
    return Held(cache: self, key: key)
  }
  struct Held: Lease {
    let cache: MemoryCache
    let key: Key
    func release() { cache.state.withLock { _ = $0.leased.remove(key) } }
  }
}

/// Keeps every event as a line.
final class Lines: EventSink {
  let lines = Mutex<[String]>([])
  let started = Mutex(0)
  func handle(_ event: BuildEvent) {
    let line: String
    switch event {
    case .planned: line = "planned"
    case .started(let id):
      line = "started \(id.index)"
      started.withLock { $0 += 1 }
    case .waiting(let id): line = "waiting \(id.index)"
    case .restarted: line = "restarted"
    case .expanded(let id, let found): line = "expanded \(id.index) \(found.map(\.index))"
    case .found(let id, _, _): line = "found \(id.index)"
    case .finished(let id, let outcome, _, _):
      switch outcome {
      case .ran: line = "ran \(id.index)"
      case .cutOff: line = "cut off \(id.index)"
      case .failed(let failure): line = "failed \(id.index) \(failure.reason)"
      case .skipped(let cause): line = "skipped \(id.index) because of \(cause.index)"
      case .cancelled: line = "cancelled \(id.index)"
      }
    }
    lines.withLock { $0.append(line) }
  }
}

/// `("c", "a b")`: c reads a and b. A text input makes each node's own.
func graph(_ nodes: [(String, String)], version: String = "1", memory: Int = 256) -> (
  graph: Graph, ids: [String: NodeID]
) {
  var builder = GraphBuilder()
  var ids: [String: NodeID] = [:]
  for (name, reads) in nodes {
    var inputs = reads.split(separator: " ").compactMap { read in
      ids[String(read)].map { Input("from/\(read)", .output($0, "out")) }
    }
    if inputs.isEmpty { inputs.append(Input("text", .leaf(.text("\(name) \(version)", origin: "text")))) }
    ids[name] = builder.add(
      Node(
        label: Label(package: "t", name: name), step: "run",
        action: Action(
          rule: .init("step", version: 1), arguments: [.init("name", name)], inputs: inputs,
          outputs: [.init("out", .blob)], limits: .init(memoryMegabytes: memory))))
  }
  return (builder.build(), ids)
}
