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
    try connection.use(
      "SELECT 1 FROM blobs WHERE digest = ?1 AND size = ?2 AND NOT EXISTS(SELECT 1 FROM condemned WHERE digest = ?1)"
    ) { statement in
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
    if try keep(digest) { return digest }
    if digest.size <= StoredBlob.packedSizeBytes {
      try add(digest, try StoredBlob.packing(bytes))
    } else {
      try writeLarge(bytes, digest)
    }
    return digest
  }

  /// Notes a blob whose content is in place, to be committed with the next batch.
  func add(_ digest: Digest, _ blob: StoredBlob) throws {
    if let counter = StoredBytes.current {
      var file = stat()
      let isThere = blob.encoding.isFile && stat(filePath(digest, blob.encoding), &file) == 0
      counter.add(isThere ? Int64(file.st_size) : Int64(blob.data.count))
    }
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
      for (digest, blob) in batch { try Self.insert(digest, blob, &connection) }
    }
    pending.withLock { $0.remove(batch.keys) }
  }

  private static func insert(_ digest: Digest, _ blob: StoredBlob, _ connection: inout Connection) throws {
    try connection.use("INSERT OR REPLACE INTO blobs(digest, size, encoding, data) VALUES(?, ?, ?, ?)") {
      try $0.bind(digest)
      try $0.bind(digest.size)
      try $0.bind(blob.encoding.rawValue)
      try $0.bind(blob.encoding.isFile ? nil : blob.data)
      try $0.run()
    }
    try connection.use("DELETE FROM condemned WHERE digest = ?") {
      try $0.bind(digest)
      try $0.run()
    }
    guard let file = blob.file else { return }
    try connection.use(
      "INSERT OR REPLACE INTO large(digest, stored, base, depth, checksums) VALUES(?, ?, ?, ?, ?)"
    ) {
      try $0.bind(digest)
      try $0.bind(file.storedBytes)
      try $0.bind(file.base?.bytes)
      try $0.bind(Int64(file.depth))
      try $0.bind(file.checksums.isEmpty ? nil : file.checksums)
      try $0.run()
    }
    let id = connection.lastRow
    for feature in file.features {
      try connection.use("INSERT OR IGNORE INTO features(feature, large) VALUES(?, ?)") {
        try $0.bind(Int64(bitPattern: feature))
        try $0.bind(id)
        try $0.run()
      }
    }
  }

  /// Drops a blob that is not what its name says, and what relied on it.
  ///
  /// - Returns: the error to throw.
  func damaged(_ digest: Digest) throws -> MissingBlob {
    if mode == .readWrite { try drop(digest) }
    return MissingBlob(digest)
  }

  /// Removes a blob, what is stored as a delta against it, and the results that name any of these.
  public func drop(_ digest: Digest) throws {
    try requireWriting()
    for digest in try removeRows(of: digest) {
      pending.withLock { $0.remove([digest]) }
      given.withLock { $0.states[filePath(digest, .fileRaw)] = nil }
      for encoding in BlobEncoding.files { unlink(filePath(digest, encoding)) }
      try forget(digest)
    }
  }

  /// - Returns: whose rows are gone: the blob, and what stands on it.
  private func removeRows(of digest: Digest) throws -> [Digest] {
    guard let content else { return [digest] }
    return try content.write { connection in
      var all = [digest]
      var next = 0
      while next < all.count {
        try connection.use("SELECT digest, size FROM large JOIN blobs USING(digest) WHERE base = ?") { statement in
          try statement.bind(all[next])
          while try statement.step() {
            if let found = statement.digest(0, size: 1), !all.contains(found) { all.append(found) }
          }
        }
        next += 1
      }
      for digest in all { try Self.removeRows(of: digest, &connection) }
      return all
    }
  }

  static func removeRows(of digest: Digest, _ connection: inout Connection) throws {
    // Features of a large blob that is gone lead nowhere; a collection removes them.
    for sql in [
      "DELETE FROM blobs WHERE digest = ?", "DELETE FROM large WHERE digest = ?",
      "DELETE FROM condemned WHERE digest = ?",
    ] {
      try connection.use(sql) {
        try $0.bind(digest)
        try $0.run()
      }
    }
  }

  /// The content of a blob where it is there and whole; drops nothing.
  func peek(_ digest: Digest) throws -> [UInt8]? {
    guard let blob = try stored(digest) else { return nil }
    if !blob.encoding.isFile { return blob.unpacked(digest) }
    var bytes: [UInt8] = []
    do {
      try streamUndamaged(digest, blob.encoding) { bytes.append(contentsOf: $0) }
      return bytes
    } catch is BlobFrames.Damaged {
      return nil
    }
  }
}
