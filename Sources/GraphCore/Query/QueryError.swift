/// What is wrong with a query, and where in its text.
public struct QueryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The whole query.
  public let text: String
  /// In characters (Unicode scalars) from the start of the text.
  public let offset: Int
  /// How many characters are meant.
  public let length: Int
  /// Lower case, no full stop, user text in '…'.
  public let message: String
  /// How to mend it.
  public let hint: String?

  init(_ message: String, in text: String, at range: Range<Int>, hint: String? = nil) {
    self.text = text
    (offset, length) = (range.lowerBound, max(1, range.count))
    (self.message, self.hint) = (message, hint)
  }

  /// As a message about a file that is called `query`, with the line of the text for the caret.
  public var diagnostic: Diagnostic {
    var line = 1
    var start = 0
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.prefix(offset).enumerated() where scalar == "\n" {
      line += 1
      start = index + 1
    }
    let end = scalars[start...].firstIndex(of: "\n") ?? scalars.endIndex
    return Diagnostic(
      .error, at: SourceLocation(file: "query", line: line, column: offset - start + 1), message,
      sourceLine: String(String.UnicodeScalarView(scalars[start..<end])), length: length, hint: hint)
  }

  public var description: String { "character \(offset + 1): \(message)" + (hint.map { " (\($0))" } ?? "") }
}
