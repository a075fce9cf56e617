internal import CYAML
import GraphCore

/// What libyaml stopped at, said in the words of someone who edits the file.
struct YAMLFault {
  private let problem: String
  private let context: String
  private let line: Int
  private let column: Int
  /// Where the construct began that could not be finished; 1 where libyaml does not say.
  private let contextLine: Int
  private let contextColumn: Int
  /// Only for bytes that are not characters.
  private let byteOffset: Int?

  fileprivate init(
    problem: String, context: String, line: Int, column: Int, contextLine: Int, contextColumn: Int,
    byteOffset: Int?
  ) {
    self.problem = problem
    self.context = context
    self.line = line
    self.column = column
    self.contextLine = contextLine
    self.contextColumn = contextColumn
    self.byteOffset = byteOffset
  }

  /// Adds the message for this fault.
  func report(to findings: Findings, bytes: [UInt8]) {
    if let byteOffset {
      let before = String(decoding: bytes.prefix(byteOffset), as: UTF8.self)
      let lines = SourceText(file: "", text: before, lineEnds: .yaml).lines
      let column = lines[lines.count - 1].unicodeScalars.count + 1
      return findings.error(
        "this character cannot be part of YAML text",
        at: findings.source.location(line: lines.count, column: column),
        hint: "remove it, or write it as an escape in double quotes, such as \"\\x07\"")
    }
    let (message, hint) = explanation(findings.source)
    // At the end of the file there is nothing to see: what was opened and never closed is the better place.
    let isAtEnd = findings.source.lines.dropFirst(line - 1).allSatisfy { $0.allSatisfy(\.isWhitespace) }
    let place = isAtEnd && !context.isEmpty ? (contextLine, contextColumn) : (line, column)
    findings.error(
      message, at: findings.source.location(line: place.0, column: place.1), hint: hint, code: "yaml")
  }

  private func explanation(_ source: SourceText) -> (message: String, hint: String?) {
    let text = source.line(line) ?? ""
    let before = String(String.UnicodeScalarView(text.unicodeScalars.prefix(column - 1)))
    let indent = text.prefix { $0 == " " || $0 == "\t" }
    if indent.contains("\t") {
      return ("a tab cannot indent YAML", "replace the tabs at the start of the line with spaces")
    }
    switch problem {
    case "found character that cannot start any token":
      if text.dropFirst(before.count).first == "\t" {
        return ("a tab cannot stand here", "use spaces between a key and its value and for indentation")
      }
      return ("a value cannot start with this character", "put the value in quotes")
    case "could not find expected ':'":
      let missing = source.line(contextLine).flatMap(Self.missingSpace)
      if let missing { return ("no space after the colon in '\(missing)'", "write a space after ':'") }
      return (
        "line \(contextLine) has text where a 'key: value' is expected",
        "write 'key: value', with a colon and a space, or put longer text in quotes"
      )
    case "mapping values are not allowed in this context":
      if let missing = source.line(line - 1).flatMap(Self.missingSpace) {
        return ("no space after the colon in '\(missing)', in the line above", "write a space after ':'")
      }
      return (
        "a ': ' cannot stand here",
        "put a value that contains ': ' in quotes, or align this key with the ones above"
      )
    case "did not find expected key", "did not find expected '-' indicator":
      let what = problem.hasSuffix("key") ? "mapping" : "list"
      return (
        "this does not belong to the \(what) that starts in line \(contextLine)",
        "align it with the other \(what == "mapping" ? "keys" : "'- ' items"), and close quotes that are open above"
      )
    case "block sequence entries are not allowed in this context":
      return ("a list item cannot start here", "start the list on the next line, indented below its key")
    case "found unexpected end of stream":
      return ("these quotes are never closed", "close them, or write a quote inside '…' twice")
    case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
      let bracket = problem.hasSuffix("]'") ? "]" : "}"
      return (
        "expected ',' or '\(bracket)' before the end of what line \(contextLine) opens",
        "close it with '\(bracket)'"
      )
    case "did not find expected <document start>":
      return ("this does not belong to what stands above it", "indent it like the first line")
    case "found unknown escape character":
      return (
        "this escape does not exist in double quotes", "write \\\\ for a backslash, or use single quotes"
      )
    default:
      return ((context.isEmpty ? "" : context + ", ") + problem, nil)
    }
  }

  /// `name:value` at the start of a line or list item.
  private static func missingSpace(in line: String) -> String? {
    var text = line.drop { $0 == " " || $0 == "-" }
    text = text.prefix { $0 != "#" }
    while text.last == " " { text.removeLast() }
    guard let colon = text.firstIndex(of: ":"), colon != text.startIndex,
      text.index(after: colon) != text.endIndex,
      text[..<colon].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }),
      text[text.index(after: colon)] != " ", !text.contains("://")
    else { return nil }
    return String(text).shortened
  }
}

extension YAMLFault {
  /// What `parser` says after a failed call.
  init(_ parser: yaml_parser_t) {
    self.init(
      problem: parser.problem.map { String(cString: $0) } ?? "the file cannot be read as YAML",
      context: parser.context.map { String(cString: $0) } ?? "",
      line: Int(clamping: parser.problem_mark.line) + 1,
      column: Int(clamping: parser.problem_mark.column) + 1,
      contextLine: Int(clamping: parser.context_mark.line) + 1,
      contextColumn: Int(clamping: parser.context_mark.column) + 1,
      byteOffset: parser.error == YAML_READER_ERROR ? Int(clamping: parser.problem_offset) : nil)
  }
}
