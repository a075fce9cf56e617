/// A word that opens a here-document: `<<NAME`.
///
/// Source: what BuildKit takes for one, which is a word by itself: digits, `<<`, `-`, white space and a name without `<`.
struct HereDocumentWord {
  /// Its place in the line.
  var range: Range<Int>
  /// Without quotes.
  var name: String
  /// `<<-NAME`
  var stripsTabs: Bool
  /// Whether no part of the name is quoted.
  var expands: Bool
}

/// A here-document with its lines as they stand in the file.
struct HereDocumentText {
  var word: HereDocumentWord
  /// With line ends, without the line that ends it.
  var raw: String

  var declaration: Dockerfile.HereDocument {
    Dockerfile.HereDocument(
      name: word.name, content: word.stripsTabs ? Self.withoutTabs(raw) : raw, expands: word.expands)
  }

  private static func withoutTabs(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var isAtStart = true
    for scalar in text.unicodeScalars {
      if isAtStart, scalar == "\t" { continue }
      isAtStart = scalar == "\n"
      result.append(scalar)
    }
    return String(result)
  }
}

extension ArraySlice<Unicode.Scalar> {
  /// The words that open here-documents, in order; none where a quote is never closed.
  var hereDocumentWords: [HereDocumentWord] {
    var words: [HereDocumentWord] = []
    var index = startIndex
    while index < endIndex {
      if self[index].properties.isWhitespace {
        index += 1
        continue
      }
      guard let end = endOfWord(from: index) else { return [] }
      if let word = self[index..<end].hereDocumentWord { words.append(word) }
      index = end
    }
    return words
  }

  /// White space behind `<<` belongs to the word. The escape character is the shell's, whatever the file's is.
  private func endOfWord(from start: Int) -> Int? {
    var index = start
    while index < endIndex, !self[index].properties.isWhitespace {
      switch self[index] {
      case "\\": index += 1
      case "'":
        guard let close = self[(index + 1)...].firstIndex(of: "'") else { return nil }
        index = close
      case "\"":
        index += 1
        while index < endIndex, self[index] != "\"" { index += self[index] == "\\" ? 2 : 1 }
        guard index < endIndex else { return nil }
      case "<" where index + 1 < endIndex && self[index + 1] == "<":
        index += 1
        if index + 1 < endIndex, self[index + 1] == "-" { index += 1 }
        while index + 1 < endIndex, self[index + 1].properties.isWhitespace { index += 1 }
      default: break
      }
      index += 1
    }
    return Swift.min(index, endIndex)
  }

  private var hereDocumentWord: HereDocumentWord? {
    let sign = drop { ("0"..."9").contains($0) }
    guard sign.starts(with: "<<".unicodeScalars) else { return nil }
    var name = sign.dropFirst(2)
    let stripsTabs = name.first == "-"
    if stripsTabs { name = name.dropFirst() }
    name = name.drop { $0.properties.isWhitespace }
    guard !name.contains("<") else { return nil }
    let (text, isQuoted) = name.withoutQuotes
    guard !text.isEmpty else { return nil }
    return HereDocumentWord(
      range: startIndex..<endIndex, name: text, stripsTabs: stripsTabs, expands: !isQuoted)
  }

  /// As a shell reads a word, and whether there was a quote to remove; quotes are known to be closed.
  private var withoutQuotes: (text: String, isQuoted: Bool) {
    var result = String.UnicodeScalarView()
    var quote: Unicode.Scalar?
    var isQuoted = false
    var index = startIndex
    while index < endIndex {
      let scalar = self[index]
      index += 1
      if scalar == quote {
        quote = nil
      } else if quote == nil, scalar == "'" || scalar == "\"" {
        quote = scalar
        isQuoted = true
      } else if scalar == "\\", quote != "'", index < endIndex {
        if quote != nil, !["\"", "$", "\\"].contains(self[index]) { result.append(scalar) }
        result.append(self[index])
        index += 1
      } else {
        result.append(scalar)
      }
    }
    return (String(result), isQuoted)
  }
}

extension SourceText {
  /// Lines that are not the last, as they stand in the file, with their ends.
  func text(ofLines range: Range<Int>) -> String {
    guard !range.isEmpty, lines.indices.contains(range.upperBound) else { return "" }
    let first = lines[range.lowerBound]
    return String(first.base[first.startIndex..<lines[range.upperBound].startIndex])
  }
}
