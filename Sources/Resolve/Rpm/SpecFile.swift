import GraphCore

/// The text of a spec file, for the places of messages about what rpm has read in it.
struct SpecFile: Sendable {
  /// As locations name it.
  let name: String
  let bytes: [UInt8]

  var start: SourceLocation { SourceLocation(file: name, line: 1, column: 1) }

  private var lines: [Substring] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// The line that names a source or a patch; the first line where a macro writes it.
  func location(ofSource file: String) -> SourceLocation {
    location { tag, value in
      let isSource = ["source", "patch"].contains(String(tag.prefix { $0.isLetter }))
      let last = value.split(separator: "/").last ?? value
      return isSource && Self.literals(of: String(last)).matchInOrder(file)
    }
  }

  /// The line of a tag whose value names something.
  func location(ofTag wanted: String, naming text: String = "") -> SourceLocation {
    location { tag, value in tag == wanted.lowercased() && (text.isEmpty || value.contains(text)) }
  }

  private func location(where matches: (_ tag: Substring, _ value: Substring) -> Bool) -> SourceLocation {
    for (index, line) in lines.enumerated() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let tag = line[..<colon].lowercased().drop { $0 == " " || $0 == "\t" }
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      guard !tag.isEmpty, tag.allSatisfy({ $0.isLetter || $0.isNumber }), matches(tag, value) else {
        continue
      }
      let column = line.distance(from: line.startIndex, to: value.startIndex) + 1
      return SourceLocation(file: name, line: index + 1, column: column)
    }
    return start
  }

  /// What stands between macros.
  private static func literals(of text: String) -> [String] {
    var literals: [String] = [""]
    var rest = text.drop { $0 == " " }[...]
    while let character = rest.popFirst() {
      guard character == "%" else {
        if !character.isWhitespace { literals[literals.count - 1].append(character) }
        continue
      }
      literals.append("")
      if rest.first == "{", let end = rest.firstIndex(of: "}") {
        rest = rest[rest.index(after: end)...]
      } else {
        rest = rest.drop { $0.isLetter || $0.isNumber || $0 == "_" }
      }
    }
    return literals
  }

  /// What rpm says of the spec, as a diagnostic: its first error, at the line that it names.
  func diagnostic(of error: GraphError) -> Diagnostic {
    let messages = error.message.split(separator: "\n").compactMap { line in
      line.firstRange(of: "error: ").map { String(line[$0.upperBound...]) }
    }
    var (message, location) = (messages.first ?? error.message, start)
    if let match = message.firstMatch(of: /^line ([0-9]+): (.*)$/), let line = Int(match.1) {
      let column = lines.dropFirst(line - 1).first.map { $0.prefix { $0 == " " || $0 == "\t" }.count + 1 }
      (message, location) = (String(match.2), SourceLocation(file: name, line: line, column: column ?? 1))
    }
    return .error(
      "rpm cannot read the spec: \(message)", at: location,
      hint: "'rpmspec --parse' says the same; macros that the host's rpm does not have belong under 'macros'")
  }
}

extension [String] {
  /// Whether a text begins with the first, ends with the last, and has the others in between.
  fileprivate func matchInOrder(_ text: String) -> Bool {
    guard let first, let last else { return false }
    if count == 1 { return text == first }
    guard text.hasPrefix(first), text.hasSuffix(last), text.count >= first.count + last.count else {
      return false
    }
    var rest = text.dropFirst(first.count).dropLast(last.count)
    for middle in dropFirst().dropLast() where !middle.isEmpty {
      guard let range = rest.firstRange(of: middle) else { return false }
      rest = rest[range.upperBound...]
    }
    return true
  }
}
