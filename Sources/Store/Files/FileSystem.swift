import Formats
import Glibc
import GraphCore

/// What the store does with folders.
enum FileSystem {
  /// Makes a folder and the folders above it.
  static func makeFolders(_ path: String, mode: mode_t = 0o755) throws {
    if mkdir(path, mode) == 0 { return }
    switch errno {
    case EEXIST:
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw OpenFile.failure("cannot create", path, ENOTDIR)
      }
    case ENOENT:
      guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
        throw OpenFile.failure("cannot create", path, ENOENT)
      }
      try makeFolders(String(path[..<slash]), mode: mode)
      guard mkdir(path, mode) == 0 || errno == EEXIST else { throw OpenFile.failure("cannot create", path) }
    default: throw OpenFile.failure("cannot create", path)
    }
  }

  /// The names in a folder, in no order.
  static func names(in folder: String) throws -> [String] {
    guard let directory = opendir(folder) else { throw OpenFile.failure("cannot read", folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Writes a small file so that it is there whole or not at all.
  ///
  /// - Parameter isDurable: whether that holds after a crash of the machine, too.
  static func write(
    _ bytes: [UInt8], to path: String, mode: UInt16 = 0o644, isDurable: Bool = true
  ) throws {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let file = try OpenFile(temporaryIn: folder)
    do {
      try file.write(bytes)
      try file.setMode(mode)
      guard !isDurable || fdatasync(file.descriptor) == 0 else {
        throw OpenFile.failure("cannot write", path)
      }
      try rename(file.path, to: path)
    } catch {
      unlink(file.path)
      throw error
    }
  }

  static func rename(_ source: String, to target: String) throws {
    guard Glibc.rename(source, target) == 0 else { throw OpenFile.failure("cannot rename to", target) }
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// Removes whatever is at `path`, with what is below it. Nothing there is no error.
  static func removeTree(_ path: String) throws {
    if unlink(path) == 0 || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM else { throw OpenFile.failure("cannot remove", path) }
    if rmdir(path) == 0 || errno == ENOENT { return }
    // A folder that we made without the right to list it is still ours to remove.
    chmod(path, 0o700)
    // Closed before descending, so that the depth of a tree costs no descriptors.
    for name in try names(in: path) { try removeTree("\(path)/\(name)") }
    guard rmdir(path) == 0 || errno == ENOENT else { throw OpenFile.failure("cannot remove", path) }
  }
}
