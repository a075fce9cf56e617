import GraphCore

/// The text of one file, cut into lines, so that every message about it can show the line it is about.
public struct SourceText: Sendable {
  /// As it appears in locations.
  public let file: String
  /// Without their line ends; at least one.
  public let lines: Lines

  /// Which characters end a line: YAML 1.1 knows more of them than other formats.
  public enum LineEnds: Sendable {
    case newline, yaml
  }

  /// The most bytes that a manifest may have.
  public static let bytesMax = 8 << 20
  /// The same for files of lines, each of which becomes more than text: Dockerfiles and what is ignored beside them.
  static let linesBytesMax = 1 << 20

  public init(file: String, text: String, lineEnds: LineEnds) {
    self.file = file
    lines = Lines(text, lineEnds)
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
  static func decode(_ bytes: [UInt8], file: String, limit: Int = bytesMax) -> Decoded {
    guard bytes.count <= limit else {
      let place = SourceLocation(file: file, line: 1, column: 1)
      return .failure(
        .error(
          "the file is larger than \(limit >> 20) MiB", at: place,
          hint: "split it, or keep data in files of its own", code: "limit"))
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

extension SourceText {
  /// The lines of a text as a few bytes each, because a file may be nothing but line ends.
  public struct Lines: RandomAccessCollection, Sendable {
    private let text: String
    private let starts: [Int32]
    private let ends: [Int32]

    public var startIndex: Int { 0 }
    public var endIndex: Int { starts.count }

    public subscript(position: Int) -> Substring {
      let utf8 = text.utf8
      let start = utf8.index(utf8.startIndex, offsetBy: Int(starts[position]))
      return text[start..<utf8.index(start, offsetBy: Int(ends[position]) - Int(starts[position]))]
    }

    init(_ text: String, _ lineEnds: LineEnds) {
      var text = text
      text.makeContiguousUTF8()
      var (starts, ends): ([Int32], [Int32]) = ([], [])
      // A manifest is far smaller than this; what lies behind it is one long line.
      let size = Swift.min(text.utf8.count, Int(Int32.max))
      text.utf8.withContiguousStorageIfAvailable { bytes in
        func at(_ index: Int) -> UInt8 { index < size ? bytes[index] : 0 }
        var start = at(0) == 0xef && at(1) == 0xbb && at(2) == 0xbf ? 3 : 0
        var index = start
        while index < size {
          let end = index
          let length: Int =
            switch bytes[index] {
            case 0x0a: 1
            case 0x0d: at(index + 1) == 0x0a ? 2 : lineEnds == .yaml ? 1 : 0
            case 0xc2: lineEnds == .yaml && at(index + 1) == 0x85 ? 2 : 0
            case 0xe2:
              lineEnds == .yaml && at(index + 1) == 0x80 && (at(index + 2) == 0xa8 || at(index + 2) == 0xa9)
                ? 3 : 0
            default: 0
            }
          index += Swift.max(1, length)
          guard length > 0 else { continue }
          starts.append(Int32(start))
          ends.append(Int32(end))
          start = index
        }
        starts.append(Int32(Swift.min(start, size)))
      }
      ends.append(Int32(size))
      if starts.isEmpty { starts.append(0) }
      (self.text, self.starts, self.ends) = (text, starts, ends)
    }
  }
}
