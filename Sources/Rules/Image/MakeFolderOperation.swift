import GraphCore

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
