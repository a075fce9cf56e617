import Formats
import Glibc
import GraphCore

/// What a collection removes that is no blob with a row: none of it needs SQLite.
extension Store {
  /// Scratch of processes that are gone.
  func removeScratch() throws -> [CollectionReport.Removal] {
    let present = Set(try StoreUsers(locks: locks).present(except: nil).map(\.process))
    var removal = CollectionReport.Removal(reason: .scratch, count: 0, bytes: 0)
    let yesterday = time(nil) - 86_400
    for name in try Folders.names(in: scratch) {
      let path = "\(scratch)/\(name)"
      guard let status = FileSystem.status(path) else { continue }
      // Names that do not begin with a process are of folders that anybody may be using for a day.
      let owner = name.prefix { $0 != "-" }
      let isOver = Int(owner) != nil ? !present.contains(String(owner)) : status.st_mtim.tv_sec < yesterday
      guard isOver || present.isEmpty else { continue }
      let bytes = Folders.diskBytes(of: path)
      // What cannot be removed now is tried again the next time.
      guard (try? Folders.remove(path)) != nil else { continue }
      removal.count += 1
      removal.bytes += bytes
    }
    return removal.count > 0 ? [removal] : []
  }

  /// Checkouts and answers that nobody used for long.
  func removeCaches(_ policy: CollectionPolicy) throws -> [CollectionReport.Removal] {
    let isAlone = try StoreUsers(locks: locks).present(except: presence).isEmpty
    let grace =
      policy.removesAllCaches ? (isAlone ? 0 : Self.checkoutGraceSeconds) : policy.checkoutHours * 3600
    let checkouts = try trimCheckouts(maximumBytes: 0, graceSeconds: grace)
    var removals = [
      CollectionReport.Removal(reason: .checkouts, count: checkouts.count, bytes: checkouts.bytes)
    ]
    for (folder, reason) in [(answers, CollectionReport.Reason.answers), (graphs, .graphs)]
    where policy.removesAllCaches && FileSystem.exists(folder) {
      let names = try Folders.names(in: folder)
      let bytes = Folders.diskBytes(of: folder)
      for name in names { unlink("\(folder)/\(name)") }
      removals.append(.init(reason: reason, count: names.count, bytes: bytes))
    }
    return removals.filter { $0.count > 0 }
  }

  /// Files of blobs that no row names.
  ///
  /// - Parameter since: when the first of those came who are there: what is newer may be getting its row just now.
  func removeUnknownFiles(since: Int64?) throws -> CollectionReport.Removal {
    var removal = CollectionReport.Removal(reason: .files, count: 0, bytes: 0)
    // Who comes from now on makes files that are newer than this, by the same clock.
    let newest = since ?? FileClock.now
    for file in try unknownFiles() where file.changed < newest && unlink(file.path) == 0 {
      removal.count += 1
      removal.bytes += file.bytes
    }
    return removal
  }

  struct UnknownFile {
    var path: String
    var bytes: Int64
    /// By `FileClock`.
    var changed: Int64
    /// What it says that it is; its size is not known.
    var hex: String
    var encoding: BlobEncoding
  }

  /// Files in the folders of blobs that are not where a row says that its content is.
  func unknownFiles() throws -> [UnknownFile] {
    let known = Set(
      try blobRows().lazy.filter(\.encoding.isFile).map { self.filePath($0.digest, $0.encoding) })
    var unknown: [UnknownFile] = []
    for folder in try Folders.names(in: "\(path)/blobs") {
      for name in try Folders.names(in: "\(path)/blobs/\(folder)") {
        let file = "\(path)/blobs/\(folder)/\(name)"
        if known.contains(file) { continue }
        guard let status = FileSystem.status(file) else { continue }
        let parts = name.split(separator: ".", maxSplits: 1)
        let suffix = parts.count > 1 ? "." + parts[1] : ""
        unknown.append(
          UnknownFile(
            path: file, bytes: Int64(status.st_blocks) * 512, changed: FileClock.nanoseconds(status.st_ctim),
            hex: String(parts.first ?? ""),
            encoding: BlobEncoding.files.first { $0.suffix == suffix } ?? .fileRaw))
      }
    }
    return unknown
  }
}
