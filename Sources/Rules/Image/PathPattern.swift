/// A path with the wildcards that sources of COPY have: `*` and `?` within one part, `[a-z]` sets, and `**` for any number of parts.
/// Source: Go's filepath.Match, which the Dockerfile reference names, and its section on `.dockerignore` for `**`.
struct PathPattern {
  /// One part between slashes.
  private enum Part: Hashable {
    /// `**`
    case any
    case name([Token])
    /// What is no pattern, such as a bracket that is never closed.
    case nothing
  }

  private enum Token: Hashable {
    case character(Unicode.Scalar)
    /// `?`
    case one
    /// `*`
    case several
    case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
  }

  private let parts: [Part]
  private let texts: [Substring]

  init(_ text: String) { self.init(texts: text.split(separator: "/").filter { $0 != "." }) }

  private init(texts: some Sequence<Substring>) {
    self.texts = Array(texts)
    parts = self.texts.map { text in
      text == "**" ? .any : Self.tokens(Array(text.unicodeScalars)).map { .name($0) } ?? .nothing
    }
  }

  /// Whether it can match one path only, which is its text.
  var isLiteral: Bool { texts.allSatisfy(Self.isLiteral) }

  /// The parts before the first wildcard, and the rest.
  var split: (literal: String, rest: PathPattern) {
    let count = texts.firstIndex { !Self.isLiteral($0) } ?? texts.count
    return (texts[..<count].joined(separator: "/"), PathPattern(texts: texts[count...]))
  }

  func matches(_ path: String) -> Bool { matches(Self.names(path)[...]) }

  /// Whether the path or a folder above it matches; the pattern without parts matches everything.
  func matchesOrContains(_ path: String) -> Bool {
    let names = Self.names(path)
    return parts.isEmpty || (1...max(1, names.count)).contains { matches(names.prefix($0)) }
  }

  private static func names(_ path: String) -> [[Unicode.Scalar]] {
    path.split(separator: "/").map { Array($0.unicodeScalars) }
  }

  private static func isLiteral(_ part: Substring) -> Bool {
    !part.utf8.contains { "*?[\\".utf8.contains($0) }
  }

  private func matches(_ names: ArraySlice<[Unicode.Scalar]>) -> Bool {
    Self.matches(parts, Array(names), isWild: { $0 == .any }) { part, name in
      if case .name(let tokens) = part { Self.matches(tokens, name) } else { false }
    }
  }

  private static func matches(_ tokens: [Token], _ name: [Unicode.Scalar]) -> Bool {
    matches(tokens, name, isWild: { $0 == .several }) { token, scalar in
      switch token {
      case .character(let wanted): wanted == scalar
      case .one: true
      case .several: false
      case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
      }
    }
  }

  /// Whether a sequence is what a pattern with wildcards for any number of elements says. Where it is not, the last
  /// wildcard takes one more element: those before it need not be asked again.
  private static func matches<Step, Element>(
    _ pattern: [Step], _ elements: [Element], isWild: (Step) -> Bool, _ isMatch: (Step, Element) -> Bool
  ) -> Bool {
    var (step, element) = (0, 0)
    var wild: (step: Int, element: Int)?
    while element < elements.count {
      if step < pattern.count, isWild(pattern[step]) {
        wild = (step, element)
        step += 1
      } else if step < pattern.count, isMatch(pattern[step], elements[element]) {
        step += 1
        element += 1
      } else if let last = wild {
        wild = (last.step, last.element + 1)
        (step, element) = (last.step + 1, last.element + 1)
      } else {
        return false
      }
    }
    return pattern[step...].allSatisfy(isWild)
  }

  private static func tokens(_ text: [Unicode.Scalar]) -> [Token]? {
    var tokens: [Token] = []
    var rest = text[...]
    while let first = rest.popFirst() {
      switch first {
      case "*": tokens.append(.several)
      case "?": tokens.append(.one)
      case "[":
        guard let end = rest.firstIndex(of: "]") else { return nil }
        var set = rest[..<end]
        let isNegated = set.first == "^"
        if isNegated { set = set.dropFirst() }
        tokens.append(.set(ranges(set), isNegated: isNegated))
        rest = rest[(end + 1)...]
      case "\\": tokens.append(.character(rest.popFirst() ?? first))
      default: tokens.append(.character(first))
      }
    }
    return tokens
  }

  private static func ranges(_ set: ArraySlice<Unicode.Scalar>) -> [ClosedRange<Unicode.Scalar>] {
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var rest = set
    while let low = rest.popFirst() {
      if rest.first == "-", let high = rest.dropFirst().first {
        if low <= high { ranges.append(low...high) }
        rest = rest.dropFirst(2)
      } else {
        ranges.append(low...low)
      }
    }
    return ranges
  }
}
