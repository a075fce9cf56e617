import Formats
import Glibc
import GraphCore
import Synchronization

/// Everything `graph` keeps between runs, in one folder that any number of processes use at once.
///
///     VERSION      the version of this layout
///     graph.db     facts: results, traces, runs, snapshots, file digests
///     blobs.db     small blobs, packed, and a row for every large one
///     blobs/ab/    large blobs, named by their SHA-256; `.zst` where they are compressed
///     checkouts/   content as files: a cache
///     caches/      folders that commands keep for the next time (RUN --mount=type=cache)
///     metadata/    of repositories, as solvers load it
///     scratch/     what is being made; older than a day it is rubbish
///     git/         mirrors
///     graphs/      compiled graphs and what is known of their nodes: a cache
///     answers/     answers of commands, as long as nothing moves: a cache
///     events/      the events of recent runs, which other processes follow
///     locks/       files that processes lock
///     reserve      nothing, for the room that a collection needs on a full disk
///
/// Order (invariant I5): a large blob is written beside, renamed, synced, and only then has a row; a result has a row
/// only when its blobs have theirs. A crash in between leaves rubbish or nothing, never a row without its content.
public final class Store: Sendable {
  public enum Mode: Sendable {
    /// Writes nothing at all; a store that does not exist is an empty one.
    case readOnly
    case readWrite
  }

  /// The version of the layout and of both databases. Another one is not read.
  public static let version = 2

  public let path: String
  public let mode: Mode
  /// `nil` where the store does not exist and is only read.
  let facts: Database?
  let content: Database?
  let pending = Mutex(PendingBlobs())
  /// That this process is there, for collections; `nil` where nothing is written.
  let presence: StoreUsers.Presence?
  /// What was mended when the store was opened, a line for each, for people.
  public let notices: [String]
  let given = Mutex(GivenCheckouts())

  /// Whether there is one: reading what is not there is no fault.
  public var exists: Bool { facts != nil }

  public var scratch: String { "\(path)/scratch" }
  public var caches: String { "\(path)/caches" }
  public var metadata: String { "\(path)/metadata" }
  public var gitMirrors: String { "\(path)/git" }
  var checkouts: String { "\(path)/checkouts" }
  var locks: String { "\(path)/locks" }

  private init(
    path: String, mode: Mode, facts: Database?, content: Database?, presence: StoreUsers.Presence? = nil,
    notices: [String] = []
  ) {
    self.notices = notices
    self.path = path
    self.mode = mode
    self.facts = facts
    self.content = content
    self.presence = presence
  }

  /// Opens the store at `path`, and makes it where it may be written and does not exist.
  ///
  /// - Throws: `GraphError(.environment)` where the folder is no store, of another version, or cannot be used.
  public static func open(at path: String, mode: Mode) throws -> Store {
    switch mode {
    case .readOnly:
      guard let found = try existingVersion(path) else {
        return Store(path: path, mode: mode, facts: nil, content: nil)
      }
      if found != version { throw wrongVersion("\(found)", path) }
      // SQLite needs its index of the log beside the database; where it cannot have one nobody can be writing.
      let access: Connection.Mode = Glibc.access(path, W_OK) == 0 ? .readOnly : .immutable
      return Store(
        path: path, mode: mode,
        facts: try Database(path: "\(path)/graph.db", mode: access, schema: ""),
        content: try Database(path: "\(path)/blobs.db", mode: access, schema: ""))
    case .readWrite:
      // A folder that is no store is refused before anything is written into it.
      try refuseForeign(path)
      try FileSystem.makeFolders("\(path)/locks")
      // SQLite does not let two processes make one database at once.
      let lock = try FileLock(at: "\(path)/locks/open")
      try lock.wait(exclusive: true)
      let found = try existingVersion(path)
      let isMade = found != nil
      if !isMade {
        try refuseForeign(path)
        // What says that this folder is ours is there before anything else is, also after a power cut.
        try FileSystem.syncFolder("\(path)/locks")
        try FileSystem.syncFolder(path)
      }
      for folder in [
        "blobs", "checkouts/files", "checkouts/trees", "checkouts/layers", "scratch", "caches", "git",
      ] {
        try FileSystem.makeFolders("\(path)/\(folder)")
      }
      // What is in them has owners and set-id bits as in images, which are not for other users of this machine.
      for folder in ["checkouts", "scratch", "caches"] { chmod("\(path)/\(folder)", 0o700) }
      DamagedDatabase.mayWrite()
      let notices = try ["graph.db", "blobs.db"].compactMap { try setAside($0, of: path) }
      if isMade { try upgradeFacts(path) }
      let store = Store(
        path: path, mode: mode,
        facts: try Database(path: "\(path)/graph.db", mode: .readWrite, schema: Schema.facts),
        content: try Database(
          path: "\(path)/blobs.db", mode: .readWrite, pageSize: 8192, durability: .durable,
          schema: Schema.content),
        presence: try StoreUsers(locks: "\(path)/locks").enter(), notices: notices)
      // Last: where it is there, so is all the rest, and a reader finds every table.
      if found != version {
        try FileSystem.write(Array("\(version)\n".utf8), to: "\(path)/VERSION")
        try FileSystem.syncFolder(path)
        DiskReserve(in: path).fill(in: path)
      }
      store.removeOldScratch()
      return store
    }
  }

