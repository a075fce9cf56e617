import CGit2
import GraphCore

/// One file of a folder of a commit.
public struct GitEntry: Hashable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case file, executable, symlink
    /// Another repository's commit, which this mirror does not have.
    case submodule
  }

  /// Relative to the folder that was asked for; normalised, no `.` or `..`.
  public let path: String
  public let kind: Kind
  /// The blob, for a submodule its commit: 40 hexadecimal digits.
  public let object: String
  /// Bytes of the blob; 0 for a submodule.
  public let size: Int64

  public init(path: String, kind: Kind, object: String, size: Int64) {
    self.path = path
    self.kind = kind
    self.object = object
    self.size = size
  }
}

extension GitMirror {
  /// All files below a folder of a commit.
  ///
  /// - Parameter folder: relative to the repository; a leading slash and `.` mean its root.
  /// - Returns: sorted by path bytes, each path once, no folders (git has no empty ones).
  /// - Throws: `GraphError(.user)` for a folder that does not exist or leaves the repository, and for trees
  ///   that no file system could hold as written (names such as `..`, two entries of one name, names that are
  ///   not UTF-8).
  public func entries(commit: String, folder: String) throws(GraphError) -> [GitEntry] {
    guard let wanted = git_oid(hex: commit) else {
      throw GraphError(.user, "'\(commit)' is not a commit: 40 hexadecimal digits are")
    }
    let found = try commitHandle(wanted)
    guard let root = git_commit_tree_id(found.pointer) else { return [] }
    var tree = root.pointee
    var walked: [String] = []
    for component in folder.split(separator: "/") where component != "." {
      tree = try step(into: String(component), of: tree, after: walked, asked: folder)
      walked.append(String(component))
    }
    return try walk(tree, shown: walked.joined(separator: "/"))
  }

  /// The tree called `component` in `tree`.
  private func step(
    into component: String, of tree: git_oid, after walked: [String], asked: String
  ) throws(GraphError) -> git_oid {
    if component == ".." { throw GraphError(.user, "folder '\(asked)' leaves the repository '\(name)'") }
    let handle = try treeHandle(tree)
    let entry = component.utf8.contains(0) ? nil : git_tree_entry_byname(handle.pointer, component)
    guard let entry, let identity = git_tree_entry_id(entry) else {
      let names = (0..<git_tree_entrycount(handle.pointer)).compactMap { position -> String? in
        guard let entry = git_tree_entry_byindex(handle.pointer, position) else { return nil }
        return git_tree_entry_type(entry) == GIT_OBJECT_TREE
          ? String(cString: git_tree_entry_name(entry)) : nil
      }
      let near = Nearest.match(for: component, among: names).map { (walked + [$0]).joined(separator: "/") }
      throw GraphError(.user, "no folder '\(asked)' in '\(name)'", hint: near.map { "did you mean '\($0)'?" })
    }
    guard git_tree_entry_type(entry) == GIT_OBJECT_TREE else {
      throw GraphError(
        .user, "'\((walked + [component]).joined(separator: "/"))' in '\(name)' is not a folder")
    }
    return identity.pointee
  }

  /// Every file below `tree`, folder by folder with a list of what is left, so that depth costs no stack.
  private func walk(_ tree: git_oid, shown: String) throws(GraphError) -> [GitEntry] {
    var left: [(prefix: String, tree: git_oid)] = [("", tree)]
    var entries: [GitEntry] = []
    while let (prefix, tree) = left.popLast() {
      let handle = try treeHandle(tree)
      var names = Set<String>()
      for position in 0..<git_tree_entrycount(handle.pointer) {
        guard let entry = git_tree_entry_byindex(handle.pointer, position),
          let written = git_tree_entry_name(entry),
          let identity = git_tree_entry_id(entry)
        else { continue }
        let name = String(validatingCString: written)
        // A tree is someone else's bytes: a name like these would write elsewhere when it is checked out.
        guard let name, !["", ".", "..", ".git"].contains(name), !name.contains("/"),
          names.insert(name).inserted
        else {
          let place = prefix + String(cString: written)
          throw GraphError(
            .user, "'\(place)' in '\(shown)' of '\(self.name)' is not a name that a file can have once")
        }
        switch kind(of: entry) {
        case .submodule?:
          entries.append(
            GitEntry(path: prefix + name, kind: .submodule, object: identity.pointee.hex, size: 0))
        case let kind?:
          let size = try blobSize(identity.pointee)
          entries.append(GitEntry(path: prefix + name, kind: kind, object: identity.pointee.hex, size: size))
        case nil:
          left.append((prefix + name + "/", identity.pointee))
        }
      }
    }
    return entries.sorted { $0.path.precedesInBytes($1.path) }
  }

  /// `nil` for a folder. Old tools wrote other permission bits (0664); git reads them as plain files, so does
  /// this.
  private func kind(of entry: OpaquePointer) -> GitEntry.Kind? {
    switch git_tree_entry_filemode(entry) {
    case GIT_FILEMODE_TREE: nil
    case GIT_FILEMODE_LINK: .symlink
    case GIT_FILEMODE_COMMIT: .submodule
    case GIT_FILEMODE_BLOB_EXECUTABLE: .executable
    default: .file
    }
  }

  private func treeHandle(_ tree: git_oid) throws(GraphError) -> Handle {
    var wanted = tree
    do throws(LibraryFailure) {
      return try Handle(free: { git_tree_free($0) }) { git_tree_lookup($0, repository.pointer, &wanted) }
    } catch {
      throw GraphError(.environment, "folder \(tree.hex) of '\(name)' cannot be read: \(error.message)")
    }
  }
}
