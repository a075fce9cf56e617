import GraphCore

/// A pinned commit as a source, read from a bare mirror.
public struct GitSourceTree: SourceTree {
  public let origin: String
  private let url: String
  private let commit: String
  private let repositories: any GitRepositories

  public init(url: String, commit: String, repositories: any GitRepositories) {
    self.url = url
    self.commit = commit
    self.repositories = repositories
    origin = "\(url)@\(commit.prefix(12))"
  }

  public func read(_ path: String) throws -> [UInt8]? {
    let parts = path.split(separator: "/")
    let folder = parts.dropLast().joined(separator: "/")
    guard let name = parts.last,
      let file = try? repositories.files(url, commit: commit, folder: folder).first(where: { $0.path == name }
      )
    else { return nil }
    return try repositories.blob(url, object: file.object)
  }

  public func list(_ folder: String) throws -> [SourceFile]? {
    let entries: [GitFile]
    do {
      entries = try repositories.files(url, commit: commit, folder: folder)
    } catch let error as GraphError where error.kind == .user {
      return nil
    }
    var files: [String: SourceFile] = [:]
    for entry in entries {
      var parent = entry.path.split(separator: "/").dropLast()
      while !parent.isEmpty {
        let path = parent.joined(separator: "/")
        files[path] = SourceFile(path: path, kind: .folder)
        parent = parent.dropLast()
      }
      switch entry.kind {
      case .file, .executable:
        files[entry.path] = SourceFile(
          path: entry.path, kind: .file(isExecutable: entry.kind == .executable), object: entry.object)
      case .symlink:
        let target = try repositories.blob(url, object: entry.object)
        files[entry.path] = SourceFile(
          path: entry.path, kind: .symlink(target: String(decoding: target, as: UTF8.self)),
          object: entry.object)
      case .submodule:
        files[entry.path] = SourceFile(path: entry.path, kind: .folder)
      }
    }
    return files.values.sorted { $0.path.precedesInBytes($1.path) }
  }

  public func leaf(_ file: SourceFile, in folder: String) throws -> Leaf {
    guard let object = file.object else {
      throw GraphError(.bug, "'\(file.path)' of \(origin) has no git object")
    }
    let digest = Digest(of: try repositories.blob(url, object: object))
    let path = RepositoryPath.join(folder, file.path) ?? file.path
    return Leaf(
      Artifact(.blob, digest), .gitBlob(mirror: repositories.mirror(url), object: object),
      origin: "\(origin):\(path)")
  }
}