  /// The version of the store, if there is one: ours, or one that can be upgraded.
  private static func existingVersion(_ path: String) throws -> Int? {
    var status = stat()
    guard stat("\(path)/VERSION", &status) == 0 else {
      if errno == ENOENT { return nil }
      if errno == ENOTDIR {
        throw GraphError(
          .environment, "'\(path)' cannot be a store: it is no folder, or in something that is none",
          hint: "name an empty folder, or one that does not exist")
      }
      throw OpenFile.failure("cannot read", "\(path)/VERSION")
    }
    let text = String(decoding: try OpenFile(reading: "\(path)/VERSION").readAll(atMost: 4096), as: UTF8.self)
    let found = text.split(separator: "\n").first.map(String.init) ?? ""
    guard let number = Int(found), number == version || number == Schema.upgradable else {
      throw wrongVersion(found, path)
    }
    return number
  }

  private static func wrongVersion(_ found: String, _ path: String) -> GraphError {
    let hint =
      found == "\(Schema.upgradable)"
      ? "a command that writes, such as 'graph build', brings it to version \(version)"
      : "use another folder, or remove '\(path)': everything in it can be made again"
    return GraphError(
      .environment, "the store at '\(path)' has version '\(found)' and this graph uses version '\(version)'",
      hint: hint)
  }

  /// - Returns: what to say of a database that was damaged.
  private static func setAside(_ name: String, of path: String) throws -> String? {
    guard let aside = try DamagedDatabase.setAside("\(path)/\(name)") else { return nil }
    return "'\(path)/\(name)' was damaged: it is '\(aside)' now, and what it knew is made again"
  }

  /// Brings a store of the version before to ours. Cut short, it is done again by the next process.
  private static func upgradeFacts(_ path: String) throws {
    guard try existingVersion(path) != version else { return }
    let facts = try Database(path: "\(path)/graph.db", mode: .readWrite, schema: "")
    try facts.write { connection in
      let isOld = try connection.use(
        "SELECT 1 FROM sqlite_master WHERE name = 'run_nodes' AND type = 'table'"
      ) {
        try $0.step()
      }
      if isOld { try connection.execute(Schema.upgrade) }
    }
  }

  /// - Throws: `GraphError(.environment)` where `path` holds something else than a store of our version.
  private static func refuseForeign(_ path: String) throws {
    var status = stat()
    guard try existingVersion(path) == nil, stat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw GraphError(
        .environment, "'\(path)' is not a folder", hint: "name an empty folder, or one that does not exist")
    }
    // Another process is making a store here just now, or was ended while it did.
    if stat("\(path)/locks/open", &status) == 0 { return }
    if let other = try Folders.names(in: path).filter({ $0 != "locks" }).min() {
      throw GraphError(
        .environment, "'\(path)' is not a store: it holds '\(other)' and no VERSION",
        hint: "name an empty folder, or one that does not exist")
    }
  }

  /// What a killed process left. A day is longer than any action.
  private func removeOldScratch() {
    let oldest = time(nil) - 86_400
    // Rubbish that cannot be removed now is tried again by the next process.
    for name in (try? Folders.names(in: scratch)) ?? [] {
      var status = stat()
      let path = "\(scratch)/\(name)"
      if lstat(path, &status) == 0, status.st_mtim.tv_sec < oldest { try? Folders.remove(path) }
    }
  }

  /// A new folder in the store's file system, for whoever makes something to be adopted. The caller removes it.
  public func makeScratchFolder() throws -> String {
    let folder = "\(scratch)/\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    guard mkdir(folder, 0o700) == 0 else { throw OpenFile.failure("cannot create", folder) }
    return folder
  }

  func requireWriting() throws {
    if mode == .readOnly { throw GraphError(.bug, "the store at '\(path)' is open for reading only") }
  }

  /// The database to write facts to.
  func factsForWriting() throws -> Database {
    try requireWriting()
    guard let facts else { throw GraphError(.bug, "the store at '\(path)' does not exist") }
    return facts
  }
}
