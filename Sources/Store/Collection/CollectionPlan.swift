import GraphCore

/// What one collection finds: which blobs are needed, and which results are to be forgotten because theirs are not.
struct CollectionPlan {
  /// A row of `actions`.
  struct Result: Sendable {
    var key: [UInt8]
    var outputs: String
    var finished: Double
    /// Whether its row is what was written.
    var isWhole: Bool
  }

  /// Results that no root has.
  var unneeded: [Result] = []
  /// Blobs that can go, and that a result to be forgotten names.
  var named: [BlobRow] = []
  /// Those that no result names at all.
  var unnamed: [BlobRow] = []
  var kept: [BlobRow] = []
  /// Of what is kept, what only deltas need.
  var bases: [BlobRow] = []
  /// Condemned before, and needed after all.
  var takenBack: [Digest] = []
}

extension Store {
  /// Compares what roots need with what is there.
  func plan(_ roots: CollectionRoots, results: [CollectionPlan.Result]) throws -> CollectionPlan {
    var plan = CollectionPlan()
    var reach = Reach(store: self)
    let needed = try reach.all(of: roots)
    // What a result names that no root has goes only where no other result needs it.
    var named: Set<Digest> = []
    for result in results {
      let artifacts = ResultCoding.decode(result.outputs).map { Array($0.values) }
      if let artifacts, artifacts.allSatisfy({ needed.contains($0.digest) }) { continue }
      plan.unneeded.append(result)
      for artifact in artifacts ?? [] { named.formUnion(try reach.blobs(of: artifact)) }
    }
    let rows = try blobRows()
    let bases = Self.bases(of: rows.filter { needed.contains($0.digest) }, among: rows).subtracting(needed)
    for row in rows {
      let isBase = bases.contains(row.digest)
      if isBase || needed.contains(row.digest) {
        plan.kept.append(row)
        if isBase { plan.bases.append(row) }
        if row.condemned != nil { plan.takenBack.append(row.digest) }
      } else if named.contains(row.digest) {
        plan.named.append(row)
      } else {
        plan.unnamed.append(row)
      }
    }
    return plan
  }

  /// What deltas stand on, and so on.
  private static func bases(of rows: [BlobRow], among all: [BlobRow]) -> Set<Digest> {
    let byDigest = Dictionary(
      all.filter { $0.base != nil }.map { ($0.digest, $0.base) }, uniquingKeysWith: { first, _ in first })
    var bases: Set<Digest> = []
    for row in rows {
      var next = row.base
      while let base = next, bases.insert(base).inserted { next = byDigest[base] ?? nil }
    }
    return bases
  }

  /// Every result that can be found, the oldest first.
  func allResults() throws -> [CollectionPlan.Result] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use(
        "SELECT key, outputs, finished, checksum FROM actions ORDER BY finished"
      ) { statement in
        var results: [CollectionPlan.Result] = []
        while try statement.step() {
          let (key, outputs) = (statement.blob(0), statement.text(1) ?? "")
          let isWhole = statement.hasChecksum(3, RowChecksum.of(key, Array(outputs.utf8)))
          results.append(
            .init(key: key, outputs: outputs, finished: statement.double(2), isWhole: isWhole))
        }
        return results
      }
    }
  }
}

/// What artifacts consist of; each recipe is read once.
struct Reach {
  let store: Store
  private var recipes: [Digest: [Digest]] = [:]

  init(store: Store) { self.store = store }

  mutating func all(of roots: CollectionRoots) throws -> Set<Digest> {
    var blobs = roots.blobs
    for artifact in roots.artifacts { blobs.formUnion(try self.blobs(of: artifact)) }
    return blobs
  }

  /// The blob that names the artifact, and the files of its recipe. Of one that cannot be read only itself.
  mutating func blobs(of artifact: Artifact) throws -> [Digest] {
    if artifact.kind == .blob { return [artifact.digest] }
    if let known = recipes[artifact.digest] { return known }
    let files = try store.peek(artifact.digest).flatMap { Layer.fileDigests(encoded: $0) } ?? []
    let blobs = [artifact.digest] + files
    recipes[artifact.digest] = blobs
    return blobs
  }
}
