/// A query's text as tokens, each with its place.
struct QueryLexer {
  enum Token: Hashable {
    case word(String, isQuoted: Bool)
    case open, close, comma, equals
    case sign(Character)
    case end
  }

  typealias Placed = (token: Token, range: Range<Int>)

  private static let signs = "+|^&-".unicodeScalars
  // What ends a word without quotes. A hyphen does not, and a plus does not end a label: both are in names.
  private static let ends = "(),='\"|^&".unicodeScalars

  /// - Returns: the tokens, the last one `.end`.
  static func tokens(of text: String) throws(QueryError) -> [Placed] {
    let scalars = Array(text.unicodeScalars)
    var tokens: [Placed] = []
    var position = 0
    while position < scalars.count {
      let start = position
      let scalar = scalars[position]
      position += 1
      switch scalar {
      case _ where scalar.properties.isWhitespace: continue
      case "(": tokens.append((.open, start..<position))
      case ")": tokens.append((.close, start..<position))
      case ",": tokens.append((.comma, start..<position))
      case "=": tokens.append((.equals, start..<position))
      case "'", "\"":
        guard let end = scalars[position...].firstIndex(of: scalar) else {
          throw QueryError(
            "a quote that does not end", in: text, at: start..<start + 1, hint: "write another \(scalar)")
        }
        let word = String(String.UnicodeScalarView(scalars[position..<end]))
        position = end + 1
        tokens.append((.word(word, isQuoted: true), start..<position))
      case _ where signs.contains(scalar): tokens.append((.sign(Character(scalar)), start..<position))
      default:
        let isLabel = scalar == "/"
        while position < scalars.count, !ends.contains(scalars[position]),
          !scalars[position].properties.isWhitespace, isLabel || scalars[position] != "+"
        {
          position += 1
        }
        let word = String(String.UnicodeScalarView(scalars[start..<position]))
        tokens.append((.word(word, isQuoted: false), start..<position))
      }
    }
    tokens.append((.end, scalars.count..<scalars.count))
    return tokens
  }
}
