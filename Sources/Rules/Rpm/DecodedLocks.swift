import GraphCore
import Synchronization

/// Locks that were read: those of a base are read for every image on it.
final class DecodedLocks: Sendable {
  private let known = Mutex<[Digest: Lock]>([:])

  private static let countMax = 256

  /// - Throws: `MissingBlob` for what is no lock; what the store throws.
  func lock(_ digest: Digest, _ store: any BlobStore) throws -> Lock {
    if let lock = known.withLock({ $0[digest] }) { return lock }
    let lock: Lock
    do {
      lock = try Lock(encoded: try store.read(digest))
    } catch is CorruptLock {
      throw MissingBlob(digest)
    }
    known.withLock { known in
      if known.count >= Self.countMax { known = [:] }
      known[digest] = lock
    }
    return lock
  }
}
