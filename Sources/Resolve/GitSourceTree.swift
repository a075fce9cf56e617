import GraphCore
import Manifests

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
    origin = "\(GitURL.shown(url))@\(commit.prefix(12))"
  }

  public func read(_ path: String) throws -> [UInt8]? {
    guard let file = try file(path) else { return nil }
    guard file.size <= Int64(SourceText.bytesMax) else { throw Self.tooLarge(path) }
    return try repositories.blob(url, object: file.object)
  }

  public func kind(_ path: String) throws -> SourceKind? {
    if try files(path) != nil { return .folder }
    if try file(path) != nil { return .file }
    guard let real = try followingLinks(path), real != path else { return nil }
    return try files(real) == nil ? nil : .folder
  }

  public func list(_ folder: String) throws -> [SourceFile]? {
    var entries = try files(folder)
    if entries == nil, let real = try followingLinks(folder), real != folder { entries = try files(real) }
    guard let entries else { return nil }
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
        files[entry.path] = SourceFile(
          path: entry.path, kind: .symlink(target: try target(of: entry)), object: entry.object)
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

  public func leaf(at path: String) throws -> Leaf? {
    guard let file = try file(path) else { return nil }
    return try leaf(SourceFile(path: path, kind: .file(isExecutable: false), object: file.object), in: "")
  }

  // MARK: Paths

  /// The files below a folder; `nil` where there is no such folder.
  private func files(_ folder: String) throws -> [GitFile]? {
    do {
      return try repositories.files(url, commit: commit, folder: folder)
    } catch let error as GraphError where error.kind == .user {
      return nil
    }
  }

  /// The file at a path, behind any links; `nil` where there is none.
  private func file(_ path: String) throws -> GitFile? {
    if let found = try entry(path), found.kind != .symlink { return found.kind == .submodule ? nil : found }
    guard let real = try followingLinks(path), let found = try entry(real) else { return nil }
    return found.kind == .file || found.kind == .executable ? found : nil
  }

  private func entry(_ path: String) throws -> GitFile? {
    let parts = path.split(separator: "/")
    guard let name = parts.last else { return nil }
    return try files(parts.dropLast().joined(separator: "/"))?.first { $0.path == name }
  }

  /// Where a path leads once all links on its way are followed.
  ///
  /// - Returns: `nil` where there is no link on its way.
  /// - Throws: `GraphError(.user)` where one leads out of the repository, or in a circle.
  private func followingLinks(_ path: String) throws -> String? {
    let links = try (files("") ?? []).filter { $0.kind == .symlink }
    let byPath = Dictionary(links.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var followed = 0
    var walked: [String] = []
    var left: [String] = path.split(separator: "/").reversed().map(String.init)
    while let part = left.popLast() {
      if part == "." { continue }
      if part == ".." {
        if walked.popLast() == nil { throw leaving(path) }
        continue
      }
      guard let link = byPath[(walked + [part]).joined(separator: "/")] else {
        walked.append(part)
        continue
      }
      followed += 1
      let target = try target(of: link)
      guard followed <= Self.linksMax, !target.hasPrefix("/") else { throw leaving(path) }
      left += target.split(separator: "/").reversed().map(String.init)
    }
    return followed == 0 ? nil : walked.joined(separator: "/")
  }

  // As many as Linux follows.
  private static let linksMax = 40

  private func leaving(_ path: String) -> GraphError {
    GraphError(
      .user, "'\(path)' of \(origin) is a symbolic link that leaves the repository, or a circle of them",
      hint: "name the file itself, or copy what the link points to into the repository")
  }

  /// Where a link points, as written.
  private func target(of link: GitFile) throws -> String {
    // As long as a path of Linux can be.
    guard link.size <= 4096 else {
      throw GraphError(.user, "the symbolic link '\(link.path)' of \(origin) is longer than a path can be")
    }
    let bytes = try repositories.blob(url, object: link.object)
    guard !bytes.isEmpty, !bytes.contains(0), let target = String(validating: bytes, as: UTF8.self) else {
      throw GraphError(.user, "the symbolic link '\(link.path)' of \(origin) has a target that is no text")
    }
    return target
  }
}
