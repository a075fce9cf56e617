import CLinux
import Formats
import Glibc
import GraphCore
import Synchronization

extension Store: BlobStore {
  public func contains(_ digest: Digest) throws -> Bool {
    if pending.withLock({ $0[digest] }) != nil { return true }
    guard let content else { return false }
    return try content.read { try Self.hasRow(digest, &$0) }
  }

  /// Whether all of `digests` are in the store; one transaction, and so much faster than one by one.
  public func containsAll(_ digests: some Sequence<Digest>) throws -> Bool {
    let missing = pending.withLock { pending in digests.filter { pending[$0] == nil } }
    if missing.isEmpty { return true }
    guard let content else { return false }
    return try content.read { connection in
      for digest in missing where try !Self.hasRow(digest, &connection) { return false }
      return true
    }
  }

  private static func hasRow(_ digest: Digest, _ connection: inout Connection) throws -> Bool {
    try connection.use("SELECT 1 FROM blobs WHERE digest = ? AND size = ?") { statement in
      try statement.bind(digest)
      try statement.bind(digest.size)
      return try statement.step()
    }
  }

  /// The row of a blob; `nil` where there is none.
  func stored(_ digest: Digest) throws -> StoredBlob? {
    if let blob = pending.withLock({ $0[digest] }) { return blob }
    guard let content else { return nil }
    return try content.read { connection in
      try connection.use("SELECT encoding, data FROM blobs WHERE digest = ? AND size = ?") { statement in
        try statement.bind(digest)
        try statement.bind(digest.size)
        guard try statement.step(), let encoding = BlobEncoding(rawValue: statement.integer(0)) else {
          return nil
        }
        return StoredBlob(encoding: encoding, data: statement.blob(1))
      }
    }
  }

  public func read(_ digest: Digest) throws -> [UInt8] {
    guard let blob = try stored(digest) else { throw MissingBlob(digest) }
    if !blob.encoding.isFile {
      if let bytes = blob.unpacked(digest) { return bytes }
      throw try damaged(digest)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(digest.size))
    try streamFile(digest, blob.encoding) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Hands the bytes of `digest` to `sink` in pieces, in bounded memory.
  ///
  /// - Throws: `MissingBlob` where the store has none, or has a damaged one. Then `sink` may have had wrong bytes:
  ///   use what was made of them only when this returns.
  public func stream(_ digest: Digest, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    guard let blob = try stored(digest) else { throw MissingBlob(digest) }
    if blob.encoding.isFile { return try streamFile(digest, blob.encoding, to: sink) }
    guard let bytes = blob.unpacked(digest) else { throw try damaged(digest) }
    try bytes.withUnsafeBytes { try sink($0) }
  }

  @discardableResult
  public func write(_ bytes: [UInt8]) throws -> Digest {
    let digest = Digest(of: bytes)
    try requireWriting()
    if try contains(digest) { return digest }
    if digest.size <= StoredBlob.packedSizeBytes {
      try add(digest, try StoredBlob.packing(bytes))
    } else {
      let sample = bytes.prefix(Int(StoredBlob.packedSizeBytes))
      let writer = try BlobFileWriter(in: scratch, isCompressed: try BlobFileWriter.shrinks(Array(sample)))
      try bytes.withUnsafeBytes { try writer.update($0) }
      try add(digest, StoredBlob(encoding: try writer.finish(as: digest, in: self), data: []))
    }
    return digest
  }

  /// Notes a blob whose content is in place, to be committed with the next batch.
  func add(_ digest: Digest, _ blob: StoredBlob) throws {
    let isFull = pending.withLock { pending in
      pending.add(digest, blob)
      return pending.isFull
    }
    if isFull { try sync() }
  }

  public func sync() throws {
    let batch = pending.withLock { $0.blobs }
    if batch.isEmpty { return }
    guard let content, mode == .readWrite else { return try requireWriting() }
    if batch.values.contains(where: \.encoding.isFile) {
      // One sync of the file system for the whole batch: measured twice to seven times faster than one for each file.
      let folder = try OpenFile(reading: path)
      guard syncfs(folder.descriptor) == 0 else { throw OpenFile.failure("cannot write to", path) }
    }
    try content.write { connection in
      for (digest, blob) in batch {
        try connection.use("INSERT OR REPLACE INTO blobs(digest, size, encoding, data) VALUES(?, ?, ?, ?)") {
          try $0.bind(digest)
          try $0.bind(digest.size)
          try $0.bind(blob.encoding.rawValue)
          try $0.bind(blob.encoding.isFile ? nil : blob.data)
          try $0.run()
        }
      }
    }
    pending.withLock { $0.remove(batch.keys) }
  }

  /// Drops a blob that is not what its name says, and what relied on it.
  ///
  /// - Returns: the error to throw.
  func damaged(_ digest: Digest) throws -> MissingBlob {
    if mode == .readWrite { try drop(digest) }
    return MissingBlob(digest)
  }

  /// Removes a blob, and the results that name it.
  public func drop(_ digest: Digest) throws {
    try requireWriting()
    pending.withLock { $0.remove([digest]) }
    given.withLock { $0.states[filePath(digest, .fileRaw)] = nil }
    try content?.write { connection in
      try connection.use("DELETE FROM blobs WHERE digest = ?") {
        try $0.bind(digest)
        try $0.run()
      }
    }
    for encoding in [BlobEncoding.fileRaw, .fileZstd] { unlink(filePath(digest, encoding)) }
    try forget(digest)
  }
}
