import Glibc
import GraphCore
import Manifests

/// A folder of the workspace as a source: read live, so an edit shows at once, committed or not.
public struct LocalSourceTree: SourceTree {
  public let origin: String
  private let root: String
  private let digests: any FileDigests
  private let observer: (any FileObserver)?
  /// Without symbolic links; `nil` where there is no such folder.
  private let realRoot: String?

  /// - Parameters:
  ///   - root: absolute path of the repository's root.
  ///   - observer: is told of each folder that is listed and each file that is read.
  public init(
    root: String, origin: String, digests: any FileDigests, observer: (any FileObserver)? = nil
  ) {
    self.observer = observer
    self.root = root
    self.origin = origin
    self.digests = digests
    let real = realpath(root, nil)
    realRoot = real.map { String(cString: $0) }
    free(real)
  }

  public func read(_ path: String) throws -> [UInt8]? {
    let full = absolute(path)
    observer?.willLook(at: full)
    try requireInside(path)
    let descriptor = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw GraphError(.environment, "cannot read '\(full)': \(systemError())")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw GraphError(.user, "'\(path)' is not a file")
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      guard bytes.count <= SourceText.bytesMax else { throw Self.tooLarge(path) }
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 { throw GraphError(.environment, "cannot read '\(full)': \(systemError())") }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  public func kind(_ path: String) throws -> SourceKind? {
    var status = stat()
    guard stat(absolute(path), &status) == 0 else { return nil }
    try requireInside(path)
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .folder
    case S_IFREG: return .file
    default: return nil
    }
  }

  public func list(_ folder: String) throws -> [SourceFile]? {
    // As long as it is a file, its content does not matter here.
    observer?.willIdentify(absolute(folder))
    var status = stat()
    guard stat(absolute(folder), &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
    try requireInside(folder)
    var files: [SourceFile] = []
    try walk(absolute(folder), prefix: "", into: &files)
    return files.sorted { $0.path.precedesInBytes($1.path) }
  }

  public func leaf(_ file: SourceFile, in folder: String) throws -> Leaf {
    let path = RepositoryPath.join(folder, file.path) ?? file.path
    let digest = try digests.digest(ofFileAt: absolute(path))
    let name = origin.isEmpty || origin == "." ? path : "\(origin)/\(path)"
    return Leaf(Artifact(.blob, digest), .file(path: absolute(path)), origin: name)
  }

  public func leaf(at path: String) throws -> Leaf? {
    observer?.willIdentify(absolute(path))
    guard try kind(path) == .file else { return nil }
    return try leaf(SourceFile(path: path, kind: .file(isExecutable: false)), in: "")
  }

  /// Refuses a path that symbolic links lead out of the source's root: what is there is nobody's source.
  private func requireInside(_ path: String) throws {
    guard let rootPath = realRoot, let real = realpath(absolute(path), nil) else { return }
    defer { free(real) }
    let target = String(cString: real)
    if target == rootPath || target.hasPrefix(rootPath == "/" ? "/" : rootPath + "/") { return }
    throw GraphError(
      .user, "'\(absolute(path))' is a symbolic link that leaves '\(rootPath)'",
      hint: "copy what it points to into it")
  }

  private func absolute(_ path: String) -> String { path.isEmpty ? root : "\(root)/\(path)" }

  private func walk(_ folder: String, prefix: String, into files: inout [SourceFile]) throws {
    guard let stream = opendir(folder) else {
      throw GraphError(.environment, "cannot read folder '\(folder)': \(systemError())")
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(validating: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name else {
        throw GraphError(
          .user, "folder '\(folder)' holds a file whose name is no UTF-8 text",
          hint: "rename the file or remove it")
      }
      if name == "." || name == ".." || (prefix.isEmpty && name == ".git") { continue }
      let full = "\(folder)/\(name)"
      let path = prefix + name
      var status = stat()
      guard lstat(full, &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        files.append(SourceFile(path: path, kind: .folder))
        observer?.willLook(at: full)
        try walk(full, prefix: path + "/", into: &files)
      case S_IFLNK:
        files.append(SourceFile(path: path, kind: .symlink(target: try Self.target(of: full))))
      case S_IFREG:
        files.append(SourceFile(path: path, kind: .file(isExecutable: status.st_mode & 0o111 != 0)))
      default:
        // Sockets, devices and pipes are no sources.
        continue
      }
    }
  }

  private static func target(of path: String) throws -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = buffer.withUnsafeMutableBytes { bytes -> Int in
      guard let base = bytes.baseAddress else { return -1 }
      return readlink(path, base.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    guard count >= 0, let target = String(validating: buffer[..<count], as: UTF8.self) else {
      throw GraphError(.user, "the symbolic link '\(path)' cannot be read as UTF-8 text")
    }
    return target
  }
}

/// The text of the current `errno`.
private func systemError() -> String { strerror(errno).map { String(cString: $0) } ?? "error \(errno)" }
