/// The pattern in `${NAME#pattern}` and its like: `*` is any text, `?` one character, `\` takes a meaning away.
///
/// Source: the Dockerfile reference, "Environment replacement"; like it, without sets in brackets.
struct VariablePattern {
  private enum Part {
    case character(Unicode.Scalar)
    case one
    case any
  }

  private var parts: [Part] = []

  init(_ text: String) throws(VariableError) {
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": parts.append(.any)
      case "?": parts.append(.one)
      case "\\":
        guard let next = rest.popFirst(), "*?\\}/".unicodeScalars.contains(next) else {
          throw VariableError(
            "the pattern '\(text.shortened)' escapes what has no meaning: only * ? \\ } and / are escaped")
        }
        parts.append(.character(next))
      default: parts.append(.character(scalar))
      }
    }
  }

  private init(parts: [Part]) { self.parts = parts }

  func withoutBeginning(_ value: [Unicode.Scalar], longest: Bool) -> String {
    value[(end(in: value, from: 0, longest: longest) ?? 0)...].text
  }

  func withoutEnd(_ value: [Unicode.Scalar], longest: Bool) -> String {
    let reversed = VariablePattern(parts: parts.reversed())
    let count = reversed.end(in: value.reversed(), from: 0, longest: longest) ?? 0
    return value[..<(value.count - count)].text
  }

  /// Each match is as long as it can be. What matches nothing at all is put in at every place but behind a match, as
  /// regular expressions do it.
  func replacing(_ value: [Unicode.Scalar], with word: String, all: Bool) -> String {
    var result = String.UnicodeScalarView()
    var done = 0
    var start = 0
    while start <= value.count {
      guard let end = end(in: value, from: start, longest: true) else {
        start += 1
        continue
      }
      if end > done || start == 0 {
        result.append(contentsOf: value[done..<start])
        result.append(contentsOf: word.unicodeScalars)
        done = end
        if !all { break }
      }
      start = max(end, start + 1)
    }
    result.append(contentsOf: value[done...])
    return String(result)
  }

  /// Where a match that starts at `start` ends.
  private func end(in value: [Unicode.Scalar], from start: Int, longest: Bool) -> Int? {
    // The places that the parts so far can reach.
    var reached = [Bool](repeating: false, count: value.count - start + 1)
    var bounds = 0...0
    reached[0] = true
    for part in parts {
      switch part {
      case .any:
        for index in bounds.lowerBound..<reached.count { reached[index] = true }
        bounds = bounds.lowerBound...(reached.count - 1)
      case .one, .character:
        var (low, high) = (Int.max, -1)
        for index in bounds.reversed() {
          guard reached[index] else { continue }
          reached[index] = false
          guard start + index < value.count else { continue }
          if case .character(let scalar) = part, value[start + index] != scalar { continue }
          reached[index + 1] = true
          (low, high) = (index + 1, max(high, index + 1))
        }
        guard high >= 0 else { return nil }
        bounds = low...high
      }
    }
    return start + (longest ? bounds.upperBound : bounds.lowerBound)
  }
}
