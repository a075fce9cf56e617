import GraphCore
import Manifests
import Resolve

/// What the sources of a COPY or ADD name among some files, and what each becomes below the destination.
///
/// The same for the build context, whose files are known when the graph is made, and for the root of another stage,
/// which is known when it has been built.
struct FileSelection {
  /// One thing that is copied.
  struct Item {
    /// Which source named it, from 0.
    let source: Int
    let found: StackedRoot.Found
    let place: CopyPlace
    /// Whether the source named the file itself, and not a folder that it is in.
    let isNamed: Bool
  }

  private(set) var items: [Item] = []
  /// Whether more than one thing is named, and a file among them: the destination has to be a folder.
  private(set) var needsFolder = false

  /// Why a source names nothing.
  struct Fault: Error {
    let source: Int
    let message: String
    let hint: String?
  }

  private let files: StackedRoot
  private let name: String
  private let isContext: Bool
  private let exclusion: PathPatterns
  private var things = 0
  private var hasFile = false

  /// - Parameters:
  ///   - sources: with their variables replaced.
  ///   - numbers: the number of each source within the instruction.
  ///   - name: what messages call the files: `the build context 'x'`.
  ///   - isContext: whether a path that leaves the files is an error, and not cut off at their root.
  ///   - isAlone: whether the one source is all that is copied; as `sources` has it where `nil`.
  init(
    _ sources: [String], numbers: [Int]? = nil, in files: StackedRoot, called name: String, isContext: Bool,
    excluding: PathPatterns = PathPatterns(), keepsParents: Bool = false, isAlone: Bool? = nil
  ) throws(Fault) {
    (self.files, self.name, self.isContext) = (files, name, isContext)
    exclusion = excluding
    let isAlone = isAlone ?? (sources.count == 1)
    for (index, text) in sources.enumerated() {
      let number = numbers?[index] ?? index
      if keepsParents {
        try addWithParents(text, number)
      } else {
        try add(text, number, isAlone: isAlone)
      }
    }
    needsFolder = !keepsParents && things > 1 && hasFile
  }

  private mutating func add(_ text: String, _ number: Int, isAlone: Bool) throws(Fault) {
    let path = try normalised(text, text, number)
    if path.isEmpty {
      things += 1
      addFolder("", number)
      return
    }
    let matches = matches(path)
    if matches.isEmpty { throw missing(text, path, number) }
    things += matches.count
    for named in matches {
      // A link that is named itself is followed, within the files; one below a folder is copied as it is.
      guard let real = files.resolve(named), files.exists(real) else {
        throw Fault(
          source: number, message: "'\(named)' is a symbolic link to nothing in \(name)", hint: nil)
      }
      guard !files.isFolder(real), let found = files.found(real) else {
        addFolder(real, number)
        continue
      }
      hasFile = true
      let last = String(named.split(separator: "/").last ?? "")
      if exclusion.excludes(last) || exclusion.excludes(named) { continue }
      // A single file may be given another name by the destination; several keep their own.
      let place: CopyPlace = isAlone && matches.count == 1 ? .named(last) : .below(last)
      items.append(Item(source: number, found: found, place: place, isNamed: true))
    }
  }

  private mutating func addFolder(_ folder: String, _ number: Int) {
    let prefix = folder.isEmpty ? 0 : folder.utf8.count + 1
    let top = StackedRoot.Found(
      path: folder, entry: Layer.Entry(path: folder, content: .directory, mode: 0o755), file: nil)
    items.append(Item(source: number, found: top, place: .below(""), isNamed: false))
    for found in files.contents(of: folder) {
      let path = String(found.path.utf8.dropFirst(prefix)) ?? found.path
      if exclusion.excludes(path) { continue }
      items.append(Item(source: number, found: found, place: .below(path), isNamed: false))
    }
  }

  /// `--parents`: each path keeps its folders, those before `/./` excepted.
  private mutating func addWithParents(_ text: String, _ number: Int) throws(Fault) {
    var base = ""
    var rest = text
    if let pivot = text.firstRange(of: "/./") {
      base = try normalised(String(text[..<pivot.lowerBound]), text, number)
      rest = String(text[pivot.upperBound...])
    }
    let path = try normalised(rest, text, number)
    let pattern = PathPattern(path)
    var isFound = false
    for named in base.isEmpty ? [""] : matches(base) {
      guard let folder = files.resolve(named), files.isFolder(folder) else { continue }
      let prefix = folder.isEmpty ? 0 : folder.utf8.count + 1
      let all = files.contents(of: folder).map { found in
        (found: found, path: String(found.path.utf8.dropFirst(prefix)) ?? found.path)
      }
      var wanted: Set<String> = []
      for item in all where pattern.matchesOrContains(item.path) {
        isFound = true
        if exclusion.excludes(item.path) { continue }
        var parts = item.path.split(separator: "/")
        while !parts.isEmpty, wanted.insert(parts.joined(separator: "/")).inserted { parts.removeLast() }
      }
      for item in all where wanted.contains(item.path) {
        items.append(Item(source: number, found: item.found, place: .below(item.path), isNamed: false))
      }
    }
    if !isFound { throw missing(text, base.isEmpty ? path : "\(base)/\(path)", number) }
  }

  /// The paths that a pattern names, by their own names.
  private func matches(_ path: String) -> [String] {
    let pattern = PathPattern(path)
    if !pattern.isLiteral {
      let (literal, rest) = pattern.split
      if let folder = files.resolve(literal), files.isFolder(folder) {
        let prefix = folder.isEmpty ? 0 : folder.utf8.count + 1
        let found = files.contents(of: folder).map(\.path).filter {
          rest.matches(String($0.utf8.dropFirst(prefix)) ?? $0)
        }
        if !found.isEmpty { return found }
      }
    }
    return files.resolve(path).map { files.exists($0) } == true ? [path] : []
  }

  private func normalised(_ path: String, _ text: String, _ number: Int) throws(Fault) -> String {
    let relative = String(path.drop { $0 == "/" })
    if let joined = RepositoryPath.join("", relative) { return joined }
    if !isContext { return String(InstructionReader.join("/", relative).dropFirst()) }
    throw Fault(
      source: number, message: "'\(text)' leaves \(name)",
      hint: "COPY reads what is in it only; 'build-context' of the index moves it")
  }

  private func missing(_ text: String, _ path: String, _ number: Int) -> Fault {
    let near = Nearest.match(for: path, among: files.contents(of: "").map(\.path))
    return Fault(
      source: number, message: "there is no '\(text)' in \(name)", hint: near.map { "did you mean '\($0)'?" })
  }
}

/// Where a thing goes.
enum CopyPlace: Hashable {
  /// Below the destination, which is a folder; empty for the folder itself.
  case below(String)
  /// To the destination itself, unless that is a folder; then below it, under this name.
  case named(String)

  /// As an argument of the action has it: `/path` or `=name`.
  init?(_ text: Substring) {
    switch text.first {
    case "/": self = .below(String(text.dropFirst()))
    case "=": self = .named(String(text.dropFirst()))
    default: return nil
    }
  }

  var text: String {
    switch self {
    case .below(let path): "/" + path
    case .named(let name): "=" + name
    }
  }

  /// The path or name alone.
  var path: String {
    switch self {
    case .below(let path), .named(let path): path
    }
  }
}
