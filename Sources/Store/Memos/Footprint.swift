import Glibc
import GraphCore
import Synchronization

/// Every place of the file system that a command looked at, and what the kernel said of it just before: as long as it
/// says the same of all of them, the command would find the same again.
///
/// A folder stands for the names in it, a file for its content. A place that changed less than two seconds before it was
/// looked at cannot be trusted, because it may change once more within the same tick of its clock (git's rule of racy
/// files): the footprint then is not to be kept.
public final class Footprint: FileObserver {
  private struct State {
    var stamps: [String: FileStamp] = [:]
    var isRacy = false
  }

  private let state = Mutex(State())

  public init() {}

  public func willLook(at path: String) {
    if state.withLock({ $0.stamps[path] != nil }) { return }
    let stamp = FileStamp(path)
    let isRacy = stamp.newestSeconds + FileDigestCache.racySeconds > Int64(time(nil))
    state.withLock {
      $0.stamps[path] = stamp
      if isRacy { $0.isRacy = true }
    }
  }

  /// The places by path; `nil` where one of them cannot be trusted.
  func kept() -> [(path: String, stamp: FileStamp)]? {
    let state = state.withLock { $0 }
    if state.isRacy { return nil }
    return state.stamps.sorted { $0.key.precedesInBytes($1.key) }.map { ($0.key, $0.value) }
  }
}

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
  }

  init() {}

  init(_ path: UnsafePointer<CChar>) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    entry = Facts(status)
    guard status.st_mode & S_IFMT == S_IFLNK, stat(path, &status) == 0 else { return }
    target = Facts(status)
  }

  var newestSeconds: Int64 {
    max(entry.modified, entry.changed, target.modified, target.changed) / 1_000_000_000
  }
}
