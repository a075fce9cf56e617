import Formats
import Glibc
import GraphCore

extension Store {
  /// Looks at everything that can be compared with something: the databases by SQLite's own check, every blob with its
  /// digest, rows with files and files with rows, results with what they name.
  ///
  /// - Parameters:
  ///   - repairs: whether what is damaged is dropped, with every result that names it, so that it is made again.
  ///   - progress: is told how many bytes of how many are checked.
  public func check(repairs: Bool, progress: (Int64, Int64) -> Void = { _, _ in }) throws -> CheckReport {
    if repairs { try requireWriting() }
    var check = StoreCheck(store: self, repairs: repairs)
    let clock = ContinuousClock()
    let begin = clock.now
    try check.databases()
    try check.blobs(progress)
    try check.unknownFiles()
    try check.results()
    try check.facts()
    try check.checkouts()
    try check.graphs()
    let elapsed = begin.duration(to: clock.now).components
    check.report.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
    return check.report
  }
}

/// One check, step by step.
private struct StoreCheck {
  let store: Store
  let repairs: Bool
  var report = CheckReport()
  private var sound: Set<Digest> = []

  init(store: Store, repairs: Bool) { (self.store, self.repairs) = (store, repairs) }

  /// - Parameter repair: what was done, where something may be.
  private mutating func find(
    _ kind: CheckReport.Finding.Kind, _ subject: String, _ what: String, repair: String? = nil
  ) {
    report.findings.append(.init(kind: kind, subject: subject, what: what, repair: repairs ? repair : nil))
  }

  mutating func databases() throws {
    for (name, database) in [("graph.db", store.facts), ("blobs.db", store.content)] {
      guard let database else { continue }
      let messages = try database.read { connection in
        try connection.use("PRAGMA integrity_check(5)") { statement in
          var messages: [String] = []
          while try statement.step() { messages.append(statement.text(0) ?? "") }
          return messages
        }
      }
      if messages != ["ok"] {
        throw DamagedDatabase.error("\(store.path)/\(name)", messages.first ?? "no answer")
      }
    }
  }

  mutating func blobs(_ progress: (Int64, Int64) -> Void) throws {
    let rows = try store.blobRows()
    let total = rows.reduce(0) { $0 + $1.digest.size }
    var bad: [Digest] = []
    for row in rows {
      report.blobs += 1
      report.bytes += row.digest.size
      if let (kind, what) = try fault(of: row) {
        bad.append(row.digest)
        find(kind, "\(row.digest)", what, repair: "dropped, with what names it")
      } else {
        sound.insert(row.digest)
      }
      progress(report.bytes, total)
    }
    if repairs { try store.removeDamaged(bad) }
  }

  private func fault(of row: BlobRow) throws -> (CheckReport.Finding.Kind, String)? {
    guard row.encoding.isFile else {
      let isWhole = try store.stored(row.digest)?.unpacked(row.digest) != nil
      return isWhole ? nil : (.blob, "its packed content is damaged")
    }
    let path = store.filePath(row.digest, row.encoding)
    guard FileSystem.exists(path) else { return (.missing, "'\(path)' is not there") }
    do {
      try store.streamUndamaged(row.digest, row.encoding) { _ in }
      return nil
    } catch let error as BlobFrames.Damaged {
      if error.digest == row.digest { return (.blob, "'\(path)' is damaged") }
      return (.blob, "'\(path)' stands on \(error.digest), which is damaged or missing")
    } catch let error as GraphError {
      // A disk that cannot read it any more.
      return (.blob, error.message)
    }
  }

  /// Files without rows are taken in where they are whole, and removed where they are not; not beside other processes,
  /// who may be writing them.
  mutating func unknownFiles() throws {
    let isAlone = try StoreUsers(locks: "\(store.path)/locks").present(except: store.presence).isEmpty
    for file in try store.unknownFiles() {
      let digest = try store.content(of: file)
      guard repairs, isAlone else {
        find(
          .unknownFile, file.path, digest == nil ? "no row names it, and it is damaged" : "no row names it")
        continue
      }
      if let digest {
        try store.adopt(file, as: digest)
        sound.insert(digest)
      } else {
        unlink(file.path)
      }
      find(.unknownFile, file.path, "no row names it", repair: digest == nil ? "removed" : "taken in")
    }
  }

