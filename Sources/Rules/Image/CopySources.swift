import GraphCore
import Manifests
import Resolve

/// What the sources of a COPY name in the build context: the files as inputs, and how they are laid out.
///
/// Only files that a source names are inputs, so an edit of any other file of the context changes nothing.
struct CopySources {
  /// One text for each file system entry, `source kind place`: the number of the source, `folder`, `file`, `program` or
  /// `link`, and `/path` below the destination, or `=NAME` for a file that takes the destination's name where that is
  /// no folder, and its own where it is.
  var entries: [String] = []
  var inputs: [Input] = []
  /// Whether the sources name more than one thing.
  var isSeveral = false
  private var places: [String: (entry: Int, input: Int)] = [:]

  enum Collected {
    case success(CopySources)
    case failure(Diagnostic)
  }

  static func collect(
    _ sources: [Located<String>], from tree: any SourceTree, context: String, listing: [SourceFile]
  ) throws -> Collected {
    var found = CopySources()
    var things = 0
    let byPath = Dictionary(listing.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    let links = StackedRoot([Layer(entries: listing.map(\.asEntry))])
    for (number, source) in sources.enumerated() {
      guard let pattern = RepositoryPath.join("", source.value.drop(while: { $0 == "/" }).description) else {
        return .failure(
          .error(
            "'\(source.value)' leaves the build context", at: source.location,
            hint:
              "COPY reads below '\(context.isEmpty ? "." : context)' only; 'build-context' of the index moves it"
          ))
      }
      let wanted = PathPattern(pattern)
      var matches = pattern.isEmpty ? [] : listing.filter { wanted.matches($0.path) }
      if matches.isEmpty, let real = links.resolve(pattern), let file = byPath[real] { matches = [file] }
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
      for named in matches {
        // A link that is named itself is followed, within the context; one below a folder is copied as it is.
        guard let real = links.resolve(named.path), let match = byPath[real] else {
          return .failure(
            .error("'\(named.path)' is a symbolic link to nothing in the build context", at: source.location))
        }
        if case .folder = match.kind {
          try found.add(folder: match.path, of: listing, number: number, tree: tree, context: context)
        } else {
          let name = String(named.path.split(separator: "/").last ?? "")
          // A single file may be given another name by the destination; several keep their own.
          try found.add(
            match, as: matches.count > 1 || sources.count > 1 ? name : "", isNamed: name, number, tree,
            context)
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
    entries.append("\(number) folder /")
    for file in listing where file.path.hasPrefix(prefix) {
      try add(file, as: String(file.path.dropFirst(prefix.count)), isNamed: nil, number, tree, context)
    }
  }

  private mutating func add(
    _ file: SourceFile, as path: String, isNamed name: String?, _ number: Int, _ tree: any SourceTree,
    _ context: String
  ) throws {
    let own = path.isEmpty ? name ?? "" : path
    let place = path.isEmpty ? "=" + own : "/" + own
    switch file.kind {
    case .folder: entries.append("\(number) folder \(place)")
    case .symlink(let target):
      addInput("\(number) link \(place)", .text(target, origin: "\(tree.origin)/\(file.path)"), number, own)
    case .file(let isExecutable):
      let kind = isExecutable ? "program" : "file"
      addInput("\(number) \(kind) \(place)", try tree.leaf(file, in: context), number, own)
    }
  }

  /// Of two files that a wildcard finds under one name, the later one stays.
  private mutating func addInput(_ entry: String, _ leaf: Leaf, _ number: Int, _ name: String) {
    let role = "source/\(number)/\(name)"
    if let earlier = places[role] {
      entries[earlier.entry] = entry
      inputs[earlier.input] = Input(role, .leaf(leaf))
      return
    }
    places[role] = (entries.count, inputs.count)
    entries.append(entry)
    inputs.append(Input(role, .leaf(leaf)))
  }
}

extension SourceFile {
  /// The entry as far as following links needs it.
  fileprivate var asEntry: Layer.Entry {
    let content: Layer.Entry.Content =
      switch kind {
      case .folder: .directory
      case .symlink(let target): .symlink(target: target)
      case .file: .fifo
      }
    return Layer.Entry(path: path, content: content, mode: 0)
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
