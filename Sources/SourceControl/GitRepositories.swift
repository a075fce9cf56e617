import GraphCore
import Synchronization

/// The mirrors of a folder as the port that resolving asks. What cannot be read of a mirror is fetched again.
public final class MirroredRepositories: GitRepositories {
  private let kept: GitMirrors
  private let fresh: GitMirrors
  private let isOffline: Bool
  private let pinned: @Sendable () -> [String]
  /// Addresses by the mirrors that were asked for.
  private let addresses = Mutex<[String: String]>([:])

  /// - Parameters:
  ///   - kept: mirrors of earlier runs.
  ///   - fresh: where `fetch` puts what it brings; another folder than `kept` where nothing of that may change.
  ///   - isOffline: whether nothing may be fetched, not even what is damaged.
  ///   - pinned: the addresses that an earlier process has asked for mirrors of; called when such a mirror is read.
  public init(
    kept: GitMirrors, fresh: GitMirrors, isOffline: Bool, pinned: @escaping @Sendable () -> [String] = { [] }
  ) {
    (self.kept, self.fresh, self.isOffline, self.pinned) = (kept, fresh, isOffline, pinned)
  }

  public func fetch(_ url: String) throws { try fresh.fetch(url) }

  public func resolve(_ url: String, branch: String) throws -> GitCommit {
    let pin = try mending(url) { try fresh.resolve(url, branch: branch) }
    return GitCommit(commit: pin.commit, tree: pin.tree, time: pin.time)
  }

  public func has(_ url: String, commit: String) -> Bool {
    fresh.has(url, commit: commit) || kept.has(url, commit: commit)
  }

  public func files(_ url: String, commit: String, folder: String) throws -> [GitFile] {
    let entries = try mending(url, commit) {
      try mirrors(of: url, commit).entries(url, commit: commit, folder: folder)
    }
    return entries.map { entry in
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
    try mending(url) {
      do {
        return try GitMirrors.blob(mirror: fresh.mirrorPath(url), object: object)
      } catch  where fresh.folder != kept.folder {
        return try GitMirrors.blob(mirror: kept.mirrorPath(url), object: object)
      }
    }
  }

  public func mirror(_ url: String) -> String {
    // Also where another one was fetched for this process alone: who reads it later has this one.
    let mirror = kept.mirrorPath(url)
    addresses.withLock { $0[mirror] = url }
    return mirror
  }

  /// The bytes of a blob, for an action that reads it.
  ///
  /// - Parameter mirror: what `mirror` has said.
  public func blob(mirror: String, object: String) throws -> [UInt8] {
    let asked = addresses.withLock { $0[mirror] }
    guard let url = asked ?? pinned().first(where: { kept.mirrorPath($0) == mirror }) else {
      throw GraphError(.bug, "nobody asked for the mirror '\(mirror)'")
    }
    addresses.withLock { $0[mirror] = url }
    return try blob(url, object: object)
  }

  private func mirrors(of url: String, _ commit: String) -> GitMirrors {
    fresh.has(url, commit: commit) ? fresh : kept
  }

  /// Reads, and once more from a mirror that is fetched anew where something that a mirror has to hold cannot be read.
  ///
  /// - Parameter commit: what is read is of this commit.
  private func mending<Result>(
    _ url: String, _ commit: String? = nil, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let error as GraphError {
      let isLost = commit.map { !has(url, commit: $0) } ?? false
      guard !isOffline, isLost || error.kind == .environment || error.kind == .unavailable else {
        throw error
      }
      try fresh.remake(url)
      return try body()
    }
  }
}
