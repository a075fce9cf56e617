// The few calls of the file system that this module makes, with bytes as names and errors that say what and why.

import Formats
import GraphCore
import Glibc

enum FileSystem {
  enum Kind { case file, directory, symlink, other }

  struct Status {
    let kind: Kind
    let isExecutable: Bool
  }

  /// `nil` where there is nothing at `path`.
  static func status(_ path: String) -> Status? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .symlink
      default: .other
      }
    return Status(kind: kind, isExecutable: status.st_mode & 0o111 != 0)
  }

  /// What a file is known by without reading it: device, inode, size and the times of content and inode.
  static func identity(_ path: String) throws -> [Int] {
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure("reading", path) }
    return [
      Int(bitPattern: UInt(status.st_dev)), Int(bitPattern: UInt(status.st_ino)), status.st_size,
      status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
    ]
  }

  static func makeDirectory(_ path: String) throws {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("making", path) }
  }

  /// A new folder of its own below `parent`, which is made where it is missing.
  static func makeScratch(in parent: String) throws -> String {
    let path = try Folders.makeTemporary(in: parent)
    // It is kept from everybody else, but layers in it may be read by any mapped id.
    chmod(path, 0o755)
    return path
  }

  /// What is left on the disk of `path`, in MiB; much where that cannot be known.
  static func freeMegabytes(_ path: String) -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return .max }
    return Int(clamping: UInt64(status.f_bavail) / 1024 * UInt64(status.f_frsize) / 1024)
  }

  /// The names in a folder as bytes, in their order.
  static func names(in path: String) throws -> [[UInt8]] {
    guard let directory = opendir(path) else { throw failure("listing", path) }
    defer { closedir(directory) }
    var names: [[UInt8]] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != [0x2e], name != [0x2e, 0x2e] { names.append(name) }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  static func symlinkTarget(_ path: String) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    guard count >= 0 else { throw failure("reading", path) }
    return Array(buffer.prefix(count))
  }

  /// A small file: the whole of it, or its beginning.
  static func read(_ path: String, atMost bytesMax: Int = .max) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("reading", path) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("reading", path) }
      content += buffer.prefix(min(count, bytesMax - content.count))
      if count == 0 || content.count == bytesMax { return content }
    }
  }

  /// Writes a new file.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("writing", path) }
    defer { close(descriptor) }
    try write(bytes, to: descriptor, path)
  }

  /// - Parameter path: what it is called in messages.
  static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("writing", path) }
      rest = rest.dropFirst(count)
    }
  }

  /// The digest of a file's content.
  static func digest(of path: String) throws -> Digest {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("reading", path) }
    defer { close(descriptor) }
    var hasher = DigestHasher()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("reading", path) }
      if count == 0 { return hasher.finish() }
      buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }

  static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

  static func failure(_ doing: String, _ path: String) -> GraphError {
    GraphError(.environment, "\(doing) '\(path)': \(String(cString: strerror(errno)))")
  }
}
