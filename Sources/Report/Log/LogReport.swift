import GraphCore

/// The history as lists: of runs, and of what became of nodes. Takes plain values; where they are kept is not known
/// here.
public enum LogReport {
  /// One run.
  public struct Run: Hashable, Sendable {
    public var number: Int
    /// ISO 8601, as it is to be shown.
    public var time: String
    /// `build //app/...`.
    public var command: String
    /// `done`, `failed`, `interrupted`, …
    public var outcome: String
    public var counts: Counts
    public var wallSeconds: Double

    public init(
      number: Int, time: String, command: String, outcome: String, counts: Counts, wallSeconds: Double
    ) {
      (self.number, self.time, self.command) = (number, time, command)
      (self.outcome, self.counts, self.wallSeconds) = (outcome, counts, wallSeconds)
    }
  }

  /// How many nodes of a run came to what.
  public struct Counts: Hashable, Sendable {
    public var ran: Int
    public var cutOff: Int
    public var cached: Int
    public var failed: Int
    public var skipped: Int
    public var interrupted: Int
    public init(
      ran: Int = 0, cutOff: Int = 0, cached: Int = 0, failed: Int = 0, skipped: Int = 0, interrupted: Int = 0
    ) {
      (self.ran, self.cutOff, self.cached, self.failed, self.skipped) = (ran, cutOff, cached, failed, skipped)
      self.interrupted = interrupted
    }
  }

  /// What became of a node in a run.
  public struct NodeRow: Hashable, Sendable {
    public var run: Int
    public var time: String
    /// `Node.name`.
    public var node: String
    /// `ran`, `cut off`, `failed`, `skipped`, `interrupted`.
    public var outcome: String
    public var seconds: Double
    public var key: Key?
    /// The digest of its log, where there is one.
    public var log: Digest?

    public init(
      run: Int, time: String, node: String, outcome: String, seconds: Double, key: Key? = nil,
      log: Digest? = nil
    ) {
      (self.run, self.time, self.node, self.outcome) = (run, time, node, outcome)
      (self.seconds, self.key, self.log) = (seconds, key, log)
    }
  }

  /// A line for each run, in the order given.
  public static func text(_ runs: [Run], color: Bool) -> String {
    let rows = runs.map { run in
      [
        "\(run.number)", run.time, run.outcome, Amounts.seconds(run.wallSeconds), text(run.counts),
        run.command,
      ].map(PlainText.oneLine)
    }
    return table(
      ["run", "time", "outcome", "took", "nodes", "command"], rows, outcome: 2, Style(color: color))
  }

  /// A line for each node, in the order given.
  public static func text(_ nodes: [NodeRow], color: Bool) -> String {
    let rows = nodes.map { row in
      [
        "\(row.run)", row.time, row.outcome, Amounts.seconds(row.seconds), row.key?.digest.short ?? "-",
        row.node,
      ].map(PlainText.oneLine)
    }
    return table(["run", "time", "outcome", "took", "key", "node"], rows, outcome: 2, Style(color: color))
  }

  /// Schema 1: `{ "schema": 1, "runs": [ { "number", "time", "command", "outcome", "wallSeconds", "counts": { "ran",
  /// "cutOff", "cached", "failed", "skipped", "interrupted" } } ] }`.
  public static func json(_ runs: [Run]) -> String {
    let rows = runs.map { run in
      JSONValue.object([
        "number": .integer(run.number), "time": .string(run.time), "command": .string(run.command),
        "outcome": .string(run.outcome), "wallSeconds": .number(run.wallSeconds),
        "counts": .object([
          "ran": .integer(run.counts.ran), "cutOff": .integer(run.counts.cutOff),
          "cached": .integer(run.counts.cached), "failed": .integer(run.counts.failed),
          "skipped": .integer(run.counts.skipped), "interrupted": .integer(run.counts.interrupted),
        ]),
      ])
    }
    return JSONValue.object(["schema": .integer(1), "runs": .array(rows)]).document
  }

  /// Schema 1: `{ "schema": 1, "nodes": [ { "run", "time", "node", "outcome", "seconds", "key", "log" } ] }`, `key`
  /// and `log` being `null` where there is none, `log` in the form `sha256/size`.
  public static func json(_ nodes: [NodeRow]) -> String {
    let rows = nodes.map { row in
      JSONValue.object([
        "run": .integer(row.run), "time": .string(row.time), "node": .string(row.node),
        "outcome": .string(row.outcome), "seconds": .number(row.seconds), "key": .text(row.key?.description),
        "log": .text(row.log?.description),
      ])
    }
    return JSONValue.object(["schema": .integer(1), "nodes": .array(rows)]).document
  }

  /// `3 ran, 30 cached, 1 failed`; zeros are left out.
  private static func text(_ counts: Counts) -> String {
    let all = [
      (counts.ran, "ran"), (counts.cutOff, "cut off"), (counts.cached, "cached"), (counts.failed, "failed"),
      (counts.skipped, "skipped"), (counts.interrupted, "interrupted"),
    ]
    let parts = all.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return parts.isEmpty ? "none" : parts.joined(separator: ", ")
  }

  private static func table(_ head: [String], _ rows: [[String]], outcome: Int, _ style: Style) -> String {
    guard !rows.isEmpty else { return "nothing has run yet\n" }
    let lines = Columns.lines([head] + rows) { column, row, word in
      if row == 0 { return style.strong(word) }
      guard column == outcome else { return word }
      switch word {
      case "done", "ran": return style.good(word)
      case "failed": return style.bad(word)
      case "interrupted": return style.busy(word)
      default: return word
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }
}
