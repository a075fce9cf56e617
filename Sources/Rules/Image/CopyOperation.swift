import GraphCore

/// COPY and ADD: files of the build context, of another stage or of an archive as a layer over the layers below.
///
/// The destination is resolved in the stacked root as a process in it would see it; folders that are missing on the way
/// are made (0755, of the same owner, as buildah and BuildKit do). What comes from the build context has modes 0755 for
/// folders and programs and 0644 for files whatever the checkout's umask was, and the newest time of the layers below.
/// What comes from another root or an archive keeps owner, mode, time, attributes and hard links.
///
/// Arguments: `entries` (`number kind place`, see `CopySources`), or `sources` with `exclude` and `parents`, patterns in
/// the root of the inputs `from/NN`; `destination`, absolute; `owner`, `mode`, and `link` where the layers below are no
/// inputs. Source: Dockerfile reference, COPY and ADD.
public struct CopyOperation: Operation {
  static let rule = Action.Rule("copy", version: 3)
  public var rule: Action.Rule { Self.rule }

  private let scratch: String

  /// - Parameter scratch: a folder for archives while they are unpacked.
  public init(scratch: String = "/var/tmp") { self.scratch = scratch }

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    let root = StackedRoot(try task.inputs(under: "layer").map { try store.readLayer($0.artifact) })
    let action = task.action
    let destination = action.value("destination") ?? "/"
    guard let base = root.resolve(destination) else { throw Self.circle(destination) }
    let owner = try action.value("owner").map { try UserNames(root, store: store).resolve($0) }
    let change = try action.value("mode").map { text in
      guard let change = FileMode(text) else { throw GraphError(.bug, "mode '\(text)'") }
      return change
    }
    let isFolder = destination.hasSuffix("/") || destination.hasSuffix("/.") || root.isFolder(base)
    let epoch = max(root.newest, LayerDraft.earliest)
    var layer = LayerDraft(root: root, epoch: epoch)
    let items = try CopyItems(task, store: store, epoch: epoch, scratch: scratch)
    if items.needsFolder, !isFolder {
      throw ActionFailed(
        .deterministic,
        "several files are copied to '\(destination)', which is no folder; write a slash at its end")
    }
    let parentOwner = owner ?? (0, 0)

    for item in items.all {
      var entry = item.entry
      let isDirectory = entry.content == .directory
      if let owner { (entry.owner, entry.group) = owner }
      if let change, item.takesMode, !entry.isLink {
        entry.mode = change.applied(to: entry.mode, isFolder: isDirectory)
      }
      switch item.place {
      case .below(""):
        // The destination, as the folder that it is to be: what is copied is in it.
        try layer.addFolder(base, mode: 0o755, owner: parentOwner)
        continue
      case .named(_) where !isFolder:
        entry.path = base
      case .below(let path), .named(let path):
        let full = base.isEmpty ? path : "\(base)/\(path)"
        guard let place = root.destination(full, isFolder: isDirectory) else { throw Self.circle("/" + full) }
        entry.path = place
      }
      if isDirectory {
        try layer.putFolder(entry, parentOwner: parentOwner, replaces: item.replacesFolder)
      } else {
        try layer.put(entry, parentOwner: parentOwner, file: item.file)
      }
    }
    return ["layer": try store.write(layer.layer, as: .layer)]
  }

  private static func circle(_ path: String) -> ActionFailed {
    ActionFailed(.deterministic, "symbolic links on the way to '\(path)' run in a circle")
  }
}

extension Layer.Entry {
  fileprivate var isLink: Bool { if case .symlink = content { true } else { false } }
}
