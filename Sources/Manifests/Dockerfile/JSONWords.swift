/// Reads a JSON list of strings: the exec form of Dockerfile instructions.
enum JSONWords {
  /// - Returns: the strings and where each begins; `nil` where the text is anything else. Half a surrogate pair becomes
  ///   U+FFFD, as Docker's own reader does it.
  static func parse(_ scalars: ArraySlice<Unicode.Scalar>) -> [DockerfileWord]? {
    var reader = Reader(scalars: scalars, index: scalars.startIndex)
    return reader.list()
  }

  private struct Reader {
    let scalars: ArraySlice<Unicode.Scalar>
    var index: Int

    mutating func list() -> [DockerfileWord]? {
      skipSpace()
      guard take("[") else { return nil }
      var words: [DockerfileWord] = []
      skipSpace()
      if take("]") { return atEnd ? words : nil }
      while true {
        skipSpace()
        let start = index
        guard let text = string() else { return nil }
        words.append(DockerfileWord(text: text, offset: start))
        skipSpace()
        if take("]") { return atEnd ? words : nil }
        guard take(",") else { return nil }
      }
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
