import GraphCore

/// Cuts a Dockerfile into instructions: parser directives, comments, blank and continued lines.
///
/// Source: the Dockerfile reference, sections "Parser directives" and "Format".
struct DockerfileLines {
  private(set) var escape: Unicode.Scalar = "\\"
  private let source: SourceText
  private let findings: Findings
  private var next = 0

  init(_ findings: Findings) {
    (source, self.findings) = (findings.source, findings)
    readDirectives()
  }

  /// The next instruction; `nil` at the end.
  mutating func nextInstruction() -> DockerfileLine? {
    while next < source.lines.count {
      let number = next + 1
      let scalars = Array(source.lines[next].unicodeScalars)
      next += 1
      let start = scalars.firstIndex { !$0.properties.isWhitespace } ?? scalars.count
      guard start < scalars.count, scalars[start] != "#" else { continue }
      var line = DockerfileLine()
      var (piece, isContinued) = withoutContinuation(scalars[start...])
      line.append(piece, line: number, column: start + 1)
      while isContinued, next < source.lines.count {
        let more = Array(source.lines[next].unicodeScalars)
        next += 1
        // Comments and blank lines between continued lines vanish, and do not end the instruction.
        guard let first = more.first(where: { !$0.properties.isWhitespace }), first != "#" else { continue }
        (piece, isContinued) = withoutContinuation(more[...])
        line.append(piece, line: next, column: 1)
      }
      if !line.all.trimmed.isEmpty { return line }
    }
    return nil
  }

  /// Skips to behind the line that is `terminator` alone, where there is one.
  mutating func skip(to terminator: String) {
    let rest = source.lines[next...]
    if let end = rest.firstIndex(where: { line in
      String(line.drop { $0 == "\t" }) == terminator
    }) {
      next = end + 1
    }
  }

  /// An escape character before the line's end continues it, unless it is escaped itself.
  private func withoutContinuation(
    _ scalars: ArraySlice<Unicode.Scalar>
  ) -> (ArraySlice<Unicode.Scalar>, isContinued: Bool) {
    var end = scalars.endIndex
    while end > scalars.startIndex, scalars[end - 1] == " " || scalars[end - 1] == "\t" { end -= 1 }
    guard end > scalars.startIndex, scalars[end - 1] == escape else { return (scalars, false) }
    if end - 2 >= scalars.startIndex, scalars[end - 2] == escape { return (scalars, false) }
    return (scalars[..<(end - 1)], true)
  }

  /// `# name=value` lines before anything else.
  private mutating func readDirectives() {
    var seen: Set<String> = []
    for (index, line) in source.lines.enumerated() {
      let scalars = Array(line.unicodeScalars)
      let text = scalars[...].trimmed
      guard text.first == "#", let equals = text.firstIndex(of: "=") else { return }
      let name = text[(text.startIndex + 1)..<equals].trimmed.text.lowercased()
      let value = text[(equals + 1)...].trimmed
      guard ["syntax", "escape", "check"].contains(name), !value.isEmpty else { return }
      next = index + 1
      let place = source.location(line: index + 1, column: text.startIndex + 1)
      guard seen.insert(name).inserted else {
        findings.error(
          "directive '\(name)' is written twice", at: place, length: text.count, hint: "keep one of them")
        continue
      }
      guard name == "escape" else { continue }
      if value.text == "\\" || value.text == "`" {
        escape = value[value.startIndex]
      } else {
        findings.error(
          "the escape character must be \\ or `, not '\(value.text.shortened)'",
          at: source.location(line: index + 1, column: value.startIndex + 1), length: value.count,
          hint: "write '# escape=`' or remove the directive")
      }
    }
  }
}
