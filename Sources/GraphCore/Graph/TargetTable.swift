/// What each label delivers, in label order. Labels are decoded when they are reached; a look-up is a binary search.
public struct TargetTable: RandomAccessCollection, Sendable {
  let flat: FlatGraph

  public var startIndex: Int { 0 }
  public var endIndex: Int { flat.targetCount }

  public subscript(position: Int) -> (key: Label, value: Graph.Target) {
    let (label, target) = flat.target(position)
    return (label, target)
  }

  public subscript(label: Label) -> Graph.Target? {
    var (low, high) = (0, flat.targetCount)
    while low < high {
      let middle = (low + high) / 2
      if flat.targetLabel(middle) < label { low = middle + 1 } else { high = middle }
    }
    guard low < flat.targetCount, flat.targetLabel(low) == label else { return nil }
    return flat.target(low).target
  }

  /// Those that some nodes deliver, or judge.
  public func delivering(_ nodes: Set<NodeID>) -> [(key: Label, value: Graph.Target)] {
    if nodes.isEmpty { return [] }
    return indices.compactMap { flat.targetRoots($0).contains(where: nodes.contains) ? self[$0] : nil }
  }

  public var keys: Rows<Label> { Rows(count: flat.targetCount) { [flat] in flat.targetLabel($0) } }

  public var values: Rows<Graph.Target> {
    Rows(count: flat.targetCount) { [flat] in flat.target($0).target }
  }
}
