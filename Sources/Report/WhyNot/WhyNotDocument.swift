import GraphCore

extension WhyNotReport {
  /// The answers for programs. Schema 1; members are sorted, and always there: `null` where there is no value.
  ///
  ///     { "schema": 1,
  ///       "nodes": [ { "name", "verdict": "upToDate" | "runs" | "pending" | "ran" | "leftAlone" | "cutOff" | "skipped" |
  ///                    "interrupted" | "notAsked" | "unknown",
  ///                    "run": that the verdict is about, "reason": as a plan has it, "because": the node that failed,
  ///                    "message",
  ///                    "result": { "key", "deepKey", "run", "time", "command", "seconds", "emulator",
  ///                                "equalLeaves": boolean } or null,
  ///                    "leaves": { KIND: integer },
  ///                    "pins": { "snapshot", "counts": { KIND: integer } } or null,
  ///                    "cutOffs": [ { "node", "run", "before", "steps": as `why --json` has them } ],
  ///                    "inputs": [ { "path", "verdict": "input" | "manifest" | "ignored" | "notTaken" | "elsewhere" |
  ///                                  "pinned" | "unread" | "outside" | "missing",
  ///                                  "digest", "by": the file that leaves it out, "labels": [ label ],
  ///                                  "readers": [ { "node", "equal": boolean } ] } ] } ],
  ///       "notMade": [ { "label", "kind", "reason", "place": "file:line:column" } ] }
  ///                                     what was asked for and is not made for an architecture
  ///
  /// Within schema 1 members may be added, but none renamed or removed.
  public static func json(_ reports: [WhyNotReport], notMade: [UnsupportedTarget]) -> String {
    JSONValue.object([
      "schema": .integer(1), "nodes": .array(reports.map(\.json)), "notMade": Listings.unsupported(notMade),
    ]).document
  }

  private var json: JSONValue {
    let kind: String
    var run: Int64?
    var (reason, because, message): (String?, String?, String?) = (nil, nil, nil)
    switch verdict {
    case .upToDate: kind = "upToDate"
    case .runs(let why, let isPending): (kind, reason) = (isPending ? "pending" : "runs", why.rawValue)
    case .ran(let number): (kind, run) = ("ran", number)
    case .leftAlone(let number): (kind, run) = ("leftAlone", number)
    case .cutOff(let number): (kind, run) = ("cutOff", number)
    case .skipped(let number, let cause, let text):
      (kind, run, because, message) = ("skipped", number, cause.name, text)
    case .interrupted(let number): (kind, run) = ("interrupted", number)
    case .notAsked(let number, let command): (kind, run, message) = ("notAsked", number, command)
    case .unknown: kind = "unknown"
    }
    return .object([
      "name": .string(name), "verdict": .string(kind), "run": run.map { .integer(Int($0)) } ?? .null,
      "reason": .text(reason), "because": .text(because), "message": .text(message),
      "result": result.map(Self.json) ?? .null, "leaves": Self.json(leaves),
      "pins": pins.map { .object(["snapshot": .text($0.snapshot), "counts": Self.json($0.counts)]) } ?? .null,
      "cutOffs": .array(
        cutOffs.map { cutOff in
          .object([
            "node": .string(cutOff.node.name), "run": .integer(Int(cutOff.run)),
            "before": .integer(Int(cutOff.before)), "steps": cutOff.why.stepsJSON,
          ])
        }),
      "inputs": .array(findings.map(\.json)),
    ])
  }

  private static func json(_ result: Result) -> JSONValue {
    .object([
      "key": .text(result.record.key?.description), "deepKey": .text(result.record.deepKey?.description),
      "run": .integer(Int(result.record.run)), "time": .text(result.run.map { Times.text($0.started) }),
      "command": .text(result.run?.command), "seconds": .number(result.record.durationSeconds),
      "emulator": .text(result.record.emulator), "equalLeaves": .boolean(result.hasEqualLeaves),
    ])
  }

  private static func json(_ counts: [(kind: GraphInput.Kind, count: Int)]) -> JSONValue {
    .object(
      Dictionary(
        counts.map { ($0.kind.rawValue, .integer($0.count)) }, uniquingKeysWith: { first, _ in first }))
  }
}

extension WhyNotReport.Finding {
  var json: JSONValue {
    var (digest, by): (String?, String?)
    var labels: [Label] = []
    let kind: String
    switch finding.verdict {
    case .input(let content, _): (kind, digest) = ("input", content.description)
    case .manifest: kind = "manifest"
    case .ignored(let file, let label): (kind, by, labels) = ("ignored", file, [label])
    case .notTaken(let label, _, _): (kind, labels) = ("notTaken", [label])
    case .elsewhere(let others): (kind, labels) = ("elsewhere", others)
    case .pinned(let label, _, _, let commit): (kind, labels, digest) = ("pinned", [label], commit)
    case .unread: kind = "unread"
    case .outside: kind = "outside"
    case .missing: kind = "missing"
    }
    return .object([
      "path": .string(finding.path), "verdict": .string(kind), "digest": .text(digest), "by": .text(by),
      "labels": .array(labels.map { .string("\($0)") }),
      "readers": .array(
        readers.map { .object(["node": .string($0.node.name), "equal": .boolean($0.isEqual)]) }),
    ])
  }
}
