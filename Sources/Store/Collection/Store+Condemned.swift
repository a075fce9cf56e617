import GraphCore

extension Store {
  /// Whether the blob is in the store, to stay: one that a collection has condemned is taken back.
  func keep(_ digest: Digest) throws -> Bool {
    if try contains(digest) { return true }
    guard let content, try content.read({ try Self.isCondemned(digest, &$0) }) else { return false }
    // One transaction with the look at the row and its file: a collection removes both in one, too.
    return try content.write { connection in
      var next: Digest? = digest
      while let blob = next {
        guard let base = try takeBack(blob, &connection) else { return false }
        next = base.digest
      }
      return true
    }
  }

  /// What a blob stands on, if anything.
  private struct Base {
    var digest: Digest?
  }

  /// - Returns: `nil` where the blob is gone.
  private func takeBack(_ digest: Digest, _ connection: inout Connection) throws -> Base? {
    let found = try connection.use(
      """
      SELECT blobs.encoding, bases.digest, bases.size FROM blobs LEFT JOIN large USING(digest)
        LEFT JOIN blobs AS bases ON bases.digest = large.base
      WHERE blobs.digest = ? AND blobs.size = ?
      """
    ) { statement -> (encoding: BlobEncoding?, base: Base)? in
      try statement.bind(digest)
      try statement.bind(digest.size)
      guard try statement.step() else { return nil }
      return (BlobEncoding(rawValue: statement.integer(0)), Base(digest: statement.digest(1, size: 2)))
    }
    guard let found, let encoding = found.encoding,
      !encoding.isFile || FileSystem.exists(filePath(digest, encoding)),
      encoding != .fileDelta || found.base.digest != nil
    else {
      // A collection that was killed had removed its file.
      try Self.removeRows(of: digest, &connection)
      return nil
    }
    try connection.use("DELETE FROM condemned WHERE digest = ?") {
      try $0.bind(digest)
      try $0.run()
    }
    return found.base
  }

  private static func isCondemned(_ digest: Digest, _ connection: inout Connection) throws -> Bool {
    try connection.use("SELECT 1 FROM condemned WHERE digest = ?") { statement in
      try statement.bind(digest)
      return try statement.step()
    }
  }
}
