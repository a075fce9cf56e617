import GraphCore
import Synchronization

/// A lease that is a file lock: the kernel ends it when the process ends, in whatever way.
final class FileLease: Lease {
  private let lock: Mutex<FileLock?>

  private init(_ lock: consuming sending FileLock) {
    self.lock = Mutex(consume lock)
  }

  deinit { release() }

  func release() {
    lock.withLock { lock in
      if let held = lock.take() { held.removeAndRelease() }
    }
  }

  /// Waits until nobody else has the lock, without a thread: the pool of the language has only as many as processors.
  static func take(_ path: String) async throws -> FileLease {
    var pause = 1
    while true {
      try Task.checkCancellation()
      if let lease = try attempt(path) { return lease }
      try await Task.sleep(for: .milliseconds(pause))
      pause = min(pause * 2, 40)
    }
  }

  private static func attempt(_ path: String) throws -> FileLease? {
    let lock = try FileLock(at: path)
    // A lock on a file that its last owner has just removed keeps nobody away.
    guard try lock.attempt(), lock.isCurrent() else { return nil }
    return FileLease(lock)
  }
}
