import GraphCore

/// The mirrors of a folder as the port that resolving asks.
public struct MirroredRepositories: GitRepositories {
  private let kept: GitMirrors
  private let fresh: GitMirrors

  /// - Parameters:
  ///   - kept: mirrors of earlier runs.
  ///   - fresh: where `fetch` puts what it brings; another folder than `kept` where nothing of that may change.
  public init(kept: GitMirrors, fresh: GitMirrors) {
    self.kept = kept
    self.fresh = fresh
  }

  public func fetch(_ url: String) throws { try fresh.fetch(url) }

  public func resolve(_ url: String, branch: String) throws -> GitCommit {
    let pin = try fresh.resolve(url, branch: branch)
    return GitCommit(commit: pin.commit, tree: pin.tree, time: pin.time)
  }

  public func has(_ url: String, commit: String) -> Bool {
    fresh.has(url, commit: commit) || kept.has(url, commit: commit)
  }

  public func files(_ url: String, commit: String, folder: String) throws -> [GitFile] {
    try mirrors(of: url, commit).entries(url, commit: commit, folder: folder).map { entry in
      let kind: GitFile.Kind =
        switch entry.kind {
        case .file: .file
        case .executable: .executable
        case .symlink: .symlink
        case .submodule: .submodule
        }
      return GitFile(path: entry.path, kind: kind, object: entry.object, size: entry.size)
    }
  }

  public func blob(_ url: String, object: String) throws -> [UInt8] {
    do {
      return try GitMirrors.blob(mirror: fresh.mirrorPath(url), object: object)
    } catch  where fresh.folder != kept.folder {
      return try GitMirrors.blob(mirror: kept.mirrorPath(url), object: object)
    }
  }

  public func mirror(_ url: String) -> String { fresh.mirrorPath(url) }

  private func mirrors(of url: String, _ commit: String) -> GitMirrors {
    fresh.has(url, commit: commit) ? fresh : kept
  }
}