  mutating func results() throws {
    var reach = Reach(store: store)
    for result in try store.allResults() {
      report.results += 1
      let name = Hex.encode(result.key)
      guard result.isWhole, let artifacts = ResultCoding.decode(result.outputs)?.values else {
        find(.database, "result \(name)", "its row is damaged", repair: "forgotten")
        if repairs { try store.forget([result]) }
        continue
      }
      let needed = try artifacts.flatMap { try reach.blobs(of: $0) }
      if let lost = needed.first(where: { !sound.contains($0) }) {
        find(.result, "result \(name)", "it names \(lost), which is not there", repair: "forgotten")
        if repairs { try store.forget([result]) }
      }
    }
  }

  mutating func facts() throws {
    for (name, digest) in try store.snapshotDocuments() where !sound.contains(digest) {
      find(.snapshot, name, "its document is not there", repair: "forgotten")
      if repairs { try store.forgetSnapshot(name) }
    }
    var reach = Reach(store: store)
    for pin in try store.pins() {
      let needed = try pin.outputs.values.flatMap { $0.values }.flatMap { try reach.blobs(of: $0) }
      if let lost = needed.first(where: { !sound.contains($0) }) {
        find(.pin, pin.name, "it keeps \(lost), which is not there: build it again, or unpin it")
      }
    }
  }

  mutating func checkouts() throws {
    let folder = "\(store.checkouts)/files"
    for name in try Folders.names(in: folder) where !name.hasSuffix(".used") {
      var hasher = DigestHasher()
      try OpenFile(reading: "\(folder)/\(name)").forEachChunk { hasher.update($0) }
      if hasher.finish().hex == name { continue }
      find(.checkout, "\(folder)/\(name)", "it is damaged", repair: "removed")
      if repairs {
        unlink("\(folder)/\(name).used")
        unlink("\(folder)/\(name)")
      }
    }
  }

  mutating func graphs() throws {
    for path in try store.graphFiles() where CheckedFile(mapping: path)?.isWhole != true {
      find(.graph, path, "it is damaged", repair: "removed")
      if repairs { unlink(path) }
    }
  }
}

extension Store {
  /// Removes blobs that a check found damaged; the results that name them are found by the same check.
  fileprivate func removeDamaged(_ digests: [Digest]) throws {
    if digests.isEmpty { return }
    try content?.write { connection in
      for digest in digests { try Self.removeRows(of: digest, &connection) }
    }
    for digest in digests { for encoding in BlobEncoding.files { unlink(filePath(digest, encoding)) } }
  }

  /// What a file without a row holds; `nil` where that is not what it is named after.
  fileprivate func content(of file: UnknownFile) throws -> Digest? {
    guard Hex.decode(file.hex)?.count == 32 else { return nil }
    var hasher = DigestHasher()
    do {
      switch file.encoding {
      case .fileDelta:
        guard let size = try BlobFrames.deltaContentBytes(at: file.path),
          let digest = Digest(hex: file.hex, size: size)
        else { return nil }
        try streamUndamaged(digest, .fileDelta) { _ in }
        return digest
      case .fileZstd:
        var decompressor = try ZstdDecompressor(limit: .max)
        try OpenFile(reading: file.path).forEachChunk { try decompressor.update($0) { hasher.update($0) } }
        try decompressor.finish()
      case .fileRaw, .packedRaw, .packedZstd:
        try OpenFile(reading: file.path).forEachChunk { hasher.update($0) }
      }
    } catch is FormatError {
      return nil
    } catch is BlobFrames.Damaged {
      return nil
    }
    let digest = hasher.finish()
    return digest.hex == file.hex ? digest : nil
  }

  /// Gives a whole file its row.
  fileprivate func adopt(_ file: UnknownFile, as digest: Digest) throws {
    var facts = StoredBlob.FileFacts(storedBytes: Int64(FileSystem.status(file.path)?.st_size ?? 0))
    if file.encoding == .fileDelta { facts.base = try BlobFrames.deltaBase(at: file.path) }
    // Depth that is not known is at its most.
    facts.depth = facts.base == nil ? 0 : Self.depthMax
    if file.encoding == .fileRaw {
      let encoder = RawBlobEncoder()
      try OpenFile(reading: file.path).forEachChunk { try encoder.update($0) { _ in } }
      facts.checksums = encoder.checksums
    }
    try add(digest, StoredBlob(encoding: file.encoding, data: [], file: facts))
    try sync()
  }
}
