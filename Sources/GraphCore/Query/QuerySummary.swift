/// What a set of items looks like as a graph: how many edges it has, and how deep it is.
public struct QuerySummary: Hashable, Sendable {
  public let items: Int
  /// Edges between items of the set, and from them to what is not declared here.
  public let edges: Int
  /// Of these, the ones from an item to itself.
  public let selfEdges: Int
  /// Of these, the ones to a name that nothing declares.
  public let danglingEdges: Int
  /// How many items there are at each depth: 0 needs nothing of the set, 1 needs some of depth 0, and so on.
  public let depths: [Int]
  /// Items that are on a circle of two or more, or stand on one; they have no depth.
  public let circular: Int

  public init(_ graph: QueryGraph, items: [Int]) {
    let set = QuerySet(capacity: graph.items.count, items)
    let inner = graph.edges.filter {
      set.contains($0.from) && (set.contains($0.to) || graph.items[$0.to].label == nil)
    }
    self.items = set.count
    edges = inner.count
    selfEdges = inner.count { $0.from == $0.to }
    danglingEdges = inner.count { graph.items[$0.to].kind == QueryGraph.Item.dangling }

    // Items whose dependencies all have a depth get theirs: Kahn's order, bottom up.
    func isCounted(_ other: Int32, of item: Int) -> Bool { Int(other) != item && set.contains(Int(other)) }
    var waits = [Int](repeating: 0, count: graph.items.count)
    var depth = [Int](repeating: 0, count: graph.items.count)
    var ready: [Int] = []
    for item in set.members {
      waits[item] = graph.dependencies(of: item).count { isCounted($0, of: item) }
      if waits[item] == 0 { ready.append(item) }
    }
    var counts: [Int] = []
    var done = 0
    while let item = ready.popLast() {
      done += 1
      while counts.count <= depth[item] { counts.append(0) }
      counts[depth[item]] += 1
      for dependent in graph.dependents(of: item) where isCounted(dependent, of: item) {
        let above = Int(dependent)
        depth[above] = max(depth[above], depth[item] + 1)
        waits[above] -= 1
        if waits[above] == 0 { ready.append(above) }
      }
    }
    depths = counts
    circular = set.count - done
  }
}
