import GraphCore

/// Cuts a Dockerfile into instructions: parser directives, comments, blank and continued lines.
///
/// Source: the Dockerfile reference, sections "Parser directives" and "Format".
struct DockerfileLines {
  private(set) var escape: Unicode.Scalar = "\\"
  private let source: SourceText
  private let findings: Findings
  private let location: SourceLocation?
  private var next = 0

  init(_ findings: Findings) {
    (source, self.findings, location) = (findings.source, findings, nil)
    readDirectives()
  }

  /// The lines of a text without directives, all of which are said to be at one place.
  init(_ findings: Findings, escape: Unicode.Scalar, at location: SourceLocation) {
    (source, self.findings, self.location) = (findings.source, findings, location)
    self.escape = escape
  }

  /// The next instruction; `nil` at the end.
  mutating func nextInstruction() -> DockerfileLine? {
    while next < source.lines.count {
      let number = next + 1
      let scalars = Array(source.lines[next].unicodeScalars)
      next += 1
      let start = scalars.firstIndex { !$0.properties.isWhitespace } ?? scalars.count
      guard start < scalars.count, scalars[start] != "#" else { continue }
      var line = DockerfileLine(at: location)
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

  /// The lines up to the one that ends a here-document; `nil` where none does, and then nothing is left.
  mutating func hereDocument(_ word: HereDocumentWord) -> HereDocumentText? {
    let first = next
    while next < source.lines.count {
      var line = source.lines[next].utf8[...]
      next += 1
      while line.last == UInt8(ascii: "\r") { line.removeLast() }
      if word.stripsTabs { line = line.drop { $0 == UInt8(ascii: "\t") } }
      if line.elementsEqual(word.name.utf8) {
        return HereDocumentText(word: word, raw: source.text(ofLines: first..<(next - 1)))
      }
    }
    return nil
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
