import CGit2
import FoundationEssentials
import Glibc
import GraphCore

/// Bare mirrors of git repositories, one per address, in one folder.
///
/// A mirror has the branches and tags of its origin under their own names. It never loses an object: a
/// commit that was pinned stays readable after the branch was forced away or deleted. Addresses are not
/// written into mirrors, so that no password reaches the disk. A mirror is made beside its place, so that it is there
/// whole or not at all; one that is damaged is made anew, for what its origin still has.
public struct GitMirrors: Sendable {
  /// The folder that holds `<SHA-256 of the address>.git` and, beside each, its lock.
  public let folder: String

  /// - Parameter folder: is made by the first `fetch`.
  public init(folder: String) { self.folder = folder }

  /// Where the mirror of `url` is, or would be.
  public func mirrorPath(_ url: String) -> String { "\(folder)/\(Digest(ofText: url).hex).git" }

  /// Makes the mirror of `url`, or brings it up to date: all branches and tags, forced and pruned.
  ///
  /// Any number of processes may fetch the same address at once; they take turns.
  /// - Returns: how many objects the origin sent; 0 where nothing was new.
  /// - Throws: `GraphError`: `.user` for an address that is refused or a local path without a repository,
  ///   `.environment` where the origin cannot be reached.
  @discardableResult
  public func fetch(_ url: String) throws(GraphError) -> Int {
    try locked(url) { (address, path) throws(LibraryFailure) in
      guard access(path, F_OK) == 0 else { return try Self.make(address, at: path) }
      do throws(LibraryFailure) {
        Self.removeStaleLocks(path)
        return try Self.fetch(address, into: path)
      } catch {
        // What a crash or a bad disk has left, for all we know.
        guard error.mayBeDamage else { throw error }
        return try Self.make(address, at: path)
      }
    }
  }

  /// Fetches everything again, in place of what is there.
  public func remake(_ url: String) throws(GraphError) {
    _ = try locked(url) { (address, path) throws(LibraryFailure) in try Self.make(address, at: path) }
  }

  private func locked(
    _ url: String, _ body: (_ address: GitURL, _ path: String) throws(LibraryFailure) -> Int
  ) throws(GraphError) -> Int {
    let address = try GitURL(url)
    // The library takes a path that is no folder for an unknown protocol.
    if let path = address.localPath, access(path, X_OK) != 0 {
      throw GraphError(.user, "no git repository at '\(url)': \(String(cString: strerror(errno)))")
    }
    try makeFolder()
    let path = mirrorPath(url)
    return try FileLock.held(path: path.dropLast(4) + ".lock") { () throws(GraphError) in
      do throws(LibraryFailure) {
        return try body(address, path)
      } catch {
        throw GraphError(
          address.localPath != nil && error.isAboutRepository ? .user : .environment,
          "cannot fetch '\(address.shown)': \(address.redact(error.message))",
          hint: address.localPath != nil ? "the path must be a git repository that this user may read" : nil)
      }
    }
  }

  /// Opens the mirror of `url` for reading, which costs about as much as reading a few files.
  ///
  /// - Throws: `GraphError(.user)` for an address that is refused, `.unavailable` where it was never fetched.
  public func open(_ url: String) throws(GraphError) -> GitMirror {
    let address = try GitURL(url)
    return try GitMirror(path: mirrorPath(url), name: address.shown)
  }

  /// The commit and tree that `branch` names in the mirror now: a branch, else a tag, else a commit by its 40 digits.
  ///
  /// - Throws: `GraphError(.user)` for what does not exist, with the nearest branch as hint.
  public func resolve(_ url: String, branch: String) throws(GraphError) -> GitPin {
    try open(url).resolve(branch: branch)
  }

  /// Whether the mirror has that commit; `false` also where it was never fetched.
  public func has(_ url: String, commit: String) -> Bool {
    do {
      return try open(url).has(commit: commit)
    } catch {
      return false
    }
  }

  /// The files below `folder` in `commit`; see `GitMirror.entries`.
  public func entries(_ url: String, commit: String, folder: String) throws(GraphError) -> [GitEntry] {
    try open(url).entries(commit: commit, folder: folder)
  }

  /// The bytes of a blob. To read many, keep a `GitMirror` open instead.
  ///
  /// - Parameter mirror: what `mirrorPath` says.
  public static func blob(mirror: String, object: String) throws(GraphError) -> [UInt8] {
    try GitMirror(path: mirror, name: mirror).blob(object)
  }

