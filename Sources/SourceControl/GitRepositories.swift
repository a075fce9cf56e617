import GraphCore

/// The mirrors of a folder as the port that resolving asks.
public struct MirroredRepositories: GitRepositories {
  private let mirrors: GitMirrors

  public init(_ mirrors: GitMirrors) { self.mirrors = mirrors }

  public func fetch(_ url: String) throws { try mirrors.fetch(url) }

  public func resolve(_ url: String, branch: String) throws -> GitCommit {
    let pin = try mirrors.resolve(url, branch: branch)
    return GitCommit(commit: pin.commit, tree: pin.tree, time: pin.time)
  }

  public func has(_ url: String, commit: String) -> Bool { mirrors.has(url, commit: commit) }

  public func files(_ url: String, commit: String, folder: String) throws -> [GitFile] {
    try mirrors.entries(url, commit: commit, folder: folder).map { entry in
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
    try GitMirrors.blob(mirror: mirrors.mirrorPath(url), object: object)
  }

  public func mirror(_ url: String) -> String { mirrors.mirrorPath(url) }
}
