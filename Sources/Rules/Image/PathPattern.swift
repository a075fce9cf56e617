/// A path with the wildcards of COPY: `*` and `?` within one part, `[a-z]` sets, and `**` for any number of parts.
/// Source: Go's filepath.Match, which the Dockerfile reference names, and its section on `.dockerignore` for `**`.
struct PathPattern {
  private let parts: [[UInt8]]

  init(_ text: String) {
    parts = text.split(separator: "/").filter { $0 != "." }.map { Array($0.utf8) }
  }

  private init(parts: ArraySlice<[UInt8]>) { self.parts = Array(parts) }

  /// Whether it can match one path only, which is its text.
  var isLiteral: Bool { parts.allSatisfy(Self.isLiteral) }

  /// The parts before the first wildcard, and the rest.
  var split: (literal: String, rest: PathPattern) {
    let count = parts.firstIndex { !Self.isLiteral($0) } ?? parts.count
    let literal = parts[..<count].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    return (literal, PathPattern(parts: parts[count...]))
  }

  func matches(_ path: String) -> Bool {
    Self.matches(parts[...], path.split(separator: "/").map { Array($0.utf8) }[...])
  }

  /// Whether the path or a folder above it matches; the pattern without parts matches everything.
  func matchesOrContains(_ path: String) -> Bool {
    let names = path.split(separator: "/").map { Array($0.utf8) }
    return parts.isEmpty || (1...max(1, names.count)).contains { Self.matches(parts[...], names.prefix($0)) }
  }

  private static func isLiteral(_ part: [UInt8]) -> Bool { !part.contains { "*?[\\".utf8.contains($0) } }

  private static func matches(_ parts: ArraySlice<[UInt8]>, _ names: ArraySlice<[UInt8]>) -> Bool {
    guard let first = parts.first else { return names.isEmpty }
    if first == Array("**".utf8) {
      return (names.startIndex...names.endIndex).contains { matches(parts.dropFirst(), names[$0...]) }
    }
    guard let name = names.first, matches(first[...], name[...]) else { return false }
    return matches(parts.dropFirst(), names.dropFirst())
  }

  private static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    switch first {
    case UInt8(ascii: "*"):
      return (name.startIndex...name.endIndex).contains { matches(pattern.dropFirst(), name[$0...]) }
    case UInt8(ascii: "?"):
      return !name.isEmpty && matches(pattern.dropFirst(), name.dropFirst())
    case UInt8(ascii: "["):
      guard let character = name.first, let end = pattern.dropFirst().firstIndex(of: UInt8(ascii: "]")) else {
        return false
      }
      var set = pattern[(pattern.startIndex + 1)..<end]
      let isNegated = set.first == UInt8(ascii: "^")
      if isNegated { set = set.dropFirst() }
      return isIn(character, set) != isNegated && matches(pattern[(end + 1)...], name.dropFirst())
    case UInt8(ascii: "\\") where pattern.count > 1:
      return name.first == pattern[pattern.startIndex + 1] && matches(pattern.dropFirst(2), name.dropFirst())
    default:
      return name.first == first && matches(pattern.dropFirst(), name.dropFirst())
    }
  }

  private static func isIn(_ character: UInt8, _ set: ArraySlice<UInt8>) -> Bool {
    var rest = set
    while let low = rest.popFirst() {
      if rest.first == UInt8(ascii: "-"), rest.count > 1 {
        let high = rest[rest.startIndex + 1]
        if low <= character && character <= high { return true }
        rest = rest.dropFirst(2)
      } else if low == character {
        return true
      }
    }
    return false
  }
}

/// What `--exclude` leaves out: the last pattern that matches a path, or a folder above it, decides; `!` before it says
/// that the path stays. Source: the Dockerfile reference, COPY --exclude.
struct Exclusion {
  private let patterns: [(pattern: PathPattern, isException: Bool)]

  init(_ texts: [String]) {
    patterns = texts.map { text in
      let isException = text.hasPrefix("!")
      return (PathPattern(isException ? String(text.dropFirst()) : text), isException)
    }
  }

  /// - Parameter path: relative to the folder that a source names; for a file that is named itself, its name.
  func excludes(_ path: String) -> Bool {
    patterns.last { $0.pattern.matchesOrContains(path) }.map { !$0.isException } ?? false
  }
}
