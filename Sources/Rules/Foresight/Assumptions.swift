import GraphCore

extension RuleForesight {
  /// What the repositories below some nodes would be with packages that are not there.
  ///
  /// - Parameters:
  ///   - roots: what is planned.
  ///   - marks: of the graph.
  /// - Returns: by the node that makes a repository's metadata, what it would make.
  /// - Throws: `GraphError(.usage)` where no repository has such a package, or none was made yet; what cache and store throw.
  public func assume(
    _ packages: [AssumedPackage], in graph: Graph, below roots: [NodeID], _ cache: any ActionCache,
    _ marks: Marks
  ) throws -> [NodeID: [String: Artifact]] {
    var sources: Set<OutputReference> = []
    for id in graph.closure(of: roots) where graph[id].action.rule == LockOperation.rule {
      for input in graph[id].action.inputs where input.role.hasPrefix("repository/") {
        if case .output(let node, let output) = input.source {
          sources.insert(OutputReference(node: node, output: output))
        }
      }
    }
    var assumed: [NodeID: [String: Artifact]] = [:]
    var isAnyKnown = false
    for source in sources {
      guard var outputs = try cache.result(ofDeep: marks.deepKey(source.node))?.outputs,
        let tree = outputs[source.output]
      else { continue }
      isAnyKnown = true
      outputs[source.output] = try AssumedRepository(tree, store: store).tree(with: packages)
      if outputs[source.output] != nil { assumed[source.node] = outputs }
    }
    if assumed.isEmpty {
      throw isAnyKnown
        ? GraphError(
          .usage,
          "no repository that is used here has an older '\(packages.map(\.name).joined(separator: "', '"))'",
          hint: "'graph lock' lists the packages that images have")
        : GraphError(
          .usage, "what the repositories hold is not known yet",
          hint: "'graph lock //...' fetches their metadata and solves all locks")
    }
    return assumed
  }
}
