import GraphCore

/// A layer in the making, over a stacked root: missing parents are made, folders that are there stay as they are.
///
/// Folders on the way to an entry are entries too, with the metadata they have below: overlayfs and some engines give
/// a merged folder the metadata of the uppermost layer, and a folder that a layer leaves out gets that of nobody.
struct LayerDraft {
  /// 1980-01-01, the earliest time that every format can hold: for layers on nothing.
  static let earliest = CommandEnvironment.earliestEpoch

  private let root: StackedRoot
  private let epoch: Int64
  private var entries: [String: Layer.Entry] = [:]
  /// Which file a path is a name of, for files with several names.
  private var files: [String: Int] = [:]

  init(root: StackedRoot, epoch: Int64) {
    self.root = root
    self.epoch = epoch
  }

  var layer: Layer {
    var entries = entries
    for names in Dictionary(grouping: files.keys, by: { files[$0] }).values {
      let names = names.sorted { $0.precedesInBytes($1) }
      for name in names.dropFirst() {
        entries[name]?.content = .hardlink(target: names[0])
        // The attributes are only with the file itself.
        entries[name]?.attributes = []
      }
    }
    return Layer(entries: Array(entries.values))
  }

  /// - Throws: `ActionFailed` where a file is in the place of a folder, or the other way round.
  mutating func add(_ path: String, _ content: Layer.Entry.Content, mode: UInt16, owner: (UInt32, UInt32))
    throws
  {
    let entry = Layer.Entry(
      path: path, content: content, mode: mode, owner: owner.0, group: owner.1, modified: epoch)
    try put(entry, parentOwner: owner)
  }

  /// Adds an entry that is no folder, or a folder that is not there.
  ///
  /// - Parameters:
  ///   - parentOwner: of folders on the way that are missing.
  ///   - file: the same number for all names of one file.
  mutating func put(_ entry: Layer.Entry, parentOwner: (UInt32, UInt32), file: Int? = nil) throws {
    try addParents(of: entry.path, owner: parentOwner)
    if entry.content != .directory, entry.content != .whiteout,
      entries[entry.path]?.content == .directory || root.isFolder(entry.path)
    {
      throw ActionFailed(
        .deterministic, "'/\(entry.path)' is a folder of the image, and a file cannot take its place")
    }
    entries[entry.path] = entry
    files[entry.path] = file
  }

  mutating func addFolder(_ path: String, mode: UInt16, owner: (UInt32, UInt32)) throws {
    try putFolder(
      Layer.Entry(
        path: path, content: .directory, mode: mode, owner: owner.0, group: owner.1, modified: epoch),
      parentOwner: owner, replaces: false)
  }

  /// Adds a folder.
  ///
  /// - Parameter replaces: whether one that is there gets the metadata of this one.
  mutating func putFolder(_ entry: Layer.Entry, parentOwner: (UInt32, UInt32), replaces: Bool) throws {
    if entry.path.isEmpty { return }
    if let known = entries[entry.path] {
      guard known.content == .directory else {
        throw ActionFailed(.deterministic, "'/\(entry.path)' would be both a file and a folder")
      }
      if replaces { entries[entry.path] = entry }
      return
    }
    if root.isFolder(entry.path) {
      if replaces { try put(entry, parentOwner: parentOwner) }
      return
    }
    if root.entry(entry.path) != nil {
      throw ActionFailed(
        .deterministic, "'/\(entry.path)' is a file of the image, and a folder cannot take its place")
    }
    try put(entry, parentOwner: parentOwner)
  }

  private mutating func addParents(of path: String, owner: (UInt32, UInt32)) throws {
    var parts = path.split(separator: "/").dropLast()
    while !parts.isEmpty {
      let parent = parts.joined(separator: "/")
      if let known = entries[parent] {
        if case .directory = known.content { return }
        throw ActionFailed(.deterministic, "'/\(parent)' would be both a file and a folder")
      }
      let below = root.entry(parent)
      if below != nil, !root.isFolder(parent) {
        throw ActionFailed(.deterministic, "'/\(parent)' is a file of the image, and no folder to copy into")
      }
      var entry =
        below
        ?? Layer.Entry(
          path: parent, content: .directory, mode: 0o755, owner: owner.0, group: owner.1, modified: epoch)
      entry.content = .directory
      entries[parent] = entry
      parts = parts.dropLast()
    }
  }
}
