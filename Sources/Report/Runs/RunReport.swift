import GraphCore

/// One run of the past: what it was, why it had work, what became of each node, and what decided how long it took.
public struct RunReport: Sendable {
  let row: RunsReport.Row
  let wanted: [String]
  let records: [RecordedNode]
  let descriptions: [String: NodeDescription]
  /// What the records differ in from what the same nodes had before.
  let difference: GraphDifference
  let path: RunPath

  /// - Throws: what the history throws, and `GraphError(.usage)` where there is no such run.
  public init(_ run: Int64, in history: any RunRecords) throws {
    guard let recorded = try history.run(run) else {
      throw GraphError(.usage, "there is no run \(run)", hint: "'graph runs' lists them")
    }
    row = RunsReport.Row(recorded, outcomes: try history.outcomes(ofRun: run))
    wanted = try history.wanted(byRun: run)
    records = try history.records(ofRun: run)
    var descriptions: [String: NodeDescription] = [:]
    var (before, after): ([String: RecordedNode], [String: RecordedNode]) = ([:], [:])
    for record in records {
      descriptions[record.node] = try history.description(ofNode: record.node, upTo: run)
      // Whatever had a key is to be explained, also what failed.
      guard record.key != nil else { continue }
      after[record.node] = record
      before[record.node] = try history.records(ofNode: record.node, upTo: run - 1, limit: Self.recordsMax)
        .first { $0.outcome.hasResult }
    }
    self.descriptions = descriptions
    let known = descriptions
    // What failed has no outputs to compare.
    let old = GraphSide(
      before.filter { after[$0.key]?.outcome.hasResult ?? false || $0.value.key != after[$0.key]?.key },
      history
    ) {
      try history.description(ofNode: $0, upTo: run - 1)
    }
    difference = try GraphDifference(from: old, to: GraphSide(after, history) { known[$0] })
    path = RunPath(records, descriptions)
  }

  /// How far back the result before is searched.
  private static let recordsMax = 100

  func title(_ name: String) -> String { NodeName.title(name, descriptions[name]) }

  /// - Parameter verbose: names every node.
  public func text(verbose: Bool, color: Bool) -> String {
    let style = Style(color: color)
    let run = row.run
    var facts = [["outcome", outcomeLine], ["started", Times.text(run.started)]]
    if let workspace = run.workspace { facts.append(["workspace", PlainText.oneLine(workspace)]) }
    if let snapshot = run.snapshot { facts.append(["snapshot", snapshot]) }
    facts.append(["nodes", row.counts])
    let emulated = records.count { $0.outcome == .ran && $0.emulator != nil }
    if emulated > 0 { facts.append(["emulated", "\(emulated)"]) }
    let stored = records.reduce(Int64(0)) { $0 &+ ($1.storedBytes ?? 0) }
    if stored > 0 { facts.append(["stored", Amounts.bytes(stored)]) }
    var lines = [style.strong("run \(run.id): \(PlainText.oneLine(run.command))")]
    lines += Columns.lines(facts, indent: "  ") + [""]
    var text = lines.map { $0 + "\n" }.joined()
    if !records.isEmpty {
      text += difference.text(verbose: verbose, color: color) + "\n"
      if path.nodes.count > 1 {
        text += style.strong("critical path, \(Amounts.seconds(path.seconds))") + "\n"
        text += pathLines.map { $0 + "\n" }.joined() + "\n"
      }
      text += style.strong("nodes") + "\n" + nodeLines(style).map { $0 + "\n" }.joined()
    }
    return text
  }

  private var outcomeLine: String {
    let run = row.run
    if run.outcome == nil { return run.state }
    var parts = ["after \(Amounts.seconds(run.wallSeconds))"]
    if let estimate = run.estimateSeconds, !records.isEmpty {
      parts.append("\(Amounts.seconds(estimate)) were expected")
    }
    if let jobs = run.jobs { parts.append(Amounts.counted(jobs, "job")) }
    return "\(run.state) \(parts.joined(separator: ", "))"
  }

  private var pathLines: [String] {
    Columns.lines(
      path.nodes.map { [Amounts.seconds($0.durationSeconds), title($0.node)] }, indent: "  ")
  }

  private func nodeLines(_ style: Style) -> [String] {
    let rows = records.map { record in
      let description = descriptions[record.node]
      let reason = record.message.map { PlainText.oneLine($0) } ?? record.reason ?? ""
      return [
        record.outcome.rawValue, description?.ruleName ?? "-", description?.architecture ?? "-",
        Amounts.seconds(record.durationSeconds), title(record.node), reason,
      ]
    }
    return Columns.lines(rows, indent: "  ") { column, _, word in column == 0 ? style.outcome(word) : word }
  }

  /// Schema 1; members are sorted, and always there: `null` where there is no value.
  ///
  ///     { "schema": 1, "run": as `RunsReport.json` has it, "wanted": [ name ],
  ///       "nodes": [ { "run", "time", "node", "outcome": "ran" | "cut off" | "found" | "failed" | "skipped" |
  ///                    "interrupted", "reason": as a plan has it, "seconds", "leaseSeconds", "key", "deepKey", "rule",
  ///                    "architecture", "emulator", "storedBytes", "log": "sha256/size",
  ///                    "message": how it failed, or because of which node it was skipped,
  ///                    "outputs": [ { "name", "kind", "digest", "size" } ] } ],
  ///       "criticalPath": { "seconds", "nodes": [ name ] }, and those of `GraphDifference.members` }
  ///
  /// Within schema 1 members may be added, but none renamed or removed.
  public func json() -> String {
    var members = difference.members
    members["schema"] = .integer(1)
    members["run"] = row.json
    members["wanted"] = .array(wanted.map { .string($0) })
    members["nodes"] = .array(records.map(json))
    members["criticalPath"] = .object([
      "seconds": .number(path.seconds), "nodes": .array(path.nodes.map { .string($0.node) }),
    ])
    return JSONValue.object(members).document
  }

  private func json(_ record: RecordedNode) -> JSONValue {
    let description = descriptions[record.node]
    return .object([
      "run": .integer(Int(record.run)), "time": .string(Times.text(record.started)),
      "node": .string(record.node), "outcome": .string(record.outcome.rawValue),
      "reason": .text(record.reason),
      "seconds": .number(record.durationSeconds), "leaseSeconds": .number(record.leaseSeconds),
      "key": .text(record.key?.description), "deepKey": .text(record.deepKey?.description),
      "rule": .text(description?.rule), "architecture": .text(description?.architecture),
      "emulator": .text(record.emulator),
      "storedBytes": record.storedBytes.map { .integer(Int($0)) } ?? .null,
      "log": .text(record.log?.description), "message": .text(record.message),
      "outputs": .array(
        record.outputs.sorted { $0.key.precedesInBytes($1.key) }.map { name, artifact in
          .object([
            "name": .string(name), "kind": .string(artifact.kind.rawValue),
            "digest": .string(artifact.digest.hex), "size": .integer(Int(artifact.digest.size)),
          ])
        }),
    ])
  }
}
