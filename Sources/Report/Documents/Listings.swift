import GraphCore

/// The documents of commands whose text is a plain list. Schema 1 of each; members are sorted, and always there: `null`
/// where there is no value. Within schema 1 members may be added, but none renamed or removed.
public enum Listings {
  /// `graph ls --json`:
  ///
  ///     { "schema": 1,
  ///       "labels": [ { "label", "kind", "package", "name", "tag", "architecture",
  ///                     "declaredAt": file:line:column or null } ],
  ///       "unsupported": [ { "label", "kind", "reason", "place": "file:line:column" } ] }
  ///                           what is not made for an architecture, and why
  public static func labels(
    _ graph: GraphCore.Graph, _ labels: [Label], unsupported: [UnsupportedTarget] = []
  ) -> String {
    document(
      "labels",
      labels.map { label in
        let target = graph.targets[label]
        return [
          "label": .string(label.description), "kind": .text(target?.kind.rawValue),
          "package": .string(label.package), "name": .string(label.name), "tag": .text(label.tag),
          "architecture": .text(label.architecture?.name),
          "declaredAt": .text(target.flatMap { graph[$0.node].location }?.description),
        ]
      },
      ["unsupported": Self.unsupported(unsupported)])
  }

  /// What is not made for an architecture, as every document lists it.
  static func unsupported(_ targets: [UnsupportedTarget]) -> JSONValue {
    .array(
      targets.map {
        .object([
          "label": .string("\($0.label)"), "kind": .string($0.kind.rawValue), "reason": .string($0.reason),
          "place": .string("\($0.location)"),
        ])
      })
  }

  /// `graph snapshot show --json`, without a name: `{ "schema": 1, "snapshots": [ { "name" } ] }`, oldest first. With a
  /// name it is the snapshot itself, whose form is in `Resolve/Snapshot.swift`.
  public static func snapshots(_ names: [String]) -> String {
    document("snapshots", names.map { ["name": .string($0)] })
  }

  /// A fact that moved.
  public struct Move: Hashable, Sendable {
    public let kind: String
    public let subject: String
    public let old: String?
    public let new: String?
    public init(kind: String, subject: String, old: String?, new: String?) {
      (self.kind, self.subject, self.old, self.new) = (kind, subject, old, new)
    }

    /// `git https://example.org/x.git main: 1f0c -> 77aa`.
    public var line: String {
      PlainText.oneLine("\(kind) \(subject): \(old ?? "(none)") -> \(new ?? "(none)")")
    }

    var json: JSONValue {
      .object([
        "kind": .string(kind), "subject": .string(subject), "old": .text(old), "new": .text(new),
      ])
    }
  }

  /// `graph snapshot diff --json`: `{ "schema": 1, "moves": [ { "kind": "git" | "image" | "fetch" | "tool", "subject",
  /// "old", "new" } ] }`; `old` is `null` for a new fact, `new` for one that is gone.
  public static func moves(_ moves: [Move]) -> String {
    JSONValue.object(["schema": .integer(1), "moves": .array(moves.map(\.json))]).document
  }

  /// What `graph doctor` found of one thing.
  public struct Finding: Hashable, Sendable {
    public let verdict: String
    public let subject: String
    public let detail: String
    public let remedy: String?
    public init(verdict: String, subject: String, detail: String, remedy: String?) {
      (self.verdict, self.subject, self.detail, self.remedy) = (verdict, subject, detail, remedy)
    }
  }

  /// `graph doctor --json`: `{ "schema": 1, "findings": [ { "verdict": "ok" | "limited" | "missing", "subject", "detail",
  /// "remedy" } ] }`; `remedy` is a command, or `null`.
  public static func findings(_ findings: [Finding]) -> String {
    document(
      "findings",
      findings.map {
        [
          "verdict": .string($0.verdict), "subject": .string($0.subject), "detail": .string($0.detail),
          "remedy": .text($0.remedy),
        ]
      })
  }

  private static func document(
    _ name: String, _ rows: [[String: JSONValue]], _ more: [String: JSONValue] = [:]
  ) -> String {
    let own: [String: JSONValue] = ["schema": .integer(1), name: .array(rows.map { .object($0) })]
    return JSONValue.object(own.merging(more) { $1 }).document
  }
}
