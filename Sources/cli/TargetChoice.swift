import GraphCore

/// What the patterns of a command line mean in a graph.
struct TargetChoice {
  let graph: GraphCore.Graph
  /// The workspace's own.
  let architectures: [Architecture]

  /// Whether patterns mean everything there is.
  static func isEverything(_ patterns: [String]) -> Bool { patterns.isEmpty || patterns == ["//..."] }

  /// The nodes that bring what patterns mean up to date, each once; all where there is no pattern.
  func roots(_ patterns: [String]) throws -> [NodeID] {
    if Self.isEverything(patterns), !graph.targets.isEmpty { return Array(graph.roots) }
    var seen: Set<NodeID> = []
    return try targets(patterns).flatMap(\.target.roots).filter { seen.insert($0).inserted }
  }

  /// The targets that patterns mean, in label order; all where there is no pattern.
  ///
  /// - Parameter mayBeUnsupported: whether a pattern that means nothing but what is not made is no error.
  func targets(
    _ patterns: [String], mayBeUnsupported: Bool = false
  ) throws -> [(label: Label, target: GraphCore.Graph.Target)] {
    let parsed = try (patterns.isEmpty ? ["//..."] : patterns).map { try LabelPattern($0) }
    if graph.targets.isEmpty, Self.isEverything(patterns) {
      Console.note(
        "graph: nothing is declared yet: put entries into index.d, or bases and commands into graph.d")
      return []
    }
    var labels: Set<Label> = []
    for pattern in parsed {
      let matching = graph.labels(matching: pattern)
      if matching.isEmpty {
        guard mayBeUnsupported, graph.unsupported.contains(where: { pattern.matches($0.label) }) else {
          throw missing(pattern)
        }
      }
      labels.formUnion(matching)
    }
    return labels.sorted().compactMap { label in graph.targets[label].map { (label, $0) } }
  }

  /// What patterns mean, and is not made.
  func unsupported(_ patterns: [String]) throws -> [UnsupportedTarget] {
    let all = graph.unsupported
    if all.isEmpty { return [] }
    let parsed = try (patterns.isEmpty ? ["//..."] : patterns).map { try LabelPattern($0) }
    return all.filter { target in parsed.contains { $0.matches(target.label) } }
  }

  /// Says in one line that something of what was asked for is not made.
  func noteUnsupported(_ patterns: [String]) {
    guard let count = try? unsupported(patterns).count, count > 0 else { return }
    Console.note(
      "graph: \(count) \(count == 1 ? "target is" : "targets are") not made for an architecture: 'graph ls -l' says why"
    )
  }

  /// Why a pattern means nothing that can be built.
  func missing(_ pattern: LabelPattern) -> GraphError {
    let matching = graph.unsupported.filter { pattern.matches($0.label) }
    guard let first = matching.first else { return unknown(pattern) }
    return GraphError(
      .usage, "\(first.label) is not made: \(first.reason)",
      hint: (first.isDeclared ? "that is said at " : "it is named at ") + "\(first.location)"
        + (matching.count > 1 ? "; 'graph ls -l \(pattern)' says why not the others" : ""))
  }

  private func unknown(_ pattern: LabelPattern) -> GraphError {
    if let architecture = pattern.architecture, !architectures.contains(architecture) {
      return GraphError(
        .usage, "'\(pattern)' means nothing: the workspace is not built for \(architecture)",
        hint: "'arches' in graph.yml lists \(architectures.map(\.name).joined(separator: ", "))")
    }
    let names = graph.targets.keys.map(\.description)
    let plain = graph.targets.keys.map { Label(package: $0.package, name: $0.name).description }
    let near =
      Nearest.match(for: pattern.description, among: Set(plain).sorted())
      ?? Nearest.match(for: pattern.description, among: names.sorted())
      ?? Nearest.match(
        for: pattern.exactLabel?.withoutArchitecture.description ?? pattern.description,
        among: Set(graph.targets.keys.map(\.withoutArchitecture.description)).sorted())
    return GraphError(
      .usage, "no target matches '\(pattern)'",
      hint: near.map { "did you mean '\($0)'?" } ?? "'graph ls' lists all targets")
  }
}
