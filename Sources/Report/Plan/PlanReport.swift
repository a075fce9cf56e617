import GraphCore

/// A plan as text for people and as a document for programs.
///
/// Neither depends on where it is shown: the same plan is the same text, but for colour where it is asked for.
public enum PlanReport {
  /// Root causes with what is behind them, then a line for each node, then the totals.
  ///
  /// - Parameter estimateSeconds: how long the run takes by history.
  /// - Parameter path: the chain that takes longest; named where it is longer than one node and one second.
  /// - Parameter verbose: also lists nodes whose results are there, and the longest chain however short.
  /// - Parameter unsupported: what of the wanted is not made for an architecture.
  /// - Parameter forecast: what the work takes besides time.
  /// - Parameter moves: of packages, as far as they are foreseen.
  /// - Cost: O(nodes + edges) for each distinct cause.
  public static func text(
    _ plan: Plan, estimateSeconds: Double, path: PlanPath? = nil, verbose: Bool, color: Bool,
    unsupported: [UnsupportedTarget] = [], forecast: PlanForecast? = nil, moves: [LockMoves] = []
  ) -> String {
    let style = Style(color: color)
    var lines: [String] = []
    if plan.hasWork { lines += causeLines(plan, style) + [""] }
    for section in [
      MovesReport(plan, moves).lines(verbose: verbose, style), MovesReport.failures(plan, style),
    ]
    where !section.isEmpty {
      lines += section + [""]
    }
    let nodes = nodeLines(plan, verbose: verbose, style)
    if !nodes.isEmpty { lines += [style.strong("nodes")] + nodes + [""] }
    let missing = UnsupportedReport.lines(unsupported, style)
    if !missing.isEmpty { lines += missing + [""] }
    if let path, !path.nodes.isEmpty, verbose || (path.nodes.count > 1 && path.total > 1) {
      lines += [style.strong("critical path, \(Amounts.seconds(path.total))")] + path.lines(plan.graph) + [""]
    }
    lines.append(style.strong(PlanTotals(plan).line(estimateSeconds: estimateSeconds)))
    let staying = plan.toRun.count { plan.stays($0) }
    if staying > 0 {
      lines.append(
        "\(Amounts.counted(staying, "node")) of those that run only \(staying == 1 ? "confirms" : "confirm") what is there"
      )
    }
    if let line = forecast?.line { lines.append(line) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func causeLines(_ plan: Plan, _ style: Style) -> [String] {
    var lines = [style.strong("root causes")]
    for group in Causes(plan).groups {
      if group.kind == .changed {
        lines += group.changes.map { "  " + style.busy($0.line) }
      } else {
        lines.append("  " + style.busy(group.kind.text))
      }
      lines += group.nodes.map { "    " + plan.graph[$0].title }
      if let behind = behindText(group) { lines.append("    " + behind) }
    }
    return lines
  }

  /// `and 14 nodes that wait for it: 9 run, up to 5 more unless cut off`.
  private static func behindText(_ group: Causes.Group) -> String? {
    let count = group.certain + group.possible
    if count == 0 { return nil }
    let start =
      "and \(Amounts.counted(count, "node")) that \(count == 1 ? "waits" : "wait") for \(group.nodes.count == 1 ? "it" : "them")"
    switch (group.certain, group.possible) {
    case (_, 0): return "\(start): \(group.certain) run"
    case (0, _): return "\(start): up to \(group.possible) run unless cut off"
    default: return "\(start): \(group.certain) run, up to \(group.possible) more unless cut off"
    }
  }

  private static func nodeLines(_ plan: Plan, verbose: Bool, _ style: Style) -> [String] {
    var decisions: [DecisionKind] = []
    let rows = (verbose ? plan.needed : plan.work).compactMap { id -> [String]? in
      guard let kind = DecisionKind(plan[id]), verbose || !plan.stays(id) else { return nil }
      decisions.append(kind)
      let node = plan.graph[id]
      return [
        kind.rawValue, node.action.rule.name, node.architectureText,
        node.title + marks(node), reasonText(plan, id),
      ]
    }
    return Columns.lines(rows, indent: "  ") { column, row, word in
      guard column == 0 else { return word }
      switch decisions[row] {
      case .cached: return style.faint(word)
      case .run: return style.good(word)
      case .pending: return style.busy(word)
      }
    }
  }

  /// What a reader has to know of a node's result: `(opaque, cache)`.
  private static func marks(_ node: Node) -> String {
    let marks = (node.isOpaque ? ["opaque"] : []) + (node.action.usesCache ? ["cache"] : [])
    return marks.isEmpty ? "" : " (\(marks.joined(separator: ", ")))"
  }

  /// One line: why a node runs, or will.
  static func reasonText(_ plan: Plan, _ id: NodeID) -> String {
    switch plan.reason(id) {
    case nil: return ""
    case .changed(let changes):
      let subjects = FactChange.all(changes, of: plan.graph[id], in: plan.graph).map(\.subject)
      let more = subjects.count > 1 ? " and \(subjects.count - 1) more" : ""
      return "changed: \(subjects.first ?? "")\(more)"
    case .cascade(let producers):
      let first = producers.first.map { plan.graph[$0].title } ?? ""
      return "waits for \(first)" + (producers.count > 1 ? " and \(producers.count - 1) more" : "")
    case .some(let other):
      return other.kind.text
    }
  }
}

/// What a plan decided about a node that somebody needs.
enum DecisionKind: String {
  case cached, run, pending

  /// `nil` for what nobody needs.
  init?(_ decision: Plan.Decision) {
    switch decision {
    case .cached: self = .cached
    case .run: self = .run
    case .pending: self = .pending
    case .unneeded: return nil
    }
  }
}
