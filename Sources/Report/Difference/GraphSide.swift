import GraphCore

/// One side of a comparison: nodes by name, and what is known of each. Only what differs is asked for more than its key.
public struct GraphSide {
  /// By `Node.name`.
  let keys: [String: Key]
  /// What a node made; `nil` where that is not part of the comparison.
  let outputs: (String) -> [String: Artifact]?
  let preimage: (String) throws -> Preimage?
  let description: (String) throws -> NodeDescription?

  /// The nodes that a run was about, with the results that they had when it ended.
  ///
  /// - Throws: what the history throws.
  public init(asOf run: Int64, in history: any RunRecords) throws {
    let results = try history.results(upTo: run)
    let descriptions = try history.descriptions(upTo: run)
    var reached: Set<String> = []
    var open = try history.wanted(byRun: run)
    while let name = open.popLast() {
      guard reached.insert(name).inserted else { continue }
      open += descriptions[name]?.producers ?? []
    }
    // A run of an older version does not say what it was about.
    let isKnown = !reached.isEmpty
    self.init(results.filter { !isKnown || reached.contains($0.key) }, history) { descriptions[$0] }
  }

  /// Some results of nodes.
  init(
    _ records: [String: RecordedNode], _ history: any RunRecords,
    description: @escaping (String) throws -> NodeDescription?
  ) {
    keys = records.compactMapValues(\.key)
    outputs = { records[$0]?.outputs }
    preimage = { try records[$0]?.key.flatMap(history.preimage) }
    self.description = description
  }

  /// The nodes of a graph, by what they are made from: no result is looked at.
  public init(_ graph: GraphCore.Graph) {
    var deepKeys: [Key] = []
    var ids: [String: NodeID] = [:]
    for id in graph.order {
      let node = graph[id]
      deepKeys.append(Planner.deepKey(of: node.action) { deepKeys[Int($0.index)] })
      ids[node.name] = id
    }
    let known = (keys: deepKeys, ids: ids)
    keys = ids.mapValues { known.keys[Int($0.index)] }
    outputs = { _ in nil }
    preimage = { name in
      known.ids[name].map { Planner.deepPreimage(of: graph[$0].action) { known.keys[Int($0.index)] } }
    }
    description = { name in known.ids[name].map { NodeDescription(graph[$0], in: graph) } }
  }
}
