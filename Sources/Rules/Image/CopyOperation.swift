import GraphCore

/// COPY: files of the build context as a layer over the layers below.
///
/// The destination is resolved in the stacked root as a process in it would see it; folders that are missing on the way
/// are made (0755, of the same owner, as buildah and BuildKit do). Modes are 0755 for folders and programs and 0644
/// for files whatever the checkout's umask was; times are the newest of the layers below.
/// Source: Dockerfile reference, COPY.
public struct CopyOperation: Operation {
  static let rule = Action.Rule("copy", version: 2)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    let root = StackedRoot(try task.inputs(under: "layer").map { try store.readLayer($0.artifact) })
    let action = task.action
    let destination = action.value("destination") ?? "/"
    let folder = action.value("working-directory") ?? "/"
    let absolute = destination.hasPrefix("/") ? destination : "\(folder)/\(destination)"
    guard let base = root.resolve(absolute) else {
      throw ActionFailed(.deterministic, "symbolic links on the way to '\(absolute)' run in a circle")
    }
    let identity = try UserNames(root, store: store).resolve(action.value("owner") ?? "")
    let mode = try Self.mode(action.value("mode") ?? "")
    let isFolder =
      destination.hasSuffix("/") || destination.hasSuffix("/.") || destination == "." || root.isFolder(base)
    var layer = LayerDraft(root: root, epoch: max(root.newest, LayerDraft.earliest))

    for text in action.values("entries") {
      let fields = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 3 else { throw GraphError(.bug, "COPY entry '\(text)'") }
      let (number, kind, place) = (fields[0], fields[1], fields[2])
      var path: String
      let name = String(place.dropFirst())
      if place.hasPrefix("=") {
        path = isFolder ? Self.join(base, name) : base
      } else {
        path = Self.join(base, name)
      }
      guard let resolved = root.resolve(path) else {
        throw ActionFailed(.deterministic, "symbolic links on the way to '/\(path)' run in a circle")
      }
      path = resolved
      if kind == "folder" {
        try layer.addFolder(path, mode: mode ?? 0o755, owner: identity)
        continue
      }
      guard let artifact = task.input("source/\(number)/\(name)") else {
        throw GraphError(.bug, "no input '\(text)'")
      }
      if root.isFolder(path) {
        throw ActionFailed(
          .deterministic, "'/\(path)' is a folder of the image, and COPY would put a file in its place")
      }
      let content: Layer.Entry.Content =
        kind == "link" ? .symlink(target: try store.readText(artifact.digest)) : .file(artifact.digest)
      try layer.add(
        path, content, mode: kind == "link" ? 0o777 : mode ?? (kind == "program" ? 0o755 : 0o644),
        owner: identity)
    }
    return ["layer": try store.write(layer.layer, as: .layer)]
  }

  private static func join(_ base: String, _ path: String) -> String {
    base.isEmpty ? path : path.isEmpty ? base : "\(base)/\(path)"
  }

  private static func mode(_ text: String) throws -> UInt16? {
    if text.isEmpty { return nil }
    guard let mode = UInt16(text, radix: 8), mode <= 0o7777 else {
      throw ActionFailed(.deterministic, "--chmod=\(text) is no octal mode such as 0644")
    }
    return mode
  }
}

/// WORKDIR: the folder, where it is not there yet.
public struct MakeFolderOperation: Operation {
  static let rule = Action.Rule("make-folder", version: 2)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    let root = StackedRoot(try task.inputs(under: "layer").map { try store.readLayer($0.artifact) })
    let folder = task.action.value("folder") ?? "/"
    guard let path = root.resolve(folder) else {
      throw ActionFailed(.deterministic, "symbolic links on the way to '\(folder)' run in a circle")
    }
    if root.entry(path) != nil, !root.isFolder(path) {
      throw ActionFailed(.deterministic, "'\(folder)' is a file of the image, and WORKDIR needs a folder")
    }
    var layer = LayerDraft(root: root, epoch: max(root.newest, LayerDraft.earliest))
    try layer.addFolder(path, mode: 0o755, owner: (0, 0))
    return ["layer": try store.write(layer.layer, as: .layer)]
  }
}

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

  init(root: StackedRoot, epoch: Int64) {
    self.root = root
    self.epoch = epoch
  }

  var layer: Layer { Layer(entries: Array(entries.values)) }

  /// - Throws: `ActionFailed` where a file is in the place of a folder, or the other way round.
  mutating func add(_ path: String, _ content: Layer.Entry.Content, mode: UInt16, owner: (UInt32, UInt32))
    throws
  {
    try addParents(of: path, owner: owner)
    if case .directory? = entries[path]?.content, content != .directory {
      throw ActionFailed(.deterministic, "'/\(path)' would be both a file and a folder")
    }
    entries[path] = Layer.Entry(
      path: path, content: content, mode: mode, owner: owner.0, group: owner.1, modified: epoch)
  }

  mutating func addFolder(_ path: String, mode: UInt16, owner: (UInt32, UInt32)) throws {
    if path.isEmpty || root.isFolder(path) { return }
    if root.entry(path) != nil {
      throw ActionFailed(
        .deterministic, "'/\(path)' is a file of the image, and a folder cannot take its place")
    }
    try add(path, .directory, mode: mode, owner: owner)
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

/// User and group names as a root's own /etc/passwd and /etc/group have them.
struct UserNames {
  private let users: [String: (id: UInt32, group: UInt32)]
  private let groups: [String: UInt32]

  init(_ root: StackedRoot, store: any BlobStore) throws {
    func lines(_ path: String) throws -> [[String]] {
      guard let resolved = root.resolve(path), case .file(let digest)? = root.entry(resolved)?.content else {
        return []
      }
      return try store.readText(digest).split(separator: "\n").map {
        $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      }
    }
    var users: [String: (UInt32, UInt32)] = [:]
    for fields in try lines("etc/passwd") where fields.count >= 4 {
      if let id = UInt32(fields[2]), let group = UInt32(fields[3]) { users[fields[0]] = (id, group) }
    }
    var groups: [String: UInt32] = [:]
    for fields in try lines("etc/group") where fields.count >= 3 {
      if let id = UInt32(fields[2]) { groups[fields[0]] = id }
    }
    self.users = users
    self.groups = groups
  }

  /// `user[:group]`, each a number or a name. Without a group, a name brings its group of /etc/passwd, and a number
  /// the same number. Empty is root.
  func resolve(_ text: String) throws -> (UInt32, UInt32) {
    if text.isEmpty { return (0, 0) }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let user: UInt32
    var group: UInt32
    if let id = UInt32(parts[0]) {
      (user, group) = (id, id)
    } else if let known = users[parts[0]] {
      (user, group) = known
    } else {
      throw ActionFailed(.deterministic, "the image has no user '\(parts[0])' in /etc/passwd")
    }
    if parts.count > 1 {
      guard let id = UInt32(parts[1]) ?? groups[parts[1]] else {
        throw ActionFailed(.deterministic, "the image has no group '\(parts[1])' in /etc/group")
      }
      group = id
    }
    return (user, group)
  }
}
