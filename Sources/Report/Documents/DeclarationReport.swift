import GraphCore

/// The merged declaration of a target as YAML with comments, and as a document for programs.
public struct DeclarationReport: Sendable {
  private let declarations: [TargetDeclaration]

  public init(_ declarations: [TargetDeclaration]) { self.declarations = declarations }

  /// A YAML document for each target; behind each value stands where it was written, or `default`.
  public func text() -> String {
    declarations.map { declaration in
      var lines = [Line("# \(declaration.label): \(declaration.kind)")]
      for section in declaration.sections {
        lines.append(Line("\(section.name):", section.location?.description ?? ""))
        if section.members.isEmpty { lines.append(Line("  {}")) }
        for member in section.members { lines += Self.lines(member, indent: 2) }
      }
      return Self.aligned(lines)
    }.joined(separator: "---\n")
  }

  private struct Line {
    let text: String
    let comment: String
    init(_ text: String, _ comment: String = "") { (self.text, self.comment) = (text, comment) }
  }

  // Longer lines do not push the comments of the others to the right.
  private static let widthMax = 56

  private static func aligned(_ lines: [Line]) -> String {
    let width = lines.filter { !$0.comment.isEmpty }.map(\.text.count).filter { $0 <= widthMax }.max() ?? 0
    return lines.map { line in
      if line.comment.isEmpty { return line.text + "\n" }
      return line.text + Columns.padding(width - line.text.count) + "  # " + line.comment + "\n"
    }.joined()
  }

  private static func place(_ value: DeclaredValue) -> String {
    value.location.map { PlainText.oneLine($0.description) } ?? "default"
  }

  private static func lines(_ member: DeclaredValue.Member, indent: Int) -> [Line] {
    lines("\(Columns.padding(indent))\(scalar(member.key)):", member.value, indent: indent)
  }

  /// A value behind its key or hyphen.
  private static func lines(_ head: String, _ value: DeclaredValue, indent: Int) -> [Line] {
    switch value.content {
    case .nothing: return [Line("\(head) null", place(value))]
    case .text(let text): return [Line("\(head) \(scalar(text))", place(value))]
    case .list(let elements):
      if elements.isEmpty { return [Line("\(head) []", place(value))] }
      return [Line(head)]
        + elements.flatMap { lines("\(Columns.padding(indent + 2))-", $0, indent: indent + 2) }
    case .mapping(let members):
      if members.isEmpty { return [Line("\(head) {}", place(value))] }
      return [Line(head)] + members.flatMap { lines($0, indent: indent + 2) }
    }
  }

  /// Text as a YAML scalar on one line: plain where it cannot be read as anything else.
  static func scalar(_ text: String) -> String {
    let isPlain =
      text.utf8.first.map { (0x2f...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || $0 == 0x2e }
      ?? false
    let isSafe = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20) || "_./@+-:=".utf8.contains(byte)
    }
    if isPlain, isSafe, text.utf8.last != 0x3a, !["null", "Null", "NULL"].contains(text) { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      default:
        if PlainText.visible(scalar) == [scalar] {
          quoted.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16)
          quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        }
      }
    }
    return quoted + "\""
  }

  /// Schema 1; members are sorted, and always there: `null` where there is no value.
  ///
  ///     { "schema": 1,
  ///       "targets": [ { "label", "kind",
  ///                      "sections": [ { "name": "entry" | "options" | "cccp" | "workspace" | a kind,
  ///                                      "location": file:line:column, or null where places are merged,
  ///                                      "values": [ value ] } ] } ] }
  ///
  ///     value: { "path": [ key or position ],       of the value in its section
  ///              "value": text, or null; an empty list or mapping as [] or {},
  ///              "location": file:line:column, or null for a default,
  ///              "default": boolean }
  ///
  /// Lists and mappings are taken apart, so that each text has its place. Within schema 1 members may be added, but none
  /// renamed or removed.
  public func json() -> String {
    JSONValue.object([
      "schema": .integer(1),
      "targets": .array(
        declarations.map { declaration in
          .object([
            "label": .string(declaration.label.description), "kind": .string(declaration.kind),
            "sections": .array(
              declaration.sections.map { section in
                .object([
                  "name": .string(section.name), "location": .text(section.location?.description),
                  "values": .array(section.members.flatMap { Self.rows($0.value, [.string($0.key)]) }),
                ])
              }),
          ])
        }),
    ]).document
  }

  private static func rows(_ value: DeclaredValue, _ path: [JSONValue]) -> [JSONValue] {
    func row(_ content: JSONValue) -> [JSONValue] {
      [
        .object([
          "path": .array(path), "value": content, "location": .text(value.location?.description),
          "default": .boolean(value.location == nil),
        ])
      ]
    }
    switch value.content {
    case .nothing: return row(.null)
    case .text(let text): return row(.string(text))
    case .list(let elements):
      if elements.isEmpty { return row(.array([])) }
      return elements.enumerated().flatMap { rows($0.element, path + [.integer($0.offset)]) }
    case .mapping(let members):
      if members.isEmpty { return row(.object([:])) }
      return members.flatMap { rows($0.value, path + [.string($0.key)]) }
    }
  }
}
