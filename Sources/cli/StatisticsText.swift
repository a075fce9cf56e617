import GraphCore
import Report
import Store

/// What `graph store stats` says.
enum StatisticsText {
  static func text(_ statistics: StoreStatistics) -> String {
    var rows = [["blobs", "", "content", "on disk", "saved"]]
    for form in statistics.forms where form.blobs > 0 {
      rows.append([form.name, "\(form.blobs)"] + sizes(form.contentBytes, form.storedBytes))
    }
    rows.append(["all", "\(statistics.blobs)"] + sizes(statistics.contentBytes, statistics.storedBytes))
    var lines = Columns.lines(rows)
    lines.append("")
    let shared = max(0, statistics.namedBytes - statistics.contentBytes)
    lines.append(
      "\(Amounts.counted(statistics.results, "result")) name \(Amounts.bytes(statistics.namedBytes)); \(Amounts.bytes(shared)) of that is there once and named more than once")
    if statistics.condemnedBytes > 0 {
      lines.append("\(Amounts.bytes(statistics.condemnedBytes)) wait to be removed: 'graph gc' says for what")
    }
    lines.append("")
    lines += Columns.lines(
      statistics.parts.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }.map { [$0.name, Amounts.bytes($0.bytes)] })
    if !statistics.largest.isEmpty {
      lines.append("")
      lines += Columns.lines(
        [["largest blobs", "on disk", "content", "kept", "of"]]
          + statistics.largest.map {
            [
              $0.digest.short, Amounts.bytes($0.storedBytes), Amounts.bytes($0.digest.size), $0.form,
              PlainText.oneLine($0.node ?? ""),
            ]
          })
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func sizes(_ content: Int64, _ stored: Int64) -> [String] {
    let saved = content > 0 ? max(0, (Double(content - stored) / Double(content) * 100).rounded()) : 0
    return [Amounts.bytes(content), Amounts.bytes(stored), "\(Int(saved)) %"]
  }

  /// `graph store stats --json`:
  ///
  ///     { "schema": 1,
  ///       "forms": [ { "name": "packed" "packed, compressed" "as it is" "compressed" "difference", "blobs",
  ///                    "contentBytes", "storedBytes" } ],
  ///       "totals": { "blobs", "contentBytes", "storedBytes", "results", "namedBytes", "condemnedBytes" },
  ///       "parts": [ { "name", "bytes" } ],                 folders and files of the store
  ///       "largest": [ { "digest", "form", "contentBytes", "storedBytes", "node": name or null } ] }
  static func json(_ statistics: StoreStatistics) -> String {
    JSONValue.object([
      "schema": .integer(1),
      "forms": .array(
        statistics.forms.map {
          .object([
            "name": .string($0.name), "blobs": .integer($0.blobs), "contentBytes": .integer(Int($0.contentBytes)),
            "storedBytes": .integer(Int($0.storedBytes)),
          ])
        }),
      "totals": .object([
        "blobs": .integer(statistics.blobs), "contentBytes": .integer(Int(statistics.contentBytes)),
        "storedBytes": .integer(Int(statistics.storedBytes)), "results": .integer(statistics.results),
        "namedBytes": .integer(Int(statistics.namedBytes)), "condemnedBytes": .integer(Int(statistics.condemnedBytes)),
      ]),
      "parts": .array(
        statistics.parts.map { .object(["name": .string($0.name), "bytes": .integer(Int($0.bytes))]) }),
      "largest": .array(
        statistics.largest.map {
          .object([
            "digest": .string("\($0.digest)"), "form": .string($0.form), "contentBytes": .integer(Int($0.digest.size)),
            "storedBytes": .integer(Int($0.storedBytes)), "node": .text($0.node),
          ])
        }),
    ]).document
  }
}
