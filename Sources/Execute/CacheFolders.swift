import Glibc
import GraphCore

/// The folders of caches, which outlive actions and are no results: what is in them may be removed at any time.
///
///     NAME-0           one cache: `data`, which is mounted, and `about`, which says whose it is
///     NAME-1 …         more of the same, for actions that want it alone at once
///     NAME-0.new       one that is being made
///     NAME-0.lock      locked while it is used; empty
///
/// NAME is a digest of id, architecture and initial content.
public struct CacheFolders: Sendable {
  private let folder: String
  private let helpers: HelperPool

  /// - Parameter helpers: they may touch what other ids own.
  public init(folder: String, helpers: HelperPool) {
    self.folder = folder
    self.helpers = helpers
  }

  /// What a cache is called by its content and use, and how an action wants it.
  struct Request: Sendable {
    let id: String
    let architecture: Architecture?
    var sharing: Command.Mount.Cache.Sharing
    let access: Command.Mount.Access
    /// A folder of the host, and what names its content.
    let content: (folder: String, name: String)?

    /// By bytes, so that no two texts are one.
    var name: String {
      let words = [architecture?.name ?? "", id, content?.name ?? ""].map(Escape.encode)
      return String(Digest(ofText: "graph-cache 1 \(words.joined(separator: " "))").hex.prefix(32))
    }

    var about: String {
      "\(Escape.encode(id)) \(architecture?.name ?? "-") \(content?.name ?? "-")\n"
    }
  }

  /// A cache in use, until the value goes.
  final class Lease: Sendable {
    let data: String
    private let lock: LockedFile
    init(data: String, lock: LockedFile) {
      self.data = data
      self.lock = lock
    }
  }

  /// Waits for a cache as its sharing asks for, and makes it where it is not there.
  func lease(_ request: Request) async throws -> Lease {
    try FileSystem.makeDirectory(folder)
    let place = "\(folder)/\(request.name)"
    switch request.sharing {
    case .shared: return try await lease("\(place)-0", request, isExclusive: false)
    case .locked: return try await lease("\(place)-0", request, isExclusive: true)
    case .private:
      var number = 0
      while true {
        let lock = try LockedFile("\(place)-\(number).lock")
        if try lock.attempt(isExclusive: true) { return try await use("\(place)-\(number)", lock, request) }
        number += 1
      }
    }
  }

  private func lease(_ place: String, _ request: Request, isExclusive: Bool) async throws -> Lease {
    while true {
      let lock = try LockedFile("\(place).lock")
      try await lock.wait(isExclusive: isExclusive)
      if isExclusive { return try await use(place, lock, request) }
      if FileSystem.status("\(place)/data") != nil { return Lease(data: "\(place)/data", lock: lock) }
      lock.release()
      let maker = try LockedFile("\(place).lock")
      try await maker.wait(isExclusive: true)
      _ = try await use(place, maker, request)
      // Another process may remove it before it is locked again: then it is made again.
    }
  }

  /// - Parameter lock: held, exclusively.
  private func use(_ place: String, _ lock: LockedFile, _ request: Request) async throws -> Lease {
    let data = "\(place)/data"
    if FileSystem.status(data) != nil { return Lease(data: data, lock: lock) }
    let new = "\(place).new"
    // What a killed process began.
    try await remove(new)
    try FileSystem.makeDirectory(new)
    try FileSystem.makeDirectory("\(new)/data")
    try FileSystem.write(Array(request.about.utf8), to: "\(new)/about")
    var arguments = SandboxArguments()
    arguments.add("--prepare", "\(new)/data")
    let access = request.access
    arguments.add("--access", "\(String(access.mode, radix: 8)):\(access.user):\(access.group)")
    if let content = request.content { arguments.add("--from", content.folder) }
    _ = try await SandboxRun(helpers: helpers, words: arguments.words).run()
    guard rename(new, place) == 0 else { throw FileSystem.failure("making", place) }
    return Lease(data: data, lock: lock)
  }

  /// Removes every cache that no process uses.
  public func removeAll() async throws -> (removed: Int, inUse: Int) {
    var (removed, inUse) = (0, 0)
    guard FileSystem.status(folder) != nil else { return (0, 0) }
    for bytes in try FileSystem.names(in: folder) {
      let name = String(decoding: bytes, as: UTF8.self)
      guard name.hasSuffix(".lock") else { continue }
      let place = "\(folder)/\(name.dropLast(5))"
      let lock = try LockedFile("\(place).lock")
      let isThere = FileSystem.status(place) != nil
      guard try lock.attempt(isExclusive: true) else {
        inUse += 1
        continue
      }
      try await remove(place)
      try await remove("\(place).new")
      if isThere { removed += 1 }
      lock.release()
    }
    return (removed, inUse)
  }

  /// What is in a cache may belong to ids that exist inside only.
  private func remove(_ path: String) async throws {
    if FileSystem.status(path) == nil { return }
    await helpers.remove(path)
    if FileSystem.status(path) != nil { throw GraphError(.environment, "cannot remove '\(path)'") }
  }
}

/// A lock on a file. The kernel takes it back when the process ends in whatever way.
final class LockedFile: Sendable {
  private let descriptor: Descriptor

  init(_ path: String) throws {
    let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw FileSystem.failure("locking", path) }
    descriptor = Descriptor(number)
  }

  func attempt(isExclusive: Bool) throws -> Bool {
    if flock(descriptor.number, (isExclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK || errno == EINTR else { throw FileSystem.failure("locking", "a cache") }
    return false
  }

  /// Gives way to other tasks while it waits.
  func wait(isExclusive: Bool) async throws {
    while try !attempt(isExclusive: isExclusive) { try await Task.sleep(for: .milliseconds(20)) }
  }

  /// Not left to the closing: a process that is just being started has the file, too, until it is another program.
  func release() { flock(descriptor.number, LOCK_UN) }

  deinit { release() }
}
