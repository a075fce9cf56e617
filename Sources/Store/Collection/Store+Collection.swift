import Formats
import Glibc
import GraphCore
import Synchronization

extension Store {
  /// Removes what no root needs (`CollectionRoots`): results first, so that nobody finds them any more, then blobs.
  /// Traces, preimages and the history stay: they explain what was built long ago.
  ///
  /// Beside running builds (`StoreUsers`): a result is forgotten at once, but its blobs are only condemned, and removed
  /// when every process has gone that was there before. Blobs that no result names stay as long as anybody is there,
  /// because they may belong to an action that is not done. On a full disk: the reserve and what can be made again go
  /// first, and files before rows, since SQLite needs room to remove a row.
  public func collect(_ policy: CollectionPolicy) throws -> CollectionReport {
    if policy.isDryRun { return try report(of: try collectionPlan(policy)) }
    try requireWriting()
    let lock = try FileLock(at: "\(locks)/collect")
    guard try lock.attempt() else {
      throw GraphError(.environment, "another process is collecting in '\(path)'", hint: "wait for it")
    }
    DiskReserve(in: path).release()
    var report = CollectionReport()
    // Without SQLite: on a full disk this makes the room for the rest.
    report.removals = try removeScratch() + removeCaches(policy)
    let (removals, rest) = try removeBlobs(policy)
    report.removals += removals
    report.take(rest)
    try content?.maintain("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")
    try facts?.maintain("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")
    DiskReserve(in: path).fill(in: path)
    return report
  }

  /// What roots need and what goes, with the runs that are kept.
  private func collectionPlan(_ policy: CollectionPolicy) throws -> (CollectionPlan, CollectionRoots, givenUp: [Int64]) {
    let (runs, newest) = try keptRuns(policy)
    let results = try allResults()
    /// Oldest first.
    let mayGo = runs.filter { !newest.contains($0.id) }
    func plan(without count: Int) throws -> (CollectionPlan, CollectionRoots) {
      let roots = try self.roots(of: Array(runs.filter { newest.contains($0.id) } + mayGo.dropFirst(count)))
      return (try self.plan(roots, results: results), roots)
    }
    var (chosen, roots) = try plan(without: 0)
    guard let maximum = policy.maximumBytes, chosen.keptBytes > maximum, !mayGo.isEmpty else {
      return (chosen, roots, [])
    }
    // The fewest of them that make it fit; all where none do.
    var (low, high) = (1, mayGo.count)
    while low < high {
      let middle = (low + high) / 2
      if try plan(without: middle).0.keptBytes <= maximum { high = middle } else { low = middle + 1 }
    }
    (chosen, roots) = try plan(without: low)
    return (chosen, roots, mayGo.prefix(low).map(\.id))
  }

  /// How often a collection starts over because others recorded results meanwhile.
  private static let attemptsMax = 3

  private func removeBlobs(_ policy: CollectionPolicy) throws -> ([CollectionReport.Removal], CollectionReport) {
    let users = StoreUsers(locks: locks)
    for attempt in 1... {
      let (plan, roots, givenUp) = try collectionPlan(policy)
      var report = try self.report(of: (plan, roots, givenUp))
      report.removals = []
      let collection = users.newestCollection() + 1
      // Who is there may be about to name what nothing names yet.
      let unnamed = try users.present(except: presence).isEmpty ? plan.unnamed : []
      try makingRoom(for: plan.named + unnamed) {
        try forget(plan.unneeded)
        try condemn(plan.named + unnamed, takingBack: plan.takenBack, collection)
      }
      let generation = try generation()
      if !plan.named.isEmpty || !unnamed.isEmpty { try users.setNewestCollection(collection) }
      let present = try users.present(except: presence)
      let isUnchanged = try self.generation() == generation
      if !isUnchanged, attempt < Self.attemptsMax { continue }
      // What others recorded meanwhile may need what this plan does not know of.
      let last = isUnchanged ? present.map(\.collection).min() ?? collection : 0
      let removed = try removeCondemned(upTo: last)
      let waiting = try blobRows().filter { $0.condemned != nil }
      report.waiting = (waiting.reduce(0) { $0 + $1.storedBytes }, present.map(\.process))
      let unnamedDigests = Set(plan.unnamed.map(\.digest))
      let (rubbish, results) = removed.reduce(into: ([BlobRow](), [BlobRow]())) { parts, row in
        if unnamedDigests.contains(row.digest) { parts.0.append(row) } else { parts.1.append(row) }
      }
      let files = try removeUnknownFiles(since: present.map(\.since).min())
      return ([.init(.results, results), .init(.unnamed, rubbish), files].filter { $0.count > 0 }, report)
    }
    preconditionFailure("the loop above ends by returning")
  }

