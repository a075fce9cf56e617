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

  /// Makes the names in a folder durable.
  static func syncFolder(_ path: String) throws {
    let folder = try OpenFile(reading: path)
    guard fsync(folder.descriptor) == 0 else { throw OpenFile.failure("cannot write to", path) }
  }

  static func rename(_ source: String, to target: String) throws {
    guard Glibc.rename(source, target) == 0 else { throw OpenFile.failure("cannot rename to", target) }
  }

  static func exists(_ path: String) -> Bool { status(path) != nil }

  /// What is at a path, of a link itself; `nil` where nothing is.
  static func status(_ path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 ? status : nil
  }
}

/// The clock that the kernel gives files their times by, in nanoseconds since 1970: it stands still for a few milliseconds.
enum FileClock {
  static var now: Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &now)
    return nanoseconds(now)
  }

  static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
