import GraphCore

/// What a query found, as lines, as a picture for Graphviz, and as counts. The JSON document is in QueryDocument.swift.
public struct QueryReport: Sendable {
  let graph: QueryGraph
  let answer: QueryEvaluator.Answer

  public init(_ graph: QueryGraph, _ answer: QueryEvaluator.Answer) {
    (self.graph, self.answer) = (graph, answer)
  }

  /// The name of each item on a line.
  ///
  /// - Parameter attributes: shown behind the names as columns; several values of one are joined by commas.
  public func text(showing attributes: [String]) -> String {
    let rows = answer.items.map { item in
      [PlainText.oneLine(graph.items[item].name)]
        + attributes.map { name in
          let values = graph.values(item, name)
          return values.isEmpty ? "-" : values.map(PlainText.oneLine).joined(separator: ",")
        }
    }
    if attributes.isEmpty { return rows.map { $0[0] + "\n" }.joined() }
    return Columns.lines(rows) { _, _, word in word }.map { $0 + "\n" }.joined()
  }

  /// How many items there are.
  public var count: String { "\(answer.items.count)\n" }

  /// Counts of items, edges and depths.
  public func summary() -> String {
    let summary = QuerySummary(graph, items: answer.items)
    var lines = [
      Amounts.counted(summary.items, "item"),
      "\(Amounts.counted(summary.edges, "edge")): \(summary.selfEdges) to itself, \(summary.danglingEdges) to what is not declared",
    ]
    for (depth, count) in summary.depths.enumerated() { lines.append("depth \(depth): \(count)") }
    if summary.circular > 0 { lines.append("in circles, or above one: \(summary.circular)") }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The items and the edges between them, in the language of Graphviz. Edges that are only declared are dashed, those that
  /// are only discovered dotted.
  public func dot() -> String {
    var lines = ["digraph graph_query {", "  rankdir=LR;", "  node [shape=box];"]
    for item in answer.items {
      let outside = graph.items[item].label == nil ? " [style=dashed]" : ""
      lines.append("  \(Self.quoted(graph.items[item].name))\(outside);")
    }
    for edge in edges {
      let style =
        edge.origin == .declared ? " [style=dashed]" : edge.origin == .discovered ? " [style=dotted]" : ""
      lines.append(
        "  \(Self.quoted(graph.items[edge.from].name)) -> \(Self.quoted(graph.items[edge.to].name))\(style);")
    }
    return (lines + ["}"]).map { $0 + "\n" }.joined()
  }

  /// Edges between items of the answer, and from them to what is outside of the workspace.
  var edges: [QueryGraph.Edge] {
    let set = QuerySet(capacity: graph.items.count, answer.items)
    return graph.edges.filter {
      set.contains($0.from) && (set.contains($0.to) || graph.items[$0.to].label == nil)
    }
  }

  static func quoted(_ name: String) -> String {
    var text = ""
    for character in PlainText.oneLine(name) {
      if character == "\"" || character == "\\" { text.append("\\") }
      text.append(character)
    }
    return "\"\(text)\""
  }
}
