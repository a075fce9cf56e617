import GraphCore

/// `rm -rf` of absolute paths, without a shell: what is there becomes a whiteout, and what is not is nothing.
///
/// Symbolic links on the way to a path are followed, one that a path names is removed itself. A last part `*` is every
/// name of the folder that does not begin with a dot.
public struct RemovePathsOperation: Operation {
  static let rule = Action.Rule("remove", version: 1)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    let root = StackedRoot(try task.inputs(under: "layer").map { try store.readLayer($0.artifact) })
    var gone: Set<String> = []
    for path in task.action.values("paths") {
      var parts = path.split(separator: "/").map(String.init)
      guard let last = parts.popLast(), let folder = root.resolve(parts.joined(separator: "/")) else {
        continue
      }
      let names = last == "*" ? root.names(in: folder).filter { !$0.hasPrefix(".") } : [last]
      for name in names {
        let path = folder.isEmpty ? name : "\(folder)/\(name)"
        if root.entry(path) != nil || root.isFolder(path) { gone.insert(path) }
      }
    }
    var layer = LayerDraft(root: root, epoch: max(root.newest, LayerDraft.earliest))
    for path in gone.sorted(by: { $0.precedesInBytes($1) }) where !Self.isInside(path, gone) {
      try layer.add(path, .whiteout, mode: 0, owner: (0, 0))
    }
    return ["layer": try store.write(layer.layer, as: .layer)]
  }

  /// Whether a folder that contains `path` goes as a whole.
  private static func isInside(_ path: String, _ gone: Set<String>) -> Bool {
    var rest = path[...]
    while let slash = rest.lastIndex(of: "/") {
      rest = rest[..<slash]
      if gone.contains(String(rest)) { return true }
    }
    return false
  }
}
