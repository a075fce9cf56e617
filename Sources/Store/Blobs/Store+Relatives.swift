import GraphCore

/// A stored blob that some new content is like.
struct Relative: Sendable {
  var digest: Digest
  var encoding: BlobEncoding
  /// How many deltas have to be undone to read it.
  var depth: Int
  /// Of the blob at the end of the chain, which is stored whole.
  var wholeBytes: Int64
  var wholeContentBytes: Int64
  /// How many features both have.
  var shared: Int

  /// Whether it may well be the same content.
  func isSame(_ sample: ContentSample, size: Int64) -> Bool {
    digest.size == size && shared == sample.features.count
  }

  /// What content of some size that is like this one would take, stored whole.
  func storedBytes(forContent size: Int64) -> Int64 {
    Int64(Double(wholeBytes) / Double(max(1, wholeContentBytes)) * Double(size))
  }
}

extension Store {
  /// How many deltas may have to be undone to read a blob. Each costs a tenth of the speed.
  static let depthMax = 2
  /// With fewer features in common, content is not alike.
  private static let sharedMin = 2
  /// Of content that does not shrink so many: archives of packages, but no layers that were compressed anew.
  private static let sharedMinIncompressible = 12

  /// What content may best be stored as a delta against: the stored blob that is most like it, the newest of several.
  /// Where that is at the end of a chain that may not grow, what the chain begins with.
  ///
  /// Found by content and not by name: so it does not matter which node, workspace or file has it.
  func relative(of sample: ContentSample) throws -> Relative? {
    guard let content, !sample.features.isEmpty else { return nil }
    let needed = sample.shrinks ? Self.sharedMin : Self.sharedMinIncompressible
    return try content.read { connection in
      guard let nearest = try Self.nearest(sample.features, &connection), nearest.shared >= needed,
        var found = try Self.large(nearest.id, &connection)
      else { return nil }
      var chain = [found]
      while let base = found.base {
        guard chain.count <= Self.depthMax + 1, let next = try Self.large(base, &connection) else { return nil }
        found = next
        chain.append(next)
      }
      let whole = found
      guard let chosen = chain[0].depth < Self.depthMax ? chain[0] : chain.last else { return nil }
      return Relative(
        digest: chosen.digest, encoding: chosen.encoding, depth: chosen.depth, wholeBytes: whole.storedBytes,
        wholeContentBytes: whole.digest.size, shared: nearest.shared)
    }
  }

  private static func nearest(
    _ features: [UInt64], _ connection: inout Connection
  ) throws -> (id: Int64, shared: Int)? {
    // Always the same statement: what is not there is asked for as something that no row has.
    let holes = Array(repeating: "?", count: ContentSample.featuresMax).joined(separator: ", ")
    return try connection.use(
      """
      SELECT features.large, count(*) AS shared FROM features WHERE feature IN (\(holes))
        AND NOT EXISTS(SELECT 1 FROM condemned JOIN large USING(digest) WHERE large.id = features.large)
      GROUP BY features.large ORDER BY shared DESC, features.large DESC LIMIT 1
      """
    ) { statement in
      for index in 0..<ContentSample.featuresMax {
        let feature = index < features.count ? Int64(bitPattern: features[index]) : nil
        try statement.bind(feature)
      }
      return try statement.step() ? (statement.integer(0), Int(statement.integer(1))) : nil
    }
  }

  private struct Large {
    var digest: Digest
    var encoding: BlobEncoding
    var storedBytes: Int64
    var depth: Int
    var base: [UInt8]?
  }

  private static let largeColumns = """
    SELECT large.digest, blobs.size, blobs.encoding, large.stored, large.depth, large.base
    FROM large JOIN blobs USING(digest)
    """

  private static func large(_ id: Int64, _ connection: inout Connection) throws -> Large? {
    try connection.use("\(largeColumns) WHERE large.id = ?") { statement in
      try statement.bind(id)
      return try large(&statement)
    }
  }

  private static func large(_ digest: [UInt8], _ connection: inout Connection) throws -> Large? {
    try connection.use("\(largeColumns) WHERE large.digest = ?") { statement in
      try statement.bind(digest)
      return try large(&statement)
    }
  }

  private static func large(_ statement: inout Statement) throws -> Large? {
    guard try statement.step(), let digest = statement.digest(0, size: 1),
      let encoding = BlobEncoding(rawValue: statement.integer(2)), encoding.isFile
    else { return nil }
    return Large(
      digest: digest, encoding: encoding, storedBytes: statement.integer(3), depth: Int(statement.integer(4)),
      base: statement.isNull(5) ? nil : statement.blob(5))
  }
}
