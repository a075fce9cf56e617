import GraphCore

/// The chain of nodes that decided how long a run took: from what ended last back to what it waited for longest.
struct RunPath: Sendable {
  /// The first to run first.
  let nodes: [RecordedNode]

  /// From the start of the first to the end of the last.
  var seconds: Double {
    guard let first = nodes.first, let last = nodes.last else { return 0 }
    return last.end - first.started
  }

  init(_ records: [RecordedNode], _ descriptions: [String: NodeDescription]) {
    // Of a node that came twice, because its result was lost, the later one counts.
    let worked = Dictionary(
      records.filter { $0.durationSeconds > 0 }.map { ($0.node, $0) }, uniquingKeysWith: { $1 })
    var chain: [RecordedNode] = []
    var next = worked.values.max { ($0.end, $1.node) < ($1.end, $0.node) }
    while let node = next {
      chain.append(node)
      next = (descriptions[node.node]?.producers ?? []).compactMap { worked[$0] }
        // What was made after this one began was made once more, later.
        .filter { $0.end <= node.started + 0.001 }
        .max { ($0.end, $1.node) < ($1.end, $0.node) }
    }
    nodes = chain.reversed()
  }
}

extension RecordedNode {
  /// When it was done; seconds since 1970.
  var end: Double { started + durationSeconds }
}
