import GraphCore

/// Gathers the members of an archive, in its order, and makes the one recipe that they mean.
struct LayerBuilder {
  private(set) var memberCount = 0
  /// The first name that stands for a change of the layers below.
  private(set) var firstMarker: String?
  private var entries: [String: Layer.Entry] = [:]
  private var opaque: Set<String> = []
  private var removed: [String: Int64] = [:]

  /// Whether the name stands for a change of the layers below and not for a file.
  static func isMarker(_ path: String) -> Bool {
    path.split(separator: "/").last?.hasPrefix(TarWriter.whiteoutPrefix) ?? false
  }

  /// - Parameter digest: the content of a regular file that is no marker.
  mutating func add(_ member: ArchiveMember, _ digest: Digest?) throws {
    memberCount += 1
    guard let path = try Self.normalised(member.path) else {
      if member.kind == .directory { return }
      throw FormatError("a member has no name")
    }
    let parent = path.lastIndex(of: "/").map { String(path[..<$0]) }
    let name = path.split(separator: "/").last ?? ""
    if member.kind == .file, name.hasPrefix(TarWriter.whiteoutPrefix) {
      firstMarker = firstMarker ?? path
      if name == TarWriter.opaqueMarker {
        guard let parent else {
          throw FormatError("'\(path)' hides everything below it: write a base layer instead")
        }
        opaque.insert(parent)
        return
      }
      // Other names that start so are the private notes of union file systems (`.wh..wh.plnk`); they hide nothing.
      if name.hasPrefix(".wh..wh.") { return }
      let gone = String(name.dropFirst(TarWriter.whiteoutPrefix.count))
      guard !gone.isEmpty, gone != ".", gone != ".." else { throw FormatError("'\(path)' hides no name") }
      removed[parent.map { "\($0)/\(gone)" } ?? gone] = member.modified
      return
    }
    if let known = entries.index(forKey: path), !entries.keys[known].utf8.elementsEqual(path.utf8) {
      throw FormatError("'\(path)' is there twice, with its accents composed and decomposed")
    }
    entries[path] = Layer.Entry(
      path: path, content: try Self.content(of: member, digest),
      mode: member.kind == .symlink ? 0o777 : member.mode,
      owner: member.owner, group: member.group, modified: member.modified, attributes: member.attributes)
  }

  /// The recipe of everything added.
  func finish() throws -> Layer {
    var entries = entries
    for (path, time) in removed {
      switch entries[path]?.content {
      case nil: entries[path] = Layer.Entry(path: path, content: .whiteout, mode: 0, modified: time)
      // A folder that was removed and made again hides what it held before.
      case .directory: entries[path]?.content = .opaqueDirectory
      default: break
      }
    }
    for path in opaque {
      switch entries[path]?.content {
      case nil: entries[path] = Layer.Entry(path: path, content: .opaqueDirectory, mode: 0o755)
      case .directory, .opaqueDirectory: entries[path]?.content = .opaqueDirectory
      default: throw FormatError("'\(path)' is marked as an opaque folder and is none")
      }
    }
    try Self.checkParents(entries)
    return Layer(entries: Array(try Self.turningHardlinks(entries).values))
  }

  /// Relative, without empty parts and `.`; `nil` for the root.
  static func normalised(_ path: String) throws -> String? {
    let parts = path.split(separator: "/").filter { $0 != "." }
    if parts.contains("..") { throw FormatError("'\(path)' leaves the folder by '..'") }
    return parts.isEmpty ? nil : parts.joined(separator: "/")
  }

  private static func content(of member: ArchiveMember, _ digest: Digest?) throws -> Layer.Entry.Content {
    switch member.kind {
    case .file:
      guard let digest else { throw FormatError("'\(member.path)' has no content") }
      return .file(digest)
    case .directory: return .directory
    case .symlink: return .symlink(target: member.target)
    case .hardlink:
      guard let target = try normalised(member.target) else {
        throw FormatError("'\(member.path)' is a hard link to nothing")
      }
      return .hardlink(target: target)
    case .character: return .characterDevice(major: member.device.major, minor: member.device.minor)
    case .block: return .blockDevice(major: member.device.major, minor: member.device.minor)
    case .fifo: return .fifo
    }
  }

  /// Everything has to be in a folder, or in one that only the layers below have.
  private static func checkParents(_ entries: [String: Layer.Entry]) throws {
    for path in entries.keys {
      var rest = path[...]
      while let slash = rest.lastIndex(of: "/") {
        rest = rest[..<slash]
        switch entries[String(rest)]?.content {
        case nil, .directory, .opaqueDirectory: continue
        default: throw FormatError("'\(path)' is below '\(rest)', which is no folder")
        }
      }
    }
  }

  /// Lets the first of all names of a file, in path order, be the file, and every other name a link to it.
  ///
  /// All names are one file, so links have its metadata; the attributes are only with the file itself.
  private static func turningHardlinks(_ entries: [String: Layer.Entry]) throws -> [String: Layer.Entry] {
    var names: [String: [String]] = [:]
    for (path, entry) in entries {
      guard case .hardlink(let first) = entry.content else { continue }
      var target = first
      var visited: Set<String> = [path]
      while case .hardlink(let next) = entries[target]?.content {
        guard visited.insert(target).inserted else { throw FormatError("'\(path)' is a hard link to itself") }
        target = next
      }
      names[target, default: []].append(path)
    }
    var entries = entries
    for (target, links) in names {
      guard let file = entries[target] else {
        throw FormatError(
          "'\(links.min() ?? "")' is a hard link to '\(target)', which the archive does not have")
      }
      switch file.content {
      case .directory, .opaqueDirectory, .whiteout, .hardlink:
        throw FormatError("'\(links.min() ?? "")' is a hard link to '\(target)', which is no file")
      default: break
      }
      let all = ([target] + links).sorted { $0.precedesInBytes($1) }
      for path in all {
        var entry = file
        entry.path = path
        // Only files are linked in a layer: other things have nothing to share, so each name is one of its own.
        if case .file = file.content, path != all[0] {
          entry.content = .hardlink(target: all[0])
          entry.attributes = []
        }
        entries[path] = entry
      }
    }
    return entries
  }
}
