import Formats
import GraphCore
import Synchronization

/// A store that reads another one and keeps what is written in memory: for finding out what would be made.
final class DraftStore: BlobStore {
  private let base: any BlobStore
  private let drafts = Mutex<[Digest: [UInt8]]>([:])

  /// What is imported is never larger.
  private static let fileBytesMax = 1 << 30

  init(over base: any BlobStore) { self.base = base }

  func contains(_ digest: Digest) throws -> Bool {
    try drafts.withLock { $0[digest] != nil } || base.contains(digest)
  }

  func read(_ digest: Digest) throws -> [UInt8] {
    try drafts.withLock { $0[digest] } ?? base.read(digest)
  }

  func write(_ bytes: [UInt8]) throws -> Digest {
    let digest = Digest(of: bytes)
    drafts.withLock { $0[digest] = bytes }
    return digest
  }

  func importFile(at path: String, expected: Digest?) throws -> Digest {
    let bytes = try OpenFile(reading: path).readAll(atMost: Self.fileBytesMax)
    guard expected == nil || expected == Digest(of: bytes) else { throw ChangedSource(path: path) }
    return try write(bytes)
  }

  func exportFile(_ digest: Digest, to path: String, mode: UInt16) throws {
    guard let bytes = drafts.withLock({ $0[digest] }) else {
      return try base.exportFile(digest, to: path, mode: mode)
    }
    try OpenFile(creating: path, mode: mode).write(bytes)
  }

  /// What is not durable at all is as durable as it gets.
  func sync() throws {}
}
