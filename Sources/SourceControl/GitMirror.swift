import CGit2
import GraphCore

/// What a branch was at one moment.
public struct GitPin: Hashable, Sendable {
  /// 40 hexadecimal digits.
  public let commit: String
  /// The commit's root tree, 40 hexadecimal digits: equal trees are equal content, whatever the history.
  public let tree: String
  /// The committer's time, seconds since 1970.
  public let time: Int64

  public init(commit: String, tree: String, time: Int64) {
    self.commit = commit
    self.tree = tree
    self.time = time
  }
}

/// One open mirror: reads commits, folders and blobs, and changes nothing.
///
/// Belongs to one task at a time.
public struct GitMirror: ~Copyable {
  let repository: Handle
  private let database: Handle
  /// The address as messages show it.
  let name: String

  /// - Throws: `GraphError(.unavailable)` where there is no mirror at `path`.
  init(path: String, name: String) throws(GraphError) {
    do throws(LibraryFailure) {
      let repository = try Handle(free: { git_repository_free($0) }) { git_repository_open_bare($0, path) }
      database = try Handle(free: { git_odb_free($0) }) { git_repository_odb($0, repository.pointer) }
      self.repository = repository
      self.name = name
    } catch {
      throw GraphError(
        .unavailable, "'\(name)' has not been fetched (\(error.message))", hint: "run again without --offline"
      )
    }
  }

  /// See `GitMirrors.resolve`.
  public func resolve(branch: String) throws(GraphError) -> GitPin {
    guard let commit = commit(named: branch) else {
      throw GraphError(.user, "no branch '\(branch)' in '\(name)'", hint: hint(missing: branch))
    }
    let found: Handle
    do {
      found = try commitHandle(commit)
    } catch {
      // It was there when the branch was written.
      throw GraphError(.environment, "the mirror of '\(name)' has lost \(commit.hex), where '\(branch)' is")
    }
    guard let tree = git_commit_tree_id(found.pointer) else {
      throw GraphError(.environment, "commit \(commit.hex) in '\(name)' has no tree")
    }
    return GitPin(commit: commit.hex, tree: tree.pointee.hex, time: git_commit_time(found.pointer))
  }

  private func commit(named name: String) -> git_oid? {
    var object = git_oid()
    if name.utf8.contains(0) { return nil }
    if git_reference_name_to_id(&object, repository.pointer, "refs/heads/\(name)") == 0 { return object }
    guard git_reference_name_to_id(&object, repository.pointer, "refs/tags/\(name)") == 0 else {
      return git_oid(hex: name).flatMap { has(commit: name) ? $0 : nil }
    }
    // A tag may be an object of its own, which names the commit.
    do throws(LibraryFailure) {
      let tagged = try Handle(free: { git_object_free($0) }) {
        git_object_lookup($0, repository.pointer, &object, GIT_OBJECT_ANY)
      }
      let commit = try Handle(free: { git_object_free($0) }) {
        git_object_peel($0, tagged.pointer, GIT_OBJECT_COMMIT)
      }
      return git_object_id(commit.pointer)?.pointee
    } catch {
      return nil
    }
  }

  /// The names of all branches, sorted by bytes.
  public func branches() throws(GraphError) -> [String] {
    do throws(LibraryFailure) {
      let iterator = try Handle(free: { git_reference_iterator_free($0) }) {
        git_reference_iterator_glob_new($0, repository.pointer, "refs/heads/*")
      }
      var names: [String] = []
      var name: UnsafePointer<CChar>?
      while git_reference_next_name(&name, iterator.pointer) == 0, let name {
        names.append(String(String(cString: name).dropFirst("refs/heads/".count)))
      }
      return names.sorted { $0.precedesInBytes($1) }
    } catch {
      throw GraphError(.environment, "cannot list the branches of '\(name)': \(error.message)")
    }
  }

  /// Whether that commit is here.
  ///
  /// - Parameter commit: 40 hexadecimal digits; anything else is not.
  public func has(commit: String) -> Bool {
    guard let wanted = git_oid(hex: commit) else { return false }
    do {
      _ = try commitHandle(wanted)
      return true
    } catch {
      return false
    }
  }

  /// The bytes of a blob.
  ///
  /// - Parameter object: 40 hexadecimal digits, from `entries`.
  /// - Throws: `GraphError(.environment)` where the mirror has no such blob.
  public func blob(_ object: String) throws(GraphError) -> [UInt8] {
    guard var wanted = git_oid(hex: object) else {
      throw GraphError(.bug, "'\(object)' is no git object name")
    }
    do throws(LibraryFailure) {
      let blob = try Handle(free: { git_blob_free($0) }) { git_blob_lookup($0, repository.pointer, &wanted) }
      let bytes = UnsafeRawBufferPointer(
        start: git_blob_rawcontent(blob.pointer), count: Int(git_blob_rawsize(blob.pointer)))
      return Array(bytes)
    } catch {
      throw GraphError(.environment, "blob \(object) of '\(name)' cannot be read: \(error.message)")
    }
  }

  /// Where a symbolic link points, as written; the target may lead out of the repository.
  public func symlinkTarget(_ object: String) throws(GraphError) -> String {
    let bytes = try blob(object)
    guard !bytes.isEmpty, !bytes.contains(0), let target = String(validating: bytes, as: UTF8.self) else {
      throw GraphError(.user, "symbolic link \(object) of '\(name)' has a target that is no text")
    }
    return target
  }

  func commitHandle(_ commit: git_oid) throws(GraphError) -> Handle {
    var wanted = commit
    do throws(LibraryFailure) {
      return try Handle(free: { git_commit_free($0) }) { git_commit_lookup($0, repository.pointer, &wanted) }
    } catch {
      throw GraphError(
        .user, "no commit \(commit.hex) in '\(name)'", hint: "it may have been fetched elsewhere only")
    }
  }

  /// Size of a blob in bytes, without reading its content where the database can tell.
  func blobSize(_ object: git_oid) throws(GraphError) -> Int64 {
    var (wanted, size, kind) = (object, 0, GIT_OBJECT_ANY)
    guard git_odb_read_header(&size, &kind, database.pointer, &wanted) == 0 else {
      throw GraphError(.environment, "blob \(object.hex) is missing from the mirror of '\(name)'")
    }
    return Int64(size)
  }

  private func hint(missing branch: String) -> String {
    do {
      let names = try branches()
      if let near = Nearest.match(for: branch, among: names) { return "did you mean '\(near)'?" }
      if names.isEmpty { return "the repository has no branches" }
      return "its branches are \(names.prefix(10).joined(separator: ", "))\(names.count > 10 ? ", …" : "")"
    } catch {
      return error.message
    }
  }
}
