/// Patterns of paths that are left out: those of `.dockerignore`, and of `--exclude`.
///
/// `*` and `?` stand for anything but `/`, `[a-z]` and `[^a-z]` for one character, `**` for any number of folders, `\`
/// takes a meaning away. A pattern with `!` in front brings back what those before it left out; of all that match, the
/// last one counts. What matches a folder matches all below it. Source: moby/patternmatcher, in the way in which
/// BuildKit walks a tree with it; Go, filepath.Match and filepath.Clean.
public struct PathPatterns: Sendable, Hashable {
  private var patterns: [PathPattern] = []

  /// No patterns: nothing is left out.
  public init() {}

  /// Empty texts are passed over.
  ///
  /// - Throws: `PathPatternError` for the first that is no pattern.
  public init(_ texts: some Sequence<String>) throws(PathPatternError) {
    for text in texts { try append(text) }
  }

  public var isEmpty: Bool { patterns.isEmpty }

  mutating func append(_ text: String) throws(PathPatternError) {
    let trimmed = Array(text.unicodeScalars)[...].trimmed
    guard !trimmed.isEmpty else { return }
    var cleaned = Array(Self.clean(trimmed.text).unicodeScalars)
    let isException = cleaned.first == "!"
    if isException { cleaned.removeFirst() }
    guard !cleaned.isEmpty else { throw PathPatternError("'!' brings nothing back") }
    patterns.append(try PathPattern(cleaned, isException: isException))
  }

  /// Whether a path is left out.
  ///
  /// - Parameter path: relative to what the patterns are about, without `.` and `..`.
  public func excludes(_ path: String) -> Bool {
    guard !patterns.isEmpty else { return false }
    var match = Match(isExcluded: false, matched: [])
    var folder = ""
    for part in path.unicodeScalars.split(separator: "/") {
      folder += (folder.isEmpty ? "" : "/") + String(part)
      match = self.match(folder, in: match)
    }
    return match.isExcluded
  }

  /// What is left of a listing: what is not left out, and the folders on the way to it.
  ///
  /// - Parameter path: of an item, relative to what the patterns are about.
  public func remaining<Item>(of items: [Item], path: (Item) -> String) -> [Item] {
    guard !patterns.isEmpty else { return items }
    var known = ["": Match(isExcluded: false, matched: [])]
    func match(_ path: String) -> Match {
      if let match = known[path] { return match }
      // From the outermost folder that is not known yet, so that deep paths need no deep stack.
      var folders = [path]
      while let slash = folders[folders.count - 1].utf8.lastIndex(of: UInt8(ascii: "/")) {
        let folder = String(folders[folders.count - 1][..<slash])
        if known[folder] != nil { break }
        folders.append(folder)
      }
      var last = known[Self.folder(of: folders[folders.count - 1])] ?? Match(isExcluded: false, matched: [])
      for folder in folders.reversed() {
        last = self.match(folder, in: last)
        known[folder] = last
      }
      return last
    }
    var wanted: Set<String> = []
    for item in items where !match(path(item)).isExcluded {
      var folder = path(item)
      while !folder.isEmpty, wanted.insert(folder).inserted { folder = Self.folder(of: folder) }
    }
    return items.filter { wanted.contains(path($0)) }
  }

  private struct Match {
    var isExcluded: Bool
    /// Which patterns match the path, or a folder on the way to it; empty for the root.
    var matched: [Bool]
  }

  private func match(_ path: String, in parent: Match) -> Match {
    let scalars = Array(path.unicodeScalars)
    var match = Match(isExcluded: false, matched: [])
    for (index, pattern) in patterns.enumerated() {
      var isMatch = !parent.matched.isEmpty && parent.matched[index]
      // One that cannot change anything is not asked.
      if !isMatch, pattern.isException == match.isExcluded { isMatch = pattern.matches(scalars) }
      match.matched.append(isMatch)
      if isMatch { match.isExcluded = !pattern.isException }
    }
    return match
  }

  private static func folder(of path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
  }

  /// The shortest path of the same meaning: without `.`, doubled slashes, and `..` where it can be avoided.
  static func clean(_ path: String) -> String {
    let isRooted = path.utf8.first == UInt8(ascii: "/")
    var parts: [String] = []
    for part in path.unicodeScalars.split(separator: "/").map(String.init) where part != "." {
      if part != ".." {
        parts.append(part)
      } else if let last = parts.last, last != ".." {
        parts.removeLast()
      } else if !isRooted {
        parts.append(part)
      }
    }
    let text = parts.joined(separator: "/")
    return isRooted ? "/" + text : text.isEmpty ? "." : text
  }
}

/// Why a text is no pattern, in a reader's words.
public struct PathPatternError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
