import GraphCore

/// Turns what a command left at a path, already copied out of its root, into an artifact.
struct OutputCollector {
  let store: any BlobStore

  /// - Parameters:
  ///   - file: where the copy is.
  ///   - path: where the command left it, for messages.
  /// - Throws: `ActionFailed(.deterministic)` where there is nothing, or not what was declared.
  func collect(_ file: String, leftAt path: String, as kind: Artifact.Kind) throws -> Artifact {
    switch (FileSystem.status(file)?.kind, kind) {
    case (nil, _), (.other, _), (.symlink, _):
      throw ActionFailed(.deterministic, "left no file or folder at '\(path)'")
    case (.file, .blob):
      return Artifact(.blob, try store.importFile(at: file, expected: nil))
    case (.directory, .tree):
      var entries: [Layer.Entry] = []
      try gather(file, prefix: "", into: &entries)
      return try store.write(Layer(entries: entries).asTree, as: .tree)
    case (.file, _):
      throw ActionFailed(.deterministic, "left a file at '\(path)' where a \(kind.rawValue) was declared")
    case (.directory, _):
      throw ActionFailed(.deterministic, "left a folder at '\(path)' where a \(kind.rawValue) was declared")
    }
  }

  private func gather(_ folder: String, prefix: String, into entries: inout [Layer.Entry]) throws {
    for bytes in try FileSystem.names(in: folder) {
      let name = try CollectedName.text(bytes)
      let (file, path) = (folder + "/" + name, prefix + name)
      switch FileSystem.status(file) {
      case let status? where status.kind == .file:
        let digest = try store.importFile(at: file, expected: nil)
        entries.append(
          Layer.Entry(path: path, content: .file(digest), mode: status.isExecutable ? 0o755 : 0o644))
      case let status? where status.kind == .directory:
        entries.append(Layer.Entry(path: path, content: .directory, mode: 0o755))
        try gather(file, prefix: path + "/", into: &entries)
      case let status? where status.kind == .symlink:
        let target = try CollectedName.text(try FileSystem.symlinkTarget(file))
        entries.append(Layer.Entry(path: path, content: .symlink(target: target), mode: 0o777))
      default:
        continue
      }
    }
  }
}
