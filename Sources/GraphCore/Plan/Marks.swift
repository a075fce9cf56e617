/// What is known of the nodes of a graph without asking the action cache: the deep key of each, and which are *settled*:
/// their result was in the store when that was marked. As long as the store has lost nothing since, it still is.
///
/// Marks are what makes a plan cost as much as what changed: a settled node is not looked up, and nothing below it.
public struct Marks: Sendable {
  /// By node number.
  public private(set) var deepKeys: DigestColumn
  public private(set) var settled: NodeBits
  /// Nodes that had a result before a change of something below them, and whose own facts are the same.
  private var waiting: NodeBits

  /// Of a new graph: every deep key is computed, and nothing is settled.
  ///
  /// - Cost: the preimage of every node.
  public init(_ graph: Graph) {
    var keys: [Digest] = []
    keys.reserveCapacity(graph.nodeCount)
    for node in graph.nodes {
      keys.append(Key(deepOf: node.action) { Key(digest: keys[Int($0.index)]) }.digest)
    }
    self.init(deepKeys: DigestColumn(keys), settled: NodeBits(count: graph.nodeCount))
  }

  /// As they were kept.
  public init(deepKeys: DigestColumn, settled: NodeBits) {
    self.deepKeys = deepKeys
    self.settled = settled
    waiting = NodeBits(count: deepKeys.count)
  }

  public func deepKey(_ id: NodeID) -> Key { Key(digest: deepKeys[Int(id.index)]) }

  /// Whether a node had a result before something below it changed, and nothing of its own did.
  func isWaiting(_ id: NodeID) -> Bool { waiting[id] }

  /// Takes in that nodes read other leaves now: they and all that stands on them have other deep keys, and are settled no
  /// more.
  ///
  /// - Parameter changed: as `Graph.updating` gives it with `graph`.
  public mutating func move(to graph: Graph, changed: [NodeID]) {
    var moved = NodeBits(count: graph.nodeCount)
    var stack = changed
    while let next = stack.popLast() {
      if moved[next] { continue }
      moved[next] = true
      stack.append(contentsOf: graph.dependents(of: next))
    }
    for id in moved.nodes {
      let key = Key(deepOf: graph[id].action) { deepKey($0) }
      deepKeys[Int(id.index)] = key.digest
      waiting[id] = settled[id]
      settled[id] = false
    }
    for id in changed { waiting[id] = false }
  }

  /// Takes over what is settled in the marks of an earlier graph of the same workspace: a node with the same deep key has
  /// the same result.
  public mutating func settle(as earlier: Marks) {
    var known: Set<Digest> = []
    for id in earlier.settled.nodes { known.insert(earlier.deepKeys[Int(id.index)]) }
    for index in 0..<deepKeys.count where known.contains(deepKeys[index]) {
      settled[NodeID(index: Int32(index))] = true
    }
  }

  public mutating func settle(_ id: NodeID) { settled[id] = true }

  public mutating func unsettle(_ id: NodeID) { settled[id] = false }

  /// The same with nothing settled: after a loss everything is looked up once.
  public func unsettled() -> Marks {
    Marks(deepKeys: deepKeys, settled: NodeBits(count: deepKeys.count))
  }
}
