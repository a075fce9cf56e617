import GraphCore

/// The file system that stacked layers make, as far as paths and metadata go; contents stay in the store.
///
/// A tree of folders, so that stacking and looking up cost what the paths are long, however many entries there are.
struct StackedRoot {
  /// One place of the tree: its entry, where a layer has one, and what is below it.
  private final class Place {
    var entry: Layer.Entry?
    /// The same number for every name of one file.
    var file: Int?
    var children: [Substring: Place] = [:]
  }

  /// One path of the root.
  struct Found {
    /// Relative to the root.
    let path: String
    /// Of a folder that no layer has an entry for: 0755, of root.
    let entry: Layer.Entry
    /// The same number for every name of one file; `nil` for a file with one name.
    let file: Int?
  }

  private let top = Place()
  /// The newest modification time of an entry.
  let newest: Int64

  /// - Parameter layers: bottom first.
  init(_ layers: [Layer]) {
    var linkedFiles = 0
    for layer in layers {
      for entry in layer.entries { Self.stack(entry, on: top, &linkedFiles) }
    }
    newest = Self.newest(below: top)
  }

  /// The entry at a path that has been resolved; a hard link is the entry of its file.
  func entry(_ path: String) -> Layer.Entry? { Self.find(path, from: top)?.entry }

  /// The path with every symbolic link on the way followed, as a process with this root would; the last part too.
  ///
  /// - Returns: relative to the root without a leading slash, empty for the root itself; `nil` where links run in a
  ///   circle.
  func resolve(_ path: String) -> String? {
    var pending = Array(path.split(separator: "/").reversed())
    var resolved: [(part: Substring, place: Place?)] = []
    var links = 0
    while let part = pending.popLast() {
      if part == "." { continue }
      if part == ".." {
        _ = resolved.popLast()
        continue
      }
      let folder = resolved.isEmpty ? top : resolved[resolved.count - 1].place
      let place = folder?.children[part]
      if case .symlink(let target)? = place?.entry?.content {
        links += 1
        if links > 40 { return nil }
        if target.hasPrefix("/") { resolved = [] }
        pending += target.split(separator: "/").reversed()
      } else {
        resolved.append((part, place))
      }
    }
    return resolved.map(\.part).joined(separator: "/")
  }

  func isFolder(_ path: String) -> Bool {
    if path.isEmpty { return true }
    guard let place = Self.find(path, from: top) else { return false }
    switch place.entry?.content {
    case .directory, .opaqueDirectory: return true
    // A layer may leave out the folders on the way to an entry.
    case nil: return !place.children.isEmpty
    default: return false
    }
  }

  /// The names in a folder whose path has been resolved, sorted by bytes.
  func names(in folder: String) -> [String] {
    (Self.find(folder, from: top)?.children.keys.map(String.init) ?? []).sorted { $0.precedesInBytes($1) }
  }

  /// Whether there is anything at a path that has been resolved.
  func exists(_ path: String) -> Bool { path.isEmpty || Self.find(path, from: top) != nil }

  /// What is at a path that has been resolved; `nil` for nothing, and for the root itself.
  func found(_ path: String) -> Found? {
    guard !path.isEmpty, let place = Self.find(path, from: top) else { return nil }
    return Self.found(place, path)
  }

  /// Everything below a folder whose path has been resolved, by the bytes of the paths.
  func contents(of folder: String) -> [Found] {
    guard let place = folder.isEmpty ? top : Self.find(folder, from: top) else { return [] }
    var all: [Found] = []
    Self.collect(place, folder.isEmpty ? "" : folder + "/", into: &all)
    return all.sorted { $0.path.precedesInBytes($1.path) }
  }

  /// Where something is put that is to be called `path`: links on the way are followed, and one at its end only where
  /// a folder is put there.
  func destination(_ path: String, isFolder: Bool) -> String? {
    guard let slash = path.lastIndex(of: "/") ?? path.indices.first else { return "" }
    let isInFolder = path[slash] == "/"
    let name = isInFolder ? path[path.index(after: slash)...] : path[...]
    guard let parent = isInFolder ? resolve(String(path[..<slash])) : "" else { return nil }
    let full = parent.isEmpty ? String(name) : "\(parent)/\(name)"
    return isFolder ? resolve(full) : full
  }

  private static func collect(_ place: Place, _ prefix: String, into all: inout [Found]) {
    for (name, child) in place.children {
      let path = prefix + name
      all.append(found(child, path))
      collect(child, path + "/", into: &all)
    }
  }

  private static func found(_ place: Place, _ path: String) -> Found {
    var entry = place.entry ?? Layer.Entry(path: path, content: .directory, mode: 0o755)
    if entry.content == .opaqueDirectory { entry.content = .directory }
    return Found(path: path, entry: entry, file: place.file)
  }

  private static func stack(_ entry: Layer.Entry, on top: Place, _ linkedFiles: inout Int) {
    let parts = entry.path.split(separator: "/")
    guard let name = parts.last else { return }
    var folder = top
    for part in parts.dropLast() {
      let next = folder.children[part] ?? Place()
      folder.children[part] = next
      folder = next
    }
    switch entry.content {
    case .whiteout: folder.children[name] = nil
    case .directory:
      let place = folder.children[name] ?? Place()
      place.entry = entry
      folder.children[name] = place
    default:
      let place = Place()
      place.entry = entry
      if case .hardlink(let target) = entry.content, let first = find(target, from: top),
        var file = first.entry
      {
        file.path = entry.path
        place.entry = file
        if first.file == nil {
          linkedFiles += 1
          first.file = linkedFiles
        }
        place.file = first.file
      }
      folder.children[name] = place
    }
  }

  private static func find(_ path: String, from top: Place) -> Place? {
    path.split(separator: "/").reduce(top as Place?) { $0?.children[$1] }
  }

  private static func newest(below place: Place) -> Int64 {
    place.children.values.reduce(place.entry?.modified ?? 0) { max($0, newest(below: $1)) }
  }
}
