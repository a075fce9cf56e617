import Dispatch
import GraphCore

/// Hashes content on a thread of its own while it is handed on, and while the next of it is made.
///
/// For one thread; what it was given last has to stay where it is until `wait` has returned, or the next call.
final class ConcurrentHasher: @unchecked Sendable {
  // Used on the queue alone, and by who waits for it.
  private var hasher = DigestHasher()
  private let queue = DispatchQueue(label: "graph.hash")

  /// Begins with `bytes`, after what came before is done.
  func begin(_ bytes: UnsafeRawBufferPointer) {
    wait()
    nonisolated(unsafe) let bytes = bytes
    queue.async { self.hasher.update(bytes) }
  }

  /// Returns when nothing that was given is looked at any more.
  func wait() { queue.sync {} }

  /// Hashes `bytes` while `work` goes on.
  func hash(_ bytes: UnsafeRawBufferPointer, while work: () throws -> Void) rethrows {
    begin(bytes)
    defer { wait() }
    try work()
  }

  func finish() -> Digest {
    wait()
    return hasher.finish()
  }
}
