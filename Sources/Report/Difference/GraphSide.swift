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
    let marks = Marks(graph)
    let ids = Dictionary(
      graph.order.map { (graph.name(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
    keys = ids.mapValues(marks.deepKey)
    outputs = { _ in nil }
    preimage = { name in
      ids[name].map { Preimage(deepOf: graph[$0].action, producers: marks.deepKey) }
    }
    description = { name in ids[name].map { NodeDescription(graph[$0], in: graph) } }
  }
}
