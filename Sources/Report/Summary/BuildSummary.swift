import GraphCore

/// What a run came to, said once at its end.
public enum BuildSummary {
  /// Of more labels than this, those that were up to date are only counted.
  public static let listedMax = 100

  /// What there is to say where everything was up to date, and that is more than anyone reads.
  public static func nothing(_ count: Int, color: Bool) -> String {
    Style(color: color).good("\(Amounts.counted(count, "target")) up to date, nothing to do") + "\n"
  }

  /// How many of the longest actions are named.
  static let longestMax = 5

  /// What was built, then the longest actions, what failed and what was interrupted, and the counts last.
  ///
  /// - Parameter wallSeconds: how long the run took, as its user saw it.
  /// - Returns: the empty text where nothing was planned.
  public static func text(_ record: RunRecord, wallSeconds: Double, color: Bool) -> String {
    guard let plan = record.plan else { return "" }
    let style = Style(color: color)
    let sections = [
      section("built", builtLines(record, plan), style),
      section("longest", longestLines(record, plan.graph), style),
      section("failed", failedLines(record.seriouslyFailed, record, plan.graph, style), style),
      section("failed, as they may", failedLines(record.allowedToFail, record, plan.graph, style), style),
      section("interrupted", interruptedLines(record, plan.graph), style),
      [totals(record, plan, wallSeconds: wallSeconds, style)],
    ]
    return sections.flatMap { $0 }.map { $0 + "\n" }.joined()
  }

  private static func section(_ title: String, _ lines: [String], _ style: Style) -> [String] {
    lines.isEmpty ? [] : [style.strong(title)] + lines.map { "  " + $0 }
  }

  /// A line for each label that a root delivers; a root that is no label's is named by its step.
  private static func builtLines(_ record: RunRecord, _ plan: Plan) -> [String] {
    let isLong = plan.roots.count > listedMax
    var seen: Set<NodeID> = []
    let roots = plan.roots.filter { seen.insert($0).inserted && !(isLong && record.finished[$0] == nil) }
    let unlisted = isLong ? Set(plan.roots).count - roots.count : 0
    let listed = Set(roots)
    let targets = Dictionary(
      grouping: plan.graph.targets.delivering(listed), by: { $0.value.node })
    // A check that passed is no news.
    let checks = Set(plan.graph.targets.delivering(listed).flatMap(\.value.checks))
    var rows: [[String]] = []
    for root in roots {
      let outputs = record.result(root)?.outputs
      func row(_ name: String, _ kind: String, _ output: String) -> [String] {
        let digest = outputs.map { $0[output]?.digest.hex ?? "made no '\(output)'" } ?? "not built"
        return [name, kind, digest + without(root, record, plan.graph)]
      }
      if let delivered = targets[root] {
        rows += delivered.sorted { $0.key < $1.key }.map {
          row("\($0.key)", $0.value.kind.rawValue, $0.value.output)
        }
      } else if outputs == nil || !checks.contains(root) {
        rows += plan.graph[root].action.outputs.map { row(plan.graph[root].title, $0.kind.rawValue, $0.name) }
      }
    }
    let more = unlisted > 0 ? ["and \(Amounts.counted(unlisted, "target")) that were up to date"] : []
    return Columns.lines(rows) + more
  }

  /// What a fan-in was made without.
  private static func without(_ id: NodeID, _ record: RunRecord, _ graph: GraphCore.Graph) -> String {
    guard graph[id].isFanIn, record.result(id) != nil else { return "" }
    let missing = graph.dependencies(of: id).filter { record.result($0) == nil && graph.isFailable($0) }
    let names = missing.map { graph[$0].label.architecture?.name ?? graph[$0].title }
    return names.isEmpty ? "" : " without \(names.joined(separator: ", "))"
  }

  private static func longestLines(_ record: RunRecord, _ graph: GraphCore.Graph) -> [String] {
    let longest = record.ran.map { (id: $0, seconds: record.finished[$0]?.seconds ?? 0) }
      .sorted { ($1.seconds, $0.id) < ($0.seconds, $1.id) }
      .prefix(longestMax)
    return timed(longest.map { ($0.seconds, graph[$0.id].title) })
  }

  private static func failedLines(
    _ nodes: [NodeID], _ record: RunRecord, _ graph: GraphCore.Graph, _ style: Style
  ) -> [String] {
    nodes.compactMap { id in
      guard case .failed(let failure) = record.finished[id]?.outcome else { return nil }
      let node = graph[id]
      let place = node.location.map { PlainText.oneLine("\($0)") + ": " } ?? ""
      let kind = failure.kind == .deterministic ? "" : " (\(failure.kind.rawValue))"
      return "\(place)\(style.bad(node.title)): \(PlainText.oneLine(failure.reason))\(kind)"
    }
  }

  private static func interruptedLines(_ record: RunRecord, _ graph: GraphCore.Graph) -> [String] {
    timed(record.interrupted.map { (record.finished[$0]?.seconds ?? 0, graph[$0].title) })
  }

  private static func timed(_ rows: [(seconds: Double, title: String)]) -> [String] {
    let times = rows.map { Amounts.seconds($0.seconds) }
    let width = times.map(\.count).max() ?? 0
    return zip(rows, times).map { "\(Columns.right($1, width: width))  \($0.title)" }
  }

  /// `3 ran, 5 cut off, 30 cached, 1 failed, 2 skipped in 12 s`; zeros are left out, but for what ran.
  private static func totals(_ record: RunRecord, _ plan: Plan, wallSeconds: Double, _ style: Style) -> String
  {
    let failed = record.seriouslyFailed.count
    let allowed = record.allowedToFail.count
    let optional = [
      (record.cutOff.count, "cut off"), (PlanTotals(plan).upToDate, "cached"), (failed, "failed"),
      (allowed, "failed as they may"),
      (record.skipped.count, "skipped"), (record.interrupted.count, "interrupted"),
    ]
    let parts = ["\(record.ran.count) ran"] + optional.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let line = "\(parts.joined(separator: ", ")) in \(Amounts.seconds(wallSeconds))"
    if failed > 0 { return style.bad(line) }
    if allowed > 0 { return style.busy("INCOMPLETE: \(line)") }
    return record.interrupted.isEmpty ? style.good(line) : style.busy(line)
  }
}
