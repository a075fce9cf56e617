import Formats
import Glibc
import GraphCore

/// A lock on a file, which the kernel takes back when its process ends in whatever way.
struct FileLock: ~Copyable {
  private let descriptor: Int32
  private let path: String

  /// Opens the file, and makes it where it does not exist; locks nothing yet.
  init(at path: String) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw OpenFile.failure("cannot lock", path) }
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// Waits for the lock on this thread: only for what others hold for moments.
  func wait(exclusive: Bool) throws {
    while flock(descriptor, exclusive ? LOCK_EX : LOCK_SH) != 0 {
      guard errno == EINTR else { throw OpenFile.failure("cannot lock", path) }
    }
  }

  /// Takes the exclusive lock if nobody has it.
  func attempt() throws -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK || errno == EINTR else { throw OpenFile.failure("cannot lock", path) }
    return false
  }

  /// Puts something into the file, which is empty.
  func write(_ bytes: [UInt8]) throws(GraphError) {
    let written = Glibc.write(descriptor, bytes, bytes.count)
    guard written != bytes.count else { return }
    // So little is written at once, unless the disk has no room for it.
    if written >= 0 { errno = ENOSPC }
    throw OpenFile.failure("cannot write", path)
  }

  /// Whether the path still names the file that is locked: its last owner may have removed it.
  func isCurrent() -> Bool {
    var ours = stat()
    var current = stat()
    return fstat(descriptor, &ours) == 0 && stat(path, &current) == 0 && ours.st_ino == current.st_ino
      && ours.st_dev == current.st_dev
  }

  /// Ends the lock and removes its file. Only for an exclusive lock that `isCurrent`.
  consuming func removeAndRelease() { unlink(path) }
}
