import GraphCore

/// Messages about inputs for programs: all of them, in the order of their places.
public enum DiagnosticReport {
  /// Schema 1; members are sorted, and always there: `null` where there is no value.
  ///
  ///     { "schema": 1, "errors": integer, "warnings": integer,
  ///       "messages": [ { "severity": "error" | "warning" | "note", "rule": "cycle",
  ///                       "file", "line", "column", "endColumn": null for what has no place,
  ///                       "message", "hint", "source": the line } ] }
  ///
  /// Within schema 1 members may be added, but none renamed or removed. Lines and columns begin with 1; `endColumn` is
  /// the first one behind what is meant. Both count characters.
  public static func json(_ diagnostics: Diagnostics) -> String {
    let messages = diagnostics.sorted.map { diagnostic in
      let place = diagnostic.location
      return JSONValue.object([
        "severity": .string(diagnostic.severity.rawValue), "rule": .string(diagnostic.rule),
        "file": .text(place?.file), "line": place.map { .integer($0.line) } ?? .null,
        "column": place.map { .integer($0.column) } ?? .null,
        "endColumn": place.map { .integer(endColumn(diagnostic, $0)) } ?? .null,
        "message": .string(diagnostic.message), "hint": .text(diagnostic.hint),
        "source": .text(diagnostic.sourceLine),
      ])
    }
    func count(_ severity: Diagnostic.Severity) -> JSONValue {
      .integer(diagnostics.all.count { $0.severity == severity })
    }
    return JSONValue.object([
      "schema": .integer(1), "errors": count(.error), "warnings": count(.warning),
      "messages": .array(messages),
    ]).document
  }

  /// One run of SARIF 2.1.0 (OASIS). Paths inside the workspace are relative to `SRCROOT`; a file of a git repository is
  /// its address, with the path behind `#`. Columns count Unicode code points.
  ///
  /// - Parameter version: of the program.
  public static func sarif(_ diagnostics: Diagnostics, version: String) -> String {
    let sorted = diagnostics.sorted
    let rules = Set(sorted.map(\.rule)).sorted { $0.precedesInBytes($1) }
    let positions = Dictionary(uniqueKeysWithValues: rules.enumerated().map { ($1, $0) })
    let results = sorted.map { diagnostic -> JSONValue in
      var result: [String: JSONValue] = [
        "ruleId": .string(diagnostic.rule), "ruleIndex": .integer(positions[diagnostic.rule] ?? 0),
        "level": .string(diagnostic.severity.rawValue),
        "message": .object([
          "text": .string(diagnostic.message + (diagnostic.hint.map { "\n\($0)" } ?? ""))
        ]),
      ]
      if let location = diagnostic.location {
        result["locations"] = .array([.object(["physicalLocation": physicalLocation(diagnostic, location)])])
      }
      return .object(result)
    }
    return JSONValue.object([
      "$schema": .string("https://json.schemastore.org/sarif-2.1.0.json"), "version": .string("2.1.0"),
      "runs": .array([
        .object([
          "tool": .object([
            "driver": .object([
              "name": .string("graph"), "semanticVersion": .string(version),
              "rules": .array(
                rules.map { rule in
                  .object([
                    "id": .string(rule),
                    "shortDescription": .object(["text": .string(description(of: rule))]),
                  ])
                }),
            ])
          ]),
          "columnKind": .string("unicodeCodePoints"), "results": .array(results),
        ])
      ]),
    ]).document
  }

  private static func physicalLocation(_ diagnostic: Diagnostic, _ location: SourceLocation) -> JSONValue {
    let isRelative = !location.file.hasPrefix("/") && !location.file.contains("#")
    var artifact: [String: JSONValue] = ["uri": .string(uri(location.file))]
    if isRelative { artifact["uriBaseId"] = .string("SRCROOT") }
    var region: [String: JSONValue] = [
      "startLine": .integer(max(1, location.line)), "startColumn": .integer(max(1, location.column)),
      "endColumn": .integer(endColumn(diagnostic, location)),
    ]
    if let line = diagnostic.sourceLine { region["snippet"] = .object(["text": .string(line)]) }
    return .object(["artifactLocation": .object(artifact), "region": .object(region)])
  }

  private static func endColumn(_ diagnostic: Diagnostic, _ location: SourceLocation) -> Int {
    let (end, isTooFar) = max(1, location.column).addingReportingOverflow(max(1, diagnostic.length))
    return isTooFar ? .max : end
  }

  /// A path as a URI reference (RFC 3986): everything but unreserved characters and `/` escaped; an address stays as it
  /// is, but for what no URI can hold.
  private static func uri(_ file: String) -> String {
    let isAddress = file.contains("#")
    let kept = Set((isAddress ? "-._~/:@#?&=+,;%[]!$'()*" : "-._~/").utf8)
    let escaped = file.utf8.map { byte -> String in
      let isWord = (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
      if byte < 0x80, isWord || kept.contains(byte) { return String(UnicodeScalar(byte)) }
      return "%" + Hex.encode([byte]).uppercased()
    }.joined()
    return file.hasPrefix("/") ? "file://" + escaped : escaped
  }

  private static func description(of rule: String) -> String {
    switch rule {
    case "cccp": "A fault in cccp.yml"
    case "container": "A fault in container.yaml"
    case "cycle": "Targets that need each other"
    case "dangling-edge": "A parent that no entry declares"
    case "dockerfile": "A fault in a Dockerfile"
    case "index": "A fault in a file of index.d"
    case "limit": "More than graph takes"
    case "policy": "An input that the policy of graph.yml does not allow"
    case "self-edge": "An entry that declares itself as its parent"
    case "settings": "A fault in graph.yml"
    case "source": "A source that could not be brought"
    case "targets": "A fault in a file of graph.d"
    case "undeclared-edge": "A parent that is used and not declared"
    case "unknown-key": "A key that does not exist"
    case "unused-edge": "A declared parent that nothing uses"
    case "workspace": "A fault of the workspace as a whole"
    case "yaml": "Text that is not YAML"
    default: rule
    }
  }
}