  /// Runs `body`, which writes to the databases. Where the disk is too full for that, the files of what is to go are
  /// removed first, unless somebody may be using them.
  private func makingRoom(for rows: [BlobRow], _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as GraphError where error.isDiskFull {
      guard try StoreUsers(locks: locks).present(except: presence).isEmpty else { throw error }
      // A row without its file is a blob that is missing: made again by whoever wants it.
      for row in rows where row.encoding.isFile { unlink(filePath(row.digest, row.encoding)) }
      try body()
    }
  }

  /// Forgets results, where they are still the same.
  func forget(_ results: [CollectionPlan.Result]) throws {
    if results.isEmpty { return }
    try factsForWriting().write { connection in
      for result in results {
        try connection.use("DELETE FROM actions WHERE key = ? AND outputs = ? AND finished = ?") {
          try $0.bind(result.key)
          try $0.bind(result.outputs)
          try $0.bind(result.finished)
          try $0.run()
        }
      }
      try connection.execute("DELETE FROM deep WHERE key NOT IN (SELECT key FROM actions)")
    }
  }

  private func condemn(_ rows: [BlobRow], takingBack: [Digest], _ collection: Int64) throws {
    let new = rows.filter { $0.condemned == nil }
    if new.isEmpty && takingBack.isEmpty { return }
    try content?.write { connection in
      for digest in takingBack {
        try connection.use("DELETE FROM condemned WHERE digest = ?") {
          try $0.bind(digest)
          try $0.run()
        }
      }
      for row in new {
        try connection.use("INSERT OR IGNORE INTO condemned(digest, collection) VALUES(?, ?)") {
          try $0.bind(row.digest)
          try $0.bind(collection)
          try $0.run()
        }
      }
    }
  }

  /// How many blobs one transaction removes: writers wait for it.
  private static let removalsInTransaction = 500

  /// Removes what collections up to a number have condemned.
  private func removeCondemned(upTo collection: Int64) throws -> [BlobRow] {
    let rows = try blobRows().filter { ($0.condemned ?? .max) <= collection }
    var removed: [BlobRow] = []
    for start in stride(from: 0, to: rows.count, by: Self.removalsInTransaction) {
      let batch = rows[start..<min(start + Self.removalsInTransaction, rows.count)]
      removed += try content?.write { connection in try batch.filter { try remove($0, &connection) } } ?? []
    }
    try content?.write { connection in
      try connection.execute("DELETE FROM features WHERE large NOT IN (SELECT id FROM large)")
    }
    return removed
  }

  /// - Returns: whether it is gone: it may have been taken back, or something may stand on it now.
  private func remove(_ row: BlobRow, _ connection: inout Connection) throws -> Bool {
    let mayGo = try connection.use(
      """
      SELECT 1 FROM condemned WHERE digest = ?1 AND NOT EXISTS(
        SELECT 1 FROM large WHERE base = ?1 AND digest NOT IN (SELECT digest FROM condemned))
      """
    ) { statement in
      try statement.bind(row.digest)
      return try statement.step()
    }
    guard mayGo else { return false }
    // The file first: a crash before the commit leaves a row that is condemned and has none.
    if row.encoding.isFile { unlink(filePath(row.digest, row.encoding)) }
    try Self.removeRows(of: row.digest, &connection)
    given.withLock { $0.states[filePath(row.digest, .fileRaw)] = nil }
    return true
  }
}

extension CollectionPlan {
  var keptBytes: Int64 { kept.reduce(0) { $0 + $1.storedBytes } }
}

extension CollectionReport.Removal {
  init(_ reason: CollectionReport.Reason, _ rows: [BlobRow]) {
    self.init(reason: reason, count: rows.count, bytes: rows.reduce(0) { $0 + $1.storedBytes })
  }
}

extension CollectionReport {
  /// Takes what another one says of what stays and why.
  fileprivate mutating func take(_ other: CollectionReport) {
    let removals = removals
    self = other
    self.removals = removals
  }
}