  /// Where a symbolic link points, as written.
  ///
  /// - Throws: `GraphError(.user)` where the link holds NUL or is not UTF-8.
  public static func symlinkTarget(mirror: String, object: String) throws(GraphError) -> String {
    try GitMirror(path: mirror, name: mirror).symlinkTarget(object)
  }
}

extension GitMirrors {
  private func makeFolder() throws(GraphError) {
    var path = folder.hasPrefix("/") ? "/" : ""
    for component in folder.split(separator: "/") {
      path += component
      guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
        throw GraphError(
          .environment, "cannot make the folder '\(path)': \(String(cString: strerror(errno)))")
      }
      path += "/"
    }
  }

  /// Makes a mirror beside its place and puts it there. The lock of the mirror is held.
  private static func make(_ address: GitURL, at path: String) throws(LibraryFailure) -> Int {
    let new = path + ".new"
    // What a process that was killed has left. What cannot be removed, making it again says why.
    try? FileManager.default.removeItem(atPath: new)
    do throws(LibraryFailure) {
      let received = try fetch(address, into: new)
      try? FileManager.default.removeItem(atPath: path)
      guard rename(new, path) == 0 else {
        throw LibraryFailure("cannot rename '\(new)' to '\(path)': \(String(cString: strerror(errno)))")
      }
      return received
    } catch {
      try? FileManager.default.removeItem(atPath: new)
      throw error
    }
  }

  /// Removes the locks of the library that a process which was killed has left: while ours is held, nobody writes.
  private static func removeStaleLocks(_ path: String) {
    let files = FileManager.default
    // What is not there has no locks.
    let above = (try? files.contentsOfDirectory(atPath: path)) ?? []
    let below = ((try? files.subpathsOfDirectory(atPath: path + "/refs")) ?? []).map { "refs/" + $0 }
    for name in above + below where name.hasSuffix(".lock") { unlink("\(path)/\(name)") }
  }

  private static func fetch(_ address: GitURL, into path: String) throws(LibraryFailure) -> Int {
    let repository = try Handle(free: { git_repository_free($0) }) { git_repository_init($0, path, 1) }
    let remote = try Handle(free: { git_remote_free($0) }) {
      git_remote_create_anonymous($0, repository.pointer, address.text)
    }
    var options = git_fetch_options()
    try LibraryFailure.check(git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION)))
    options.prune = GIT_FETCH_PRUNE
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
    options.update_fetchhead = 0
    options.callbacks.credentials = Self.credentials
    // What the callback has already offered: without it a refused key would be offered for ever.
    var offered: UInt32 = 0
    var received = 0
    try withUnsafeMutablePointer(to: &offered) { (offered) throws(LibraryFailure) in
      options.callbacks.payload = UnsafeMutableRawPointer(offered)
      var code: Int32 = 0
      // Both are alive until the call returns.
      "+refs/heads/*:refs/heads/*".withCString { heads in
        "+refs/tags/*:refs/tags/*".withCString { tags in
          var both: [UnsafeMutablePointer<CChar>?] = [
            UnsafeMutablePointer(mutating: heads), UnsafeMutablePointer(mutating: tags),
          ]
          both.withUnsafeMutableBufferPointer { all in
            var specifications = git_strarray(strings: all.baseAddress, count: all.count)
            code = git_remote_fetch(remote.pointer, &specifications, &options, nil)
          }
        }
      }
      try LibraryFailure.check(code)
      received = git_remote_stats(remote.pointer).map { Int($0.pointee.received_objects) } ?? 0
    }
    return received
  }

  /// Offers what works without asking: the keys of the ssh agent, and for the rest what the system knows of
  /// us.
  private static let credentials: git_credential_acquire_cb = { output, _, user, allowed, payload in
    guard let offered = payload?.assumingMemoryBound(to: UInt32.self) else { return GIT_PASSTHROUGH.rawValue }
    let kinds = [GIT_CREDENTIAL_USERNAME, GIT_CREDENTIAL_SSH_KEY, GIT_CREDENTIAL_DEFAULT].map(\.rawValue)
    guard let kind = kinds.first(where: { allowed & $0 != 0 && offered.pointee & $0 == 0 }) else {
      return GIT_PASSTHROUGH.rawValue
    }
    offered.pointee |= kind
    switch kind {
    case GIT_CREDENTIAL_USERNAME.rawValue: return git_credential_username_new(output, "git")
    case GIT_CREDENTIAL_SSH_KEY.rawValue: return git_credential_ssh_key_from_agent(output, user)
    default: return git_credential_default_new(output)
    }
  }
}
