import GraphCore

/// The text of one file, cut into lines, so that every message about it can show the line it is about.
public struct SourceText: Sendable {
  /// As it appears in locations.
  public let file: String
  /// Without their line ends; at least one.
  public let lines: [Substring]

  /// Which characters end a line: YAML 1.1 knows more of them than other formats.
  public enum LineEnds: Sendable {
    case newline, yaml
  }

  /// The most bytes that a manifest may have.
  public static let bytesMax = 64 << 20

  public init(file: String, text: String, lineEnds: LineEnds) {
    self.file = file
    var lines: [Substring] = []
    let scalars = text.unicodeScalars
    var start = scalars.first == "\u{feff}" ? scalars.index(after: scalars.startIndex) : scalars.startIndex
    var index = start
    while index < scalars.endIndex {
      let scalar = scalars[index]
      let end = index
      index = scalars.index(after: index)
      let isBreak =
        switch scalar {
        case "\n": true
        case "\r":
          lineEnds == .yaml || (index < scalars.endIndex && scalars[index] == "\n")
        case "\u{85}", "\u{2028}", "\u{2029}": lineEnds == .yaml
        default: false
        }
      guard isBreak else { continue }
      if scalar == "\r", index < scalars.endIndex, scalars[index] == "\n" {
        index = scalars.index(after: index)
      }
      lines.append(Substring(scalars[start..<end]))
      start = index
    }
    lines.append(Substring(scalars[start...]))
    self.lines = lines
  }

  /// The text of a line, 1-based; `nil` where the file has no such line.
  public func line(_ number: Int) -> String? {
    lines.indices.contains(number - 1) ? String(lines[number - 1]) : nil
  }

  public func location(line: Int, column: Int) -> SourceLocation {
    SourceLocation(file: file, line: line, column: column)
  }

  /// A message at a place of this text, with its line, underlining `length` characters but never more than the line.
  public func diagnostic(
    _ severity: Diagnostic.Severity, at location: SourceLocation, length: Int, _ message: String,
    hint: String?
  ) -> Diagnostic {
    let line = shownLine(location.line)
    let rest = (line?.unicodeScalars.count ?? 0) - (location.column - 1)
    return Diagnostic(
      severity, at: location, message, sourceLine: line, length: max(1, min(length, rest)), hint: hint)
  }

  /// How many characters the value at `location` takes: `text` itself, or the quoted text that starts there.
  public func length(of text: String, at location: SourceLocation) -> Int {
    let rest = Array((shownLine(location.line) ?? "").unicodeScalars.dropFirst(location.column - 1))
    guard let first = rest.first, first == "\"" || first == "'" else {
      return max(1, text.unicodeScalars.count)
    }
    return (rest.dropFirst().firstIndex(of: first) ?? rest.count - 1) + 1
  }

  private func shownLine(_ number: Int) -> String? {
    guard lines.indices.contains(number - 1) else { return nil }
    return String(String.UnicodeScalarView(lines[number - 1].unicodeScalars.prefix(Self.shownCharactersMax)))
  }

  // A line of a megabyte would bury its message, and a thousand messages about it would copy it each time.
  private static let shownCharactersMax = 10_000

  /// The offset of the first byte that is not part of a UTF-8 character.
  private static func invalidByte(in bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
    return min(offset, bytes.count - 1)
  }

  /// Reads bytes as UTF-8.
  ///
  /// - Returns: the text, or the message that says why it is none.
  static func decode(_ bytes: [UInt8], file: String) -> Decoded {
    guard bytes.count <= bytesMax else {
      let place = SourceLocation(file: file, line: 1, column: 1)
      return .failure(
        .error(
          "the file is larger than \(bytesMax >> 20) MiB", at: place,
          hint: "split it, or keep data in files of its own"))
    }
    if let text = String(validating: bytes, as: UTF8.self) { return .text(text) }
    let fault = invalidByte(in: bytes)
    let before = String(decoding: bytes[..<fault], as: UTF8.self)
    let source = SourceText(file: file, text: before, lineEnds: .newline)
    let column = source.lines[source.lines.count - 1].unicodeScalars.count + 1
    return .failure(
      .error(
        "byte 0x\(Hex.encode([bytes[fault]])) is not UTF-8 text",
        at: source.location(line: source.lines.count, column: column), hint: "save the file as UTF-8"))
  }

  enum Decoded {
    case text(String)
    case failure(Diagnostic)
  }
}
