import GraphCore

extension GraphDifference {
  /// How many nodes of a list are named, unless all are asked for.
  private static let namedMax = 20

  /// Root causes with old and new values, what follows as counts, and what is only on one side.
  ///
  /// - Parameter verbose: names every node.
  public func text(verbose: Bool, color: Bool) -> String {
    let style = Style(color: color)
    var lines: [String] = []
    if !causes.isEmpty {
      lines.append(style.strong("root causes"))
      for cause in causes {
        lines += Self.heads(cause).map { "  " + style.busy($0) }
        lines += Self.list(cause.nodes, verbose: verbose, indent: "    ")
        if cause.behind > 0 {
          lines.append(
            "    and \(Amounts.counted(cause.behind, "node")) behind \(cause.nodes.count == 1 ? "it" : "them")"
          )
        }
      }
      lines.append("")
    }
    for (title, nodes) in [("added", added), ("removed", removed)] where !nodes.isEmpty {
      lines.append(style.strong("\(title) (\(nodes.count))"))
      lines += Self.list(nodes, verbose: verbose, indent: "  ") + [""]
    }
    lines.append(style.strong(totals))
    return lines.map { $0 + "\n" }.joined()
  }

  private var totals: String {
    if isEmpty { return "no node differs" }
    let unstable = causes.filter { $0.kind == .notReproducible }.reduce(0) { $0 + $1.nodes.count }
    let parts = [
      (changedCount - cascadeCount, "changed of their own"), (cascadeCount, "behind them"),
      (added.count, "added"), (removed.count, "removed"), (unstable, "not reproducible"),
    ]
    return "nodes: " + parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }

  private static func heads(_ cause: Cause) -> [String] {
    switch cause.kind {
    case .changed: cause.changes.map(\.line)
    case .notReproducible: cause.changes.map { "not reproducible: the same key made another \($0.line)" }
    case .unknown: ["another key; what it was made of is not kept"]
    }
  }

  private static func list(_ nodes: [Named], verbose: Bool, indent: String) -> [String] {
    let shown = verbose || nodes.count <= namedMax ? nodes[...] : nodes.prefix(namedMax - 1)
    let rest = nodes.count - shown.count
    return shown.map { indent + $0.title } + (rest > 0 ? ["\(indent)and \(rest) more"] : [])
  }

  /// The members of every document about a difference:
  ///
  ///     "causes": [ { "kind": "changed" | "notReproducible" | "unknown",
  ///                   "changes": [ { "fact", "name", "old", "new", "origin", "madeBy" } ],
  ///                   "nodes": [ name ], "behind": integer } ],
  ///     "added": [ name ], "removed": [ name ],
  ///     "totals": { "changed", "cascade", "added", "removed", "notReproducible": integers }
  var members: [String: JSONValue] {
    let unstable = causes.filter { $0.kind == .notReproducible }.reduce(0) { $0 + $1.nodes.count }
    return [
      "causes": .array(
        causes.map { cause in
          .object([
            "kind": .string(cause.kind.rawValue), "changes": .array(cause.changes.map(\.json)),
            "nodes": .array(cause.nodes.map { .string($0.name) }), "behind": .integer(cause.behind),
          ])
        }),
      "added": .array(added.map { .string($0.name) }), "removed": .array(removed.map { .string($0.name) }),
      "totals": .object([
        "changed": .integer(changedCount), "cascade": .integer(cascadeCount), "added": .integer(added.count),
        "removed": .integer(removed.count), "notReproducible": .integer(unstable),
      ]),
    ]
  }
}
