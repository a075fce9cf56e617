import GraphCore
import Manifests
import Resolve

/// What the sources of a COPY name in the build context: the files as inputs, and how they are laid out.
///
/// Only files that a source names are inputs, so an edit of any other file of the context changes nothing.
struct CopySources {
  /// One text for each file system entry, `source kind path`: the number of the source, `folder`, `file`, `program` or
  /// `link`, and the path that the entry gets below the destination (empty for a file named by itself).
  var entries: [String] = []
  var inputs: [Input] = []
  /// Whether the sources name more than one thing.
  var isSeveral = false

  enum Collected {
    case success(CopySources)
    case failure(Diagnostic)
  }

  static func collect(
    _ sources: [Located<String>], from tree: any SourceTree, context: String
  ) throws -> Collected {
    var found = CopySources()
    var things = 0
    let listing = try tree.list(context) ?? []
    for (number, source) in sources.enumerated() {
      guard let pattern = RepositoryPath.join("", source.value.drop(while: { $0 == "/" }).description) else {
        return .failure(
          .error(
            "'\(source.value)' leaves the build context", at: source.location,
            hint: "COPY reads below '\(context.isEmpty ? "." : context)' only; 'build-context' of the index moves it"))
      }
      let matches = pattern.isEmpty ? [] : listing.filter { PathPattern(pattern).matches($0.path) }
      if pattern.isEmpty {
        things += 1
        try found.add(folder: "", of: listing, number: number, tree: tree, context: context)
        continue
      }
      if matches.isEmpty {
        let near = Nearest.match(for: pattern, among: listing.map(\.path))
        return .failure(
          .error(
            "there is no '\(source.value)' in the build context '\(context.isEmpty ? "." : context)'",
            at: source.location, hint: near.map { "did you mean '\($0)'?" }))
      }
      things += matches.count
      for match in matches {
        if case .folder = match.kind {
          try found.add(folder: match.path, of: listing, number: number, tree: tree, context: context)
        } else {
          let name = String(match.path.split(separator: "/").last ?? "")
          // A single file may be given another name by the destination; several keep their own.
          try found.add(match, as: matches.count > 1 || sources.count > 1 ? name : "", isNamed: name, number, tree, context)
        }
      }
    }
    found.isSeveral = things > 1
    return .success(found)
  }

  private mutating func add(
    folder: String, of listing: [SourceFile], number: Int, tree: any SourceTree, context: String
  ) throws {
    let prefix = folder.isEmpty ? "" : folder + "/"
    entries.append("\(number) folder ")
    for file in listing where file.path.hasPrefix(prefix) {
      try add(file, as: String(file.path.dropFirst(prefix.count)), isNamed: nil, number, tree, context)
    }
  }

  private mutating func add(
    _ file: SourceFile, as path: String, isNamed name: String?, _ number: Int, _ tree: any SourceTree, _ context: String
  ) throws {
    // A file that takes its own name or the destination's: `=NAME` says which own name that is.
    let place = path.isEmpty ? "=" + (name ?? "") : path
    switch file.kind {
    case .folder: entries.append("\(number) folder \(place)")
    case .symlink(let target):
      entries.append("\(number) link \(place)")
      inputs.append(Input("source/\(number)/\(place)", .leaf(.text(target, origin: "\(tree.origin)/\(file.path)"))))
    case .file(let isExecutable):
      entries.append("\(number) \(isExecutable ? "program" : "file") \(place)")
      inputs.append(Input("source/\(number)/\(place)", .leaf(try tree.leaf(file, in: context))))
    }
  }
}

/// A path with the wildcards of COPY: `*` and `?` within one part, `[a-z]` sets. Source: Go's filepath.Match, which the
/// Dockerfile reference names.
struct PathPattern {
  private let parts: [[UInt8]]

  init(_ text: String) {
    parts = text.split(separator: "/").map { Array($0.utf8) }
  }

  func matches(_ path: String) -> Bool {
    let names = path.split(separator: "/").map { Array($0.utf8) }
    return names.count == parts.count && zip(parts, names).allSatisfy { Self.matches($0[...], $1[...]) }
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
