import GraphCore

/// One instruction's text: lines joined where they end in the escape character, each character with its place.
struct DockerfileLine {
  /// Joined without anything in between, as Docker joins them: white space at the joint is what was written.
  private(set) var scalars: [Unicode.Scalar] = []
  /// The trimmed pieces joined by one space.
  private(set) var display = ""
  private var starts: [(offset: Int, line: Int, column: Int)] = []
  /// Where all of it is said to be, where it stands in no file.
  let fixedLocation: SourceLocation?

  init(at location: SourceLocation? = nil) { fixedLocation = location }

  mutating func append(_ piece: ArraySlice<Unicode.Scalar>, line: Int, column: Int) {
    starts.append((scalars.count, line, column))
    scalars += piece
    let trimmed = piece.trimmed
    if !trimmed.isEmpty {
      if !display.isEmpty { display += " " }
      display.unicodeScalars.append(contentsOf: trimmed)
    }
  }

  /// Line and column of a character; an offset behind the last one is behind the last character.
  func place(_ offset: Int) -> (line: Int, column: Int) {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle].offset <= offset { low = middle } else { high = middle }
    }
    guard starts.indices.contains(low) else { return (1, 1) }
    return (starts[low].line, starts[low].column + offset - starts[low].offset)
  }

  var all: ArraySlice<Unicode.Scalar> { scalars[...] }
}

/// A part of a line: text and where it starts.
struct DockerfileWord {
  var text: String
  var offset: Int
}

extension ArraySlice<Unicode.Scalar> {
  /// All of it as one word.
  var word: DockerfileWord { DockerfileWord(text: text, offset: startIndex) }

  var text: String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: self)
    return String(view)
  }

  /// Without white space at both ends; indices stay those of the whole.
  var trimmed: ArraySlice<Unicode.Scalar> {
    guard let first = firstIndex(where: { !$0.properties.isWhitespace }),
      let last = lastIndex(where: { !$0.properties.isWhitespace })
    else { return self[endIndex...] }
    return self[first...last]
  }

  /// Words between white space.
  var fields: [DockerfileWord] {
    split { $0.properties.isWhitespace }.map { DockerfileWord(text: $0.text, offset: $0.startIndex) }
  }

  /// Words between white space that is neither quoted nor escaped; quotes and escapes stay in them.
  ///
  /// - Parameter limit: how many are wanted, at most.
  func words(escape: Unicode.Scalar, limit: Int = .max) -> [DockerfileWord] {
    var words: [DockerfileWord] = []
    var start: Int?
    var quote: Unicode.Scalar?
    var index = startIndex
    while index < endIndex, words.count < limit {
      let scalar = self[index]
      if let open = quote {
        if scalar == open {
          quote = nil
        } else if scalar == escape, open != "'" {
          index += 1
        }
      } else if scalar.properties.isWhitespace {
        if let first = start { words.append(DockerfileWord(text: self[first..<index].text, offset: first)) }
        start = nil
        index += 1
        continue
      } else {
        if start == nil { start = index }
        if scalar == "'" || scalar == "\"" { quote = scalar }
        if scalar == escape { index += 1 }
      }
      index += 1
    }
    if let first = start, words.count < limit {
      words.append(DockerfileWord(text: self[first..<endIndex].text, offset: first))
    }
    return words
  }
}
