import GraphCore

/// What an advisory means for images, as text for people and as a document for programs.
public struct EscalationReport: Sendable {
  private let escalation: Escalation

  public init(_ escalation: Escalation) { self.escalation = escalation }

  public func text(color: Bool) -> String {
    let style = Style(color: color)
    var lines: [String] = []
    for notice in escalation.notices {
      let facts = [notice.type, notice.severity].filter { !$0.isEmpty }.joined(separator: ", ")
      lines.append(
        style.strong(PlainText.oneLine("\(notice.id)\(facts.isEmpty ? "" : " (\(facts))"): \(notice.title)")))
      if !notice.cves.isEmpty { lines.append("  " + PlainText.oneLine(notice.cves.joined(separator: ", "))) }
    }
    for batch in Set(escalation.affected.map(\.batch)).sorted() {
      lines += ["", style.strong("batch \(batch)")]
      let rows = escalation.affected.filter { $0.batch == batch }.flatMap { image in
        image.findings.map { finding in
          [
            "\(image.label)", "\(finding.package.name)-\(finding.package.evra)",
            "fixed in \(finding.fixedIn.hasPrefix("0:") ? String(finding.fixedIn.dropFirst(2)) : finding.fixedIn)",
            finding.path.count > 1
              ? "by \(finding.path.dropLast().map { "\($0)" }.joined(separator: ", "))" : "directly",
          ]
        }
      }
      lines += Columns.lines(rows.map { $0.map(PlainText.oneLine) }, indent: "  ")
    }
    lines += ["", style.strong(summary)]
    return lines.map { $0 + "\n" }.joined()
  }

  /// `2 images are affected, 1 has the fix already; of 1 nothing is known`.
  private var summary: String {
    let count = escalation.affected.count
    var text =
      count == 0
      ? "no image is affected" : "\(Amounts.counted(count, "image")) \(count == 1 ? "is" : "are") affected"
    let fixed = escalation.fixed.count
    if fixed > 0 { text += ", \(fixed) \(fixed == 1 ? "has" : "have") the fix already" }
    if !escalation.unknown.isEmpty {
      text += "; of \(escalation.unknown.count) nothing is known: 'graph lock //...' solves their locks"
    }
    return text
  }

  /// Schema 1; members are sorted, and always there.
  ///
  ///     { "schema": 1,
  ///       "advisories": [ { "id", "type", "severity", "title", "cves": [ name ] } ],
  ///       "affected": [ { "label", "batch": integer from 1,
  ///                       "packages": [ { "name", "evra", "fixedIn": EVR, "path": [ label ] } ] } ],
  ///       "fixed": [ label ], "unknown": integer }
  ///
  /// Within schema 1 members may be added, but none renamed or removed.
  public func json() -> String {
    JSONValue.object([
      "schema": .integer(1),
      "advisories": .array(
        escalation.notices.map {
          .object([
            "id": .string($0.id), "type": .string($0.type), "severity": .string($0.severity),
            "title": .string($0.title), "cves": .array($0.cves.map { .string($0) }),
          ])
        }),
      "affected": .array(
        escalation.affected.map { image in
          .object([
            "label": .string("\(image.label)"), "batch": .integer(image.batch),
            "packages": .array(
              image.findings.map {
                .object([
                  "name": .string($0.package.name), "evra": .string($0.package.evra),
                  "fixedIn": .string($0.fixedIn),
                  "path": .array($0.path.map { .string("\($0)") }),
                ])
              }),
          ])
        }),
      "fixed": .array(escalation.fixed.map { .string("\($0)") }),
      "unknown": .integer(escalation.unknown.count),
    ]).document
  }
}
