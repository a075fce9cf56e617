import GraphCore

/// The file system that stacked layers make, as far as paths and metadata go; contents stay in the store.
struct StackedRoot {
  private var entries: [String: Layer.Entry] = [:]

  /// - Parameter layers: bottom first.
  init(_ layers: [Layer]) {
    for layer in layers {
      for entry in layer.entries {
        switch entry.content {
        case .whiteout: remove(entry.path)
        case .opaqueDirectory:
          removeContents(of: entry.path)
          entries[entry.path] = entry
        default:
          if case .directory = entry.content {} else { removeContents(of: entry.path) }
          entries[entry.path] = entry
        }
      }
    }
  }

  /// The entry at a path that has been resolved.
  func entry(_ path: String) -> Layer.Entry? { entries[path] }

  var newest: Int64 { entries.values.reduce(0) { max($0, $1.modified) } }

  /// The path with every symbolic link on the way followed, as a process with this root would; the last part too.
  ///
  /// - Returns: relative to the root without a leading slash, empty for the root itself; `nil` where links run in a
  ///   circle.
  func resolve(_ path: String) -> String? {
    var pending = Array(path.split(separator: "/").map(String.init).reversed())
    var resolved: [String] = []
    var links = 0
    while let part = pending.popLast() {
      if part == "." { continue }
      if part == ".." {
        _ = resolved.popLast()
        continue
      }
      let candidate = (resolved + [part]).joined(separator: "/")
      if let entry = entries[candidate], case .symlink(let target) = entry.content {
        links += 1
        if links > 40 { return nil }
        if target.hasPrefix("/") { resolved = [] }
        pending += target.split(separator: "/").map(String.init).reversed()
      } else {
        resolved.append(part)
      }
    }
    return resolved.joined(separator: "/")
  }

  func isFolder(_ path: String) -> Bool {
    if path.isEmpty { return true }
    switch entries[path]?.content {
    case .directory, .opaqueDirectory: return true
    default: return false
    }
  }

  private mutating func remove(_ path: String) {
    entries[path] = nil
    removeContents(of: path)
  }

  private mutating func removeContents(of path: String) {
    let prefix = path + "/"
    for key in entries.keys where key.hasPrefix(prefix) { entries[key] = nil }
  }
}
