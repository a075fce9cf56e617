/// Reads a JSON list of strings: the exec form of Dockerfile instructions.
enum JSONWords {
  enum Parsed {
    /// A list of strings, with where each begins. Half a surrogate pair becomes U+FFFD, as Docker's own reader does it.
    case words([DockerfileWord])
    /// A list that holds something else, which is an error wherever a list may stand.
    case other(DockerfileWord)
    /// No JSON list.
    case nothing
  }

  static func parse(_ scalars: ArraySlice<Unicode.Scalar>) -> Parsed {
    var reader = Reader(scalars: scalars, index: scalars.startIndex)
    guard let words = reader.list() else { return .nothing }
    return reader.other.map { .other($0) } ?? .words(words)
  }

  private struct Reader {
    let scalars: ArraySlice<Unicode.Scalar>
    var index: Int
    /// The first element that is no string.
    var other: DockerfileWord?

    mutating func list() -> [DockerfileWord]? {
      skipSpace()
      guard take("[") else { return nil }
      var words: [DockerfileWord] = []
      skipSpace()
      if take("]") { return atEnd ? words : nil }
      while true {
        skipSpace()
        let start = index
        if index < scalars.endIndex, scalars[index] != "\"" {
          guard skipValue(depth: 0) else { return nil }
          other = other ?? scalars[start..<index].word
        } else {
          guard let text = string() else { return nil }
          words.append(DockerfileWord(text: text, offset: start))
        }
        skipSpace()
        if take("]") { return atEnd ? words : nil }
        guard take(",") else { return nil }
      }
    }

    /// Whether there is a JSON value.
    private mutating func skipValue(depth: Int) -> Bool {
      guard index < scalars.endIndex, depth < 100 else { return false }
      switch scalars[index] {
      case "\"": return string() != nil
      case "[": return skipMembers(until: "]", depth: depth) { $0.skipValue(depth: depth + 1) }
      case "{":
        return skipMembers(until: "}", depth: depth) { reader in
          guard reader.string() != nil else { return false }
          reader.skipSpace()
          guard reader.take(":") else { return false }
          reader.skipSpace()
          return reader.skipValue(depth: depth + 1)
        }
      default:
        let start = index
        while index < scalars.endIndex, !",]} \t\n\r".unicodeScalars.contains(scalars[index]) { index += 1 }
        let text = scalars[start..<index].text
        return ["true", "false", "null"].contains(text) || Self.isNumber(text)
      }
    }

    private mutating func skipMembers(
      until end: Unicode.Scalar, depth: Int, _ skipMember: (inout Reader) -> Bool
    ) -> Bool {
      index += 1
      skipSpace()
      if take(end) { return true }
      while true {
        skipSpace()
        guard skipMember(&self) else { return false }
        skipSpace()
        if take(end) { return true }
        guard take(",") else { return false }
      }
    }

    private static func isNumber(_ text: String) -> Bool {
      var rest = text.utf8[...]
      func takeDigits() -> Bool {
        let count = rest.prefix { (0x30...0x39).contains($0) }.count
        rest = rest.dropFirst(count)
        return count > 0
      }
      if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      if rest.first == UInt8(ascii: "0") {
        rest = rest.dropFirst()
      } else if !takeDigits() {
        return false
      }
      if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst()
        guard takeDigits() else { return false }
      }
      if let first = rest.first, first | 0x20 == UInt8(ascii: "e") {
        rest = rest.dropFirst()
        if let sign = rest.first, "+-".utf8.contains(sign) { rest = rest.dropFirst() }
        guard takeDigits() else { return false }
      }
      return rest.isEmpty
    }

    private mutating func string() -> String? {
      guard take("\"") else { return nil }
      var text = String.UnicodeScalarView()
      while index < scalars.endIndex {
        let scalar = scalars[index]
        index += 1
        switch scalar {
        case "\"": return String(text)
        case "\\":
          guard let escaped = escape() else { return nil }
          text.append(escaped)
        default:
          guard scalar.value >= 0x20 else { return nil }
          text.append(scalar)
        }
      }
      return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
      guard index < scalars.endIndex else { return nil }
      let scalar = scalars[index]
      index += 1
      switch scalar {
      case "\"", "\\", "/": return scalar
      case "b": return "\u{8}"
      case "f": return "\u{c}"
      case "n": return "\n"
      case "r": return "\r"
      case "t": return "\t"
      case "u":
        guard let high = unit() else { return nil }
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xdc00, index + 1 < scalars.endIndex, scalars[index] == "\\", scalars[index + 1] == "u"
        else {
          return "\u{fffd}"
        }
        let before = index
        index += 2
        guard let low = unit() else { return nil }
        guard (0xdc00...0xdfff).contains(low) else {
          index = before
          return "\u{fffd}"
        }
        return Unicode.Scalar(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
      default: return nil
      }
    }

    private mutating func unit() -> UInt32? {
      guard scalars.endIndex - index >= 4 else { return nil }
      let digits = scalars[index..<index + 4]
      index += 4
      guard digits.allSatisfy({ $0.properties.isASCIIHexDigit }) else { return nil }
      return UInt32(digits.text, radix: 16)
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
      guard index < scalars.endIndex, scalars[index] == scalar else { return false }
      index += 1
      return true
    }

    private mutating func skipSpace() {
      while index < scalars.endIndex, [" ", "\t", "\n", "\r"].contains(scalars[index]) { index += 1 }
    }

    private var atEnd: Bool {
      mutating get {
        skipSpace()
        return index == scalars.endIndex
      }
    }
  }
}
