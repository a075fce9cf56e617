import GraphCore

extension PlanReport {
  /// What runs, and what is behind it, in the language of Graphviz: a box for each node, filled where it runs, dashed while
  /// an input is not known; the chain that takes longest has thick borders.
  ///
  /// - Parameter verbose: also draws nodes whose results are there.
  public static func dot(_ plan: Plan, path: PlanPath, verbose: Bool) -> String {
    let critical = Set(path.nodes)
    let drawn = plan.needed.filter { verbose || plan.reason($0) != nil }
    let numbers = Set(drawn)
    var lines = ["digraph graph_plan {", "  rankdir=LR;", "  node [shape=box];"]
    for id in drawn {
      var attributes = [String]()
      switch plan[id] {
      case .run: attributes.append("style=filled, fillcolor=lightgreen")
      case .pending: attributes.append("style=dashed")
      case .cached, .unneeded: attributes.append("color=gray, fontcolor=gray")
      }
      if critical.contains(id) { attributes.append("penwidth=3") }
      if let seconds = path.seconds[id] {
        attributes.append("tooltip=\(QueryReport.quoted(Amounts.seconds(seconds)))")
      }
      lines.append("  \(QueryReport.quoted(plan.graph[id].name)) [\(attributes.joined(separator: ", "))];")
    }
    for id in drawn {
      for producer in plan.graph.dependencies(of: id) where numbers.contains(producer) {
        let isCritical = critical.contains(id) && critical.contains(producer)
        lines.append(
          "  \(QueryReport.quoted(plan.graph[producer].name)) -> \(QueryReport.quoted(plan.graph[id].name))"
            + (isCritical ? " [penwidth=3];" : ";"))
      }
    }
    return (lines + ["}"]).map { $0 + "\n" }.joined()
  }
}
