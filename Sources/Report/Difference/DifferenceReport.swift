import GraphCore

/// The answer of `graph diff`: what moved in the world, and what that did to the nodes.
public struct DifferenceReport: Sendable {
  private let heading: [String]
  private let moves: [Listings.Move]?
  private let difference: GraphDifference?
  private let sides: [String: JSONValue]

  /// Two runs.
  ///
  /// - Parameter moves: between their snapshots; `nil` where one of these is not kept.
  public init(
    _ old: RecordedRun, _ new: RecordedRun, moves: [Listings.Move]?, difference: GraphDifference
  ) {
    heading = [old, new].map { run in
      "run \(run.id)  \(Times.text(run.started))  \(run.state)  \(run.snapshot ?? "-")  \(PlainText.oneLine(run.command))"
    }
    (self.moves, self.difference) = (moves, difference)
    sides = [
      "kind": .string("runs"), "old": .string("\(old.id)"), "new": .string("\(new.id)"),
    ]
  }

  /// Two snapshots.
  ///
  /// - Parameter difference: of the graphs that the workspace is with them; `nil` where there is no workspace.
  public init(
    snapshots old: String, _ new: String, moves: [Listings.Move], difference: GraphDifference?
  ) {
    heading = ["snapshot \(old)", "snapshot \(new)"]
    (self.moves, self.difference) = (moves, difference)
    sides = ["kind": .string("snapshots"), "old": .string(old), "new": .string(new)]
  }

  public func text(verbose: Bool, color: Bool) -> String {
    let style = Style(color: color)
    var lines = [style.strong("from \(heading[0])"), style.strong("to   \(heading[1])"), ""]
    if let moves {
      lines += moves.isEmpty ? ["nothing moved"] : [style.strong("moved")] + moves.map { "  " + $0.line }
    } else {
      lines.append("what moved is not known: a snapshot of these runs is not kept")
    }
    lines.append("")
    var text = lines.map { $0 + "\n" }.joined()
    if let difference { text += difference.text(verbose: verbose, color: color) }
    return text
  }

  /// Schema 1; members are sorted, and always there: `null` where there is no value.
  ///
  ///     { "schema": 1, "kind": "runs" | "snapshots", "old", "new": number or name, as text,
  ///       "moves": [ { "kind": "git" | "image" | "fetch" | "tool", "subject", "old", "new" } ] or null,
  ///       and those of `GraphDifference.members`, each `null` where there is no workspace }
  ///
  /// Within schema 1 members may be added, but none renamed or removed.
  public func json() -> String {
    let names = ["causes", "added", "removed", "totals"]
    let none = Dictionary(uniqueKeysWithValues: names.map { ($0, JSONValue.null) })
    var members = sides.merging(difference?.members ?? none) { $1 }
    members["schema"] = .integer(1)
    members["moves"] = moves.map { .array($0.map(\.json)) } ?? .null
    return JSONValue.object(members).document
  }
}
