import FoundationEssentials
import Glibc
import GraphCore

/// Writes an artifact where a user wants it: a blob as a file, a tree (an OCI layout, a repository, a command's folder)
/// as a folder. What is there appears by rename, whole or not at all.
public struct ArtifactExporter: Sendable {
  private let store: any BlobStore

  public init(store: any BlobStore) { self.store = store }

  /// - Parameter destination: must not exist, or be an empty folder.
  /// - Throws: `GraphError(.usage)` where something is there; `MissingBlob`.
  public func export(_ artifact: Artifact, to destination: String) throws {
    var status = stat()
    if lstat(destination, &status) == 0, rmdir(destination) != 0 {
      throw GraphError(
        .usage, "'\(destination)' is there already",
        hint: "name a path that does not exist, or an empty folder")
    }
    switch artifact.kind {
    case .blob: try store.exportFile(artifact.digest, to: destination, mode: 0o644)
    case .tree: try exportTree(try store.readLayer(artifact), to: destination)
    case .layer:
      throw GraphError(.usage, "a layer alone cannot be exported", hint: "export the image it belongs to")
    }
  }

  private func exportTree(_ tree: Layer, to destination: String) throws {
    let temporary = "\(destination).graph-\(getpid())"
    try makeFolder(temporary)
    // Of an export that fails nothing stays.
    var isComplete = false
    defer { if !isComplete { try? FileManager.default.removeItem(atPath: temporary) } }
    for entry in tree.entries {
      let path = "\(temporary)/\(entry.path)"
      switch entry.content {
      case .directory, .opaqueDirectory: try makeFolder(path)
      case .symlink(let target):
        try makeParents(of: entry.path, below: temporary)
        guard symlink(target, path) == 0 else { throw failure(path) }
      case .file(let digest):
        try makeParents(of: entry.path, below: temporary)
        try store.exportFile(digest, to: path, mode: entry.mode)
      case .hardlink, .characterDevice, .blockDevice, .fifo, .whiteout:
        throw GraphError(.bug, "a tree with '\(entry.path)', which no tree can hold")
      }
    }
    guard rename(temporary, destination) == 0 else { throw failure(destination) }
    isComplete = true
  }

  private func makeParents(of path: String, below root: String) throws {
    var prefix = root
    for part in path.split(separator: "/").dropLast() {
      prefix += "/\(part)"
      try makeFolder(prefix)
    }
  }

  private func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure(path) }
  }

  private func failure(_ path: String) -> GraphError {
    GraphError(.environment, "cannot write '\(path)': \(strerror(errno).map { String(cString: $0) } ?? "")")
  }
}
