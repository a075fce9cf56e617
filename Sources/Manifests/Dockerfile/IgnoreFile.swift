import GraphCore

/// A `.dockerignore` file: which files of a build context no instruction sees.
///
/// Source: the Dockerfile reference, ".dockerignore file"; moby/patternmatcher, ignorefile.
public struct IgnoreFile: Sendable, Hashable {
  public let patterns: PathPatterns

  public init(_ patterns: PathPatterns = PathPatterns()) { self.patterns = patterns }

  /// Where the file for a Dockerfile is looked for: the first of them that exists, alone.
  ///
  /// - Parameter dockerfile: its path.
  /// - Returns: `own` beside the Dockerfile, then `shared` at the root of the build context.
  public static func names(dockerfile: String) -> (own: String, shared: String) {
    ("\(dockerfile).dockerignore", ".dockerignore")
  }

  /// - Parameter file: its name in messages.
  /// - Returns: the patterns that could be read, and all messages.
  public static func read(_ bytes: [UInt8], file: String) -> (IgnoreFile, Diagnostics) {
    switch SourceText.decode(bytes, file: file, limit: SourceText.linesBytesMax) {
    case .failure(let diagnostic):
      var diagnostics = Diagnostics()
      diagnostics.add(diagnostic)
      return (IgnoreFile(), diagnostics)
    case .text(let text):
      return read(text, file: file)
    }
  }

  /// The same for text that is at hand.
  public static func read(_ text: String, file: String) -> (IgnoreFile, Diagnostics) {
    let findings = Findings(SourceText(file: file, text: text, lineEnds: .newline))
    var patterns = PathPatterns()
    for (index, line) in findings.source.lines.enumerated() {
      let scalars = Array(line.unicodeScalars)
      // A comment starts at the very start of a line.
      guard scalars.first != "#" else { continue }
      let trimmed = scalars[...].trimmed
      guard let first = trimmed.first else { continue }
      var pattern = (first == "!" ? trimmed.dropFirst() : trimmed).trimmed.text
      if !pattern.isEmpty { pattern = PathPatterns.clean(pattern) }
      // A leading slash is the root of the context.
      if pattern.utf8.count > 1, pattern.utf8.first == UInt8(ascii: "/") {
        pattern.unicodeScalars.removeFirst()
      }
      do throws(PathPatternError) {
        try patterns.append(first == "!" ? "!" + pattern : pattern)
      } catch {
        findings.error(
          "'\(trimmed.text.shortened)' is no pattern: \(error.description)",
          at: findings.source.location(line: index + 1, column: trimmed.startIndex + 1),
          length: trimmed.count, hint: "a '\\' before a character takes its meaning away")
      }
    }
    return (IgnoreFile(patterns), findings.diagnostics)
  }

  /// Whether a path of the context is left out.
  public func excludes(_ path: String) -> Bool { patterns.excludes(path) }

  /// What is left of a listing of the context: what is not left out, and the folders on the way to it.
  public func remaining<Item>(of items: [Item], path: (Item) -> String) -> [Item] {
    patterns.remaining(of: items, path: path)
  }
}
