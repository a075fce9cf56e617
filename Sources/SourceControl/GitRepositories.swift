import GraphCore

/// The mirrors as the port that resolving asks.
extension GitMirrors: GitRepositories {
  public func fetch(_ url: String) throws {
    let objects: Int = try fetch(url)
    _ = objects
  }

  public func resolve(_ url: String, branch: String) throws -> GitCommit {
    let pin: GitPin = try resolve(url, branch: branch)
    return GitCommit(commit: pin.commit, tree: pin.tree, time: pin.time)
  }

  public func files(_ url: String, commit: String, folder: String) throws -> [GitFile] {
    try entries(url, commit: commit, folder: folder).map { entry in
      let kind: GitFile.Kind =
        switch entry.kind {
        case .file: .file
        case .executable: .executable
        case .symlink: .symlink
        case .submodule: .submodule
        }
      return GitFile(path: entry.path, kind: kind, object: entry.object)
    }
  }

  public func blob(_ url: String, object: String) throws -> [UInt8] {
    try Self.blob(mirror: mirrorPath(url), object: object)
  }

  public func mirror(_ url: String) -> String { mirrorPath(url) }
}
