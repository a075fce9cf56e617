import Glibc
import GraphCore

/// An exclusive lock on a file; other processes and other threads wait for it.
///
/// The kernel drops it when the process dies, so there is nothing to clean up after a crash.
enum FileLock {
  /// Waits until the lock is free, then runs `body` while holding it.
  ///
  /// - Throws: what `body` throws; `GraphError(.environment)` where the file cannot be made or locked.
  static func held<Result>(
    path: String, _ body: () throws(GraphError) -> Result
  ) throws(GraphError) -> Result {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw GraphError(.environment, "cannot open the lock '\(path)': \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else {
        throw GraphError(.environment, "cannot lock '\(path)': \(String(cString: strerror(errno)))")
      }
    }
    return try body()
  }
}
