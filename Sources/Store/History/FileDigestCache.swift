import Formats
import Glibc
import GraphCore
import Synchronization

/// Digests of the workspace's files, remembered by what the kernel says of each file, so that a file that nobody
/// touched is not read again.
///
/// A file whose times lie less than two seconds before the moment it was read is not remembered, because it may change
/// once more within the same tick of its clock and look the same: git's rule of racy files.
public final class FileDigestCache: FileDigests {
  private let store: Store
  private let isReadOnly: Bool
  private let observer: (any FileObserver)?
  private let pending = Mutex<[String: Row]>([:])

  /// What makes two looks at a path the same file with the same content.
  private struct Row: Equatable, Sendable {
    var device: Int64
    var inode: Int64
    var modified: Int64
    var changed: Int64
    var digest: Digest

    init(_ status: stat, _ digest: Digest) {
      device = Int64(truncatingIfNeeded: status.st_dev)
      inode = Int64(truncatingIfNeeded: status.st_ino)
      modified = Self.nanoseconds(status.st_mtim)
      changed = Self.nanoseconds(status.st_ctim)
      self.digest = digest
    }

    func checksum(_ path: String) -> Int64 {
      RowChecksum.of(
        Array(path.utf8), Array("\(device) \(inode) \(modified) \(changed) \(digest)".utf8))
    }

    static func nanoseconds(_ time: timespec) -> Int64 {
      Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
  }

  static let racySeconds: Int64 = 2

  /// - Parameters:
  ///   - isReadOnly: remembers nothing beyond this object's life; a store open for reading implies it.
  ///   - observer: is told of each file before it is looked at.
  public init(store: Store, isReadOnly: Bool = false, observer: (any FileObserver)? = nil) {
    self.observer = observer
    self.store = store
    self.isReadOnly = isReadOnly || store.mode == .readOnly
  }

  // What is lost here is hashed again.
  deinit { try? flush() }

  /// The digest of a regular file (symbolic links are followed).
  ///
  /// - Throws: `ChangedSource` where the file changes while it is read, `GraphError(.environment)` where it cannot be.
  public func digest(ofFileAt path: String) throws -> Digest {
    observer?.willIdentify(path)
    var status = stat()
    guard stat(path, &status) == 0 else { throw OpenFile.failure("cannot read", path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw GraphError(.user, "'\(path)' is not a file") }
    if let known = try row(path), known == Row(status, known.digest),
      known.digest.size == Int64(status.st_size)
    {
      return known.digest
    }
    let started = time(nil)
    let file = try OpenFile(reading: path)
    let before = try file.status()
    var hasher = DigestHasher()
    try file.forEachChunk { hasher.update($0) }
    let digest = hasher.finish()
    let row = Row(before, digest)
    guard row == Row(try file.status(), digest), Int64(before.st_size) == digest.size else {
      throw ChangedSource(path: path)
    }
    let newest = Int64(max(before.st_mtim.tv_sec, before.st_ctim.tv_sec))
    if newest + Self.racySeconds <= Int64(started) {
      let isFull = pending.withLock { pending in
        pending[path] = row
        return pending.count >= 2000
      }
      if isFull { try flush() }
    }
    return digest
  }

  /// Writes what was learnt to the store.
  public func flush() throws {
    if isReadOnly { return }
    let batch = pending.withLock { $0 }
    if batch.isEmpty { return }
    try store.factsForWriting().write { connection in
      for (path, row) in batch {
        try connection.use(
          """
          INSERT OR REPLACE INTO files(path, device, inode, modified, changed, digest, size, checksum)
          VALUES(?, ?, ?, ?, ?, ?, ?, ?)
          """
        ) {
          try $0.bind(path)
          try $0.bind(row.device)
          try $0.bind(row.inode)
          try $0.bind(row.modified)
          try $0.bind(row.changed)
          try $0.bind(row.digest)
          try $0.bind(row.digest.size)
          try $0.bind(row.checksum(path))
          try $0.run()
        }
      }
    }
    pending.withLock { pending in
      for (path, row) in batch where pending[path] == row { pending[path] = nil }
    }
  }

  private func row(_ path: String) throws -> Row? {
    if let row = pending.withLock({ $0[path] }) { return row }
    guard let facts = store.facts else { return nil }
    return try facts.read { connection in
      try connection.use(
        "SELECT device, inode, modified, changed, digest, size, checksum FROM files WHERE path = ?"
      ) { statement in
        try statement.bind(path)
        guard try statement.step(), let digest = statement.digest(4, size: 5) else { return nil }
        var row = Row(stat(), digest)
        (row.device, row.inode) = (statement.integer(0), statement.integer(1))
        (row.modified, row.changed) = (statement.integer(2), statement.integer(3))
        // A wrong digest would make every import of the file fail, for it is not what the file has.
        return statement.hasChecksum(6, row.checksum(path)) ? row : nil
      }
    }
  }
}
