import GraphCore

/// A folder of an input root while it is put together.
struct RemoteFolder {
  private var files: [String: (upload: RemoteUpload, isExecutable: Bool)] = [:]
  private var symlinks: [String: String] = [:]
  private var folders: [String: RemoteFolder] = [:]

  /// - Parameter path: relative; folders on the way are made.
  mutating func addFile(_ upload: RemoteUpload, at path: String, isExecutable: Bool = false)
    throws(GraphError)
  {
    try edit(path) { $0.files[$1] = (upload, isExecutable) }
  }

  mutating func addSymlink(to target: String, at path: String) throws(GraphError) {
    try edit(path) { $0.symlinks[$1] = target }
  }

  mutating func addFolder(at path: String) throws(GraphError) {
    try edit(path) { if $0.folders[$1] == nil { $0.folders[$1] = RemoteFolder() } }
  }

  /// Adds what a recipe of kind `tree` holds.
  mutating func addTree(_ tree: Layer, at path: String) throws(GraphError) {
    try addFolder(at: path)
    for entry in tree.entries {
      let place = "\(path)/\(entry.path)"
      switch entry.content {
      case .file(let digest):
        try addFile(.stored(digest), at: place, isExecutable: entry.mode & 0o111 != 0)
      case .directory: try addFolder(at: place)
      case .symlink(let target): try addSymlink(to: target, at: place)
      default: throw GraphError(.bug, "'\(entry.path)' can be in no tree")
      }
    }
  }

  /// The digest of this folder's message. `uploads` gets the files, the messages of the folders inside, and its own.
  func digest(addingTo uploads: inout RemoteUploads) -> Digest {
    var message = RemoteDirectory()
    for (name, file) in files {
      uploads.add(file.upload)
      message.files.append(.init(name: name, digest: file.upload.digest, isExecutable: file.isExecutable))
    }
    for (name, folder) in folders {
      message.directories.append(.init(name: name, digest: folder.digest(addingTo: &uploads)))
    }
    message.symlinks = symlinks.map { .init(name: $0.key, target: $0.value) }
    return uploads.add(.message(message))
  }

  private mutating func edit(
    _ path: some StringProtocol, _ change: (inout RemoteFolder, String) -> Void
  ) throws(GraphError) {
    let slash = path.firstIndex(of: "/")
    let name = String(slash.map { path[..<$0] } ?? path[...])
    guard name != "", name != ".", name != ".." else {
      throw GraphError(.bug, "'\(path)' is no relative path")
    }
    if let slash {
      let rest = path[path.index(after: slash)...]
      try folders[name, default: RemoteFolder()].edit(rest, change)
    } else {
      change(&self, name)
    }
    let kinds = [files[name] != nil, symlinks[name] != nil, folders[name] != nil]
    if kinds.count(where: { $0 }) != 1 { throw GraphError(.bug, "'\(name)' would be two things") }
  }
}

/// Blobs to upload, each once.
struct RemoteUploads {
  private var byDigest: [Digest: RemoteUpload] = [:]

  @discardableResult
  mutating func add(_ upload: RemoteUpload) -> Digest {
    // The empty blob is there on every server, and some refuse it.
    if upload.digest.size > 0, byDigest[upload.digest] == nil { byDigest[upload.digest] = upload }
    return upload.digest
  }

  /// In the order of their names, because dictionaries have none.
  var sorted: [RemoteUpload] { byDigest.values.sorted { $0.digest.hex.precedesInBytes($1.digest.hex) } }
}
