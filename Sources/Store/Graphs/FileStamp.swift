import Glibc

/// What the kernel says of a path: of the entry itself and, where that is a symbolic link, of what it leads to. All zero
/// where there is nothing.
struct FileStamp: Equatable, Sendable {
  var entry = Facts()
  var target = Facts()

  struct Facts: Equatable, Sendable {
    var device: UInt64 = 0
    var inode: UInt64 = 0
    var mode: UInt64 = 0
    var size: Int64 = 0
    /// Nanoseconds since 1970.
    var modified: Int64 = 0
    var changed: Int64 = 0

    init() {}

    init(_ status: stat) {
      device = UInt64(truncatingIfNeeded: status.st_dev)
      inode = UInt64(truncatingIfNeeded: status.st_ino)
      mode = UInt64(truncatingIfNeeded: status.st_mode)
      size = Int64(status.st_size)
      modified = Self.nanoseconds(status.st_mtim)
      changed = Self.nanoseconds(status.st_ctim)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
      Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    func isKind(_ kind: mode_t) -> Bool { mode & UInt64(S_IFMT) == UInt64(kind) }
  }

  init() {}

  init(_ path: UnsafePointer<CChar>) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    entry = Facts(status)
    guard status.st_mode & S_IFMT == S_IFLNK, stat(path, &status) == 0 else { return }
    target = Facts(status)
  }

  var isLink: Bool { entry.isKind(S_IFLNK) }
  var isFile: Bool { entry.isKind(S_IFREG) }
  var isFolder: Bool { entry.isKind(S_IFDIR) }
  var exists: Bool { entry != Facts() }

  func isSameKind(as other: FileStamp) -> Bool {
    (entry.mode ^ other.entry.mode) & UInt64(S_IFMT) == 0
  }

  /// Whether it may change once more within the same tick of its clock and look the same: git's rule of racy files.
  ///
  /// - Parameter now: seconds since 1970, when it was looked at.
  func isRacy(at now: Int64) -> Bool {
    let newest = max(entry.modified, entry.changed, target.modified, target.changed) / 1_000_000_000
    return newest + FileDigestCache.racySeconds > now
  }
}
