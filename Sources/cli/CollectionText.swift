import GraphCore
import Report
import Store

/// What a collection says.
enum CollectionText {
  /// How many forgotten results are named.
  private static let namedMax = 20

  private static func explanation(_ reason: CollectionReport.Reason) -> String {
    switch reason {
    case .results: "of results that no kept run and no pin has"
    case .unnamed: "that no result names"
    case .files: "of blobs that are in no database: a process was killed"
    case .checkouts: "checked out, and not used lately"
    case .scratch: "of processes that are gone"
    case .answers: "remembered answers"
    case .graphs: "of compiled graphs"
    }
  }

  private static func noun(_ reason: CollectionReport.Reason) -> String {
    switch reason {
    case .results, .unnamed: "blob"
    case .files, .answers, .graphs: "file"
    case .checkouts: "checkout"
    case .scratch: "folder"
    }
  }

  static func text(_ report: CollectionReport, isDryRun: Bool, removedCaches: Int) -> String {
    var lines = [
      isDryRun
        ? "would remove \(Amounts.bytes(report.removedBytes))"
        : "removed \(Amounts.bytes(report.removedBytes))"
    ]
    for removal in report.removals {
      lines.append(
        "  \(Amounts.bytes(removal.bytes)): \(Amounts.counted(removal.count, noun(removal.reason))) \(explanation(removal.reason))"
      )
    }
    if removedCaches > 0 { lines.append("  \(Amounts.counted(removedCaches, "cache")) of commands") }
    if report.waiting.bytes > 0 {
      lines.append(
        "  \(Amounts.bytes(report.waiting.bytes)) more when these processes have ended: \(report.waiting.processes.joined(separator: ", "))"
      )
    }
    if !report.forgotten.isEmpty {
      lines.append("")
      lines.append(isDryRun ? "results that would be forgotten" : "results that were forgotten")
      for result in report.forgotten.prefix(namedMax) {
        let node = result.node.isEmpty ? "key \(result.key?.digest.short ?? "?")" : result.node
        lines.append(
          "  \(Amounts.bytes(result.bytes))  \(PlainText.oneLine(node))  made \(Times.text(result.finished))")
      }
      let rest = report.forgotten.dropFirst(namedMax)
      if !rest.isEmpty {
        lines.append(
          "  \(Amounts.bytes(rest.reduce(0) { $0 + $1.bytes }))  in \(rest.count) more; --json names them")
      }
    }
    lines.append("")
    lines.append(
      "kept: \(Amounts.bytes(report.keptBytes)) in \(Amounts.counted(report.keptBlobs, "blob")), for \(Amounts.counted(report.keptRuns.count, "run")) and \(Amounts.counted(report.keptPins.count, "pin"))"
    )
    if report.bases.count > 0 {
      lines.append(
        "  of that \(Amounts.bytes(report.bases.bytes)) only because later versions are stored as differences to it"
      )
    }
    if !report.givenUp.isEmpty {
      lines.append("  \(Amounts.counted(report.givenUp.count, "run")) given up for the size")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `graph gc --json`:
  ///
  ///     { "schema": 1, "dryRun",
  ///       "removals": [ { "reason": "results" "unnamed" "files" "checkouts" "scratch" "answers" "graphs",
  ///         "count", "bytes" } ],
  ///       "forgotten": [ { "node", "key", "finished", "bytes" } ],
  ///       "waiting": { "bytes", "processes": [] },
  ///       "kept": { "blobs", "bytes", "bases": { "blobs", "bytes" }, "runs": [], "pins": [], "givenUp": [] } }
  static func json(_ report: CollectionReport, isDryRun: Bool) -> String {
    JSONValue.object([
      "schema": .integer(1), "dryRun": .boolean(isDryRun),
      "removals": .array(
        report.removals.map {
          .object([
            "reason": .string($0.reason.rawValue), "count": .integer($0.count),
            "bytes": .integer(Int($0.bytes)),
          ])
        }),
      "forgotten": .array(
        report.forgotten.map {
          .object([
            "node": .text($0.node.isEmpty ? nil : $0.node), "key": .text($0.key?.digest.hex),
            "finished": .number($0.finished), "bytes": .integer(Int($0.bytes)),
          ])
        }),
      "waiting": .object([
        "bytes": .integer(Int(report.waiting.bytes)),
        "processes": .array(report.waiting.processes.map { .string($0) }),
      ]),
      "kept": .object([
        "blobs": .integer(report.keptBlobs), "bytes": .integer(Int(report.keptBytes)),
        "bases": .object([
          "blobs": .integer(report.bases.count), "bytes": .integer(Int(report.bases.bytes)),
        ]),
        "runs": .array(report.keptRuns.map { .integer(Int($0)) }),
        "pins": .array(report.keptPins.map { .string($0) }),
        "givenUp": .array(report.givenUp.map { .integer(Int($0)) }),
      ]),
    ]).document
  }
}
