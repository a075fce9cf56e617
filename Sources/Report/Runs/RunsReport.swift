import GraphCore

/// The list of runs. Takes what the history says; where that is kept is not known here.
public enum RunsReport {
  /// One run with how many nodes came to what.
  public struct Row: Hashable, Sendable {
    public var run: RecordedRun
    public var outcomes: [RecordedNode.Outcome: Int]

    public init(_ run: RecordedRun, outcomes: [RecordedNode.Outcome: Int]) {
      (self.run, self.outcomes) = (run, outcomes)
    }

    func count(_ outcome: RecordedNode.Outcome) -> Int { outcomes[outcome] ?? 0 }

    /// `3 ran, 30 cached, 1 failed`; zeros are left out.
    var counts: String {
      let all = [
        (count(.ran), "ran"), (count(.cutOff), "cut off"), (run.upToDate ?? 0, "cached"),
        (count(.found), "found again"), (count(.failed), "failed"), (count(.skipped), "skipped"),
        (count(.interrupted), "interrupted"),
      ]
      let parts = all.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
      return parts.isEmpty ? "none" : parts.joined(separator: ", ")
    }

    /// The members of a run in every document: see `RunsReport.json`.
    var json: JSONValue {
      .object([
        "number": .integer(Int(run.id)), "time": .string(Times.text(run.started)),
        "command": .string(run.command),
        "outcome": .string(run.state), "wallSeconds": .number(run.wallSeconds),
        "workspace": .text(run.workspace), "snapshot": .text(run.snapshot),
        "jobs": run.jobs.map { .integer($0) } ?? .null,
        "estimateSeconds": run.estimateSeconds.map { .number($0) } ?? .null,
        "counts": .object([
          "ran": .integer(count(.ran)), "cutOff": .integer(count(.cutOff)),
          "cached": .integer(run.upToDate ?? 0), "found": .integer(count(.found)),
          "failed": .integer(count(.failed)), "skipped": .integer(count(.skipped)),
          "interrupted": .integer(count(.interrupted)),
        ]),
      ])
    }
  }

  /// A line for each run, in the order given.
  public static func text(_ rows: [Row], color: Bool) -> String {
    let style = Style(color: color)
    if rows.isEmpty { return "nothing has run yet\n" }
    let head = ["run", "time", "outcome", "took", "nodes", "command"]
    let lines = rows.map { row in
      [
        "\(row.run.id)", Times.text(row.run.started), row.run.state, Amounts.seconds(row.run.wallSeconds),
        row.counts, row.run.command,
      ].map(PlainText.oneLine)
    }
    return Columns.lines([head] + lines) { column, row, word in
      if row == 0 { return style.strong(word) }
      return column == 2 ? style.outcome(word) : word
    }.map { $0 + "\n" }.joined()
  }

  /// Schema 1; members are sorted, and always there: `null` where there is no value.
  ///
  ///     { "schema": 1, "runs": [ run ] }
  ///     run: { "number", "time": ISO 8601, "command", "workspace", "snapshot", "jobs", "wallSeconds",
  ///            "outcome": "done" | "incomplete" | "failed" | "interrupted" | "killed" | "running",
  ///            "estimateSeconds": what its plan said, "counts": { "ran", "cutOff", "cached": results that were there,
  ///            "found": results that were there and other ones than before, "failed", "skipped", "interrupted" } }
  ///
  /// Within schema 1 members may be added, but none renamed or removed.
  public static func json(_ rows: [Row]) -> String {
    JSONValue.object(["schema": .integer(1), "runs": .array(rows.map(\.json))]).document
  }
}

extension RecordedRun {
  /// Its outcome, or that it goes on.
  var state: String { outcome ?? "running" }

  /// From its start to its end; 0 as long as it has none.
  var wallSeconds: Double { max(0, (finished ?? started) - started) }

  /// `run 5 (2026-11-21T04:04:36Z)`.
  var moment: String { "run \(id) (\(Times.text(started)))" }
}

extension Style {
  /// The word for what became of a run or a node.
  func outcome(_ word: String) -> String {
    switch word.trimmingSpaces {
    case "done", "ran": good(word)
    case "failed", "killed": bad(word)
    case "interrupted", "incomplete", "running": busy(word)
    default: word
    }
  }
}

extension String {
  /// Columns are padded before they are coloured.
  fileprivate var trimmingSpaces: String { String(prefix { $0 != " " }) }
}
