import Formats
import Glibc
import GraphCore

/// The processes that have a store open for writing, each with a file `locks/users/NAME` that it holds locked: the kernel
/// ends that when the process ends, in whatever way. In the file is the number of the newest collection when it came.
///
/// What a collection condemns, a process that was there before may have found a moment ago: it is removed only when all of
/// those are gone. Who comes later cannot find it.
struct StoreUsers {
  let folder: String
  /// Where the number of the newest collection is.
  let counter: String

  init(locks: String) {
    folder = "\(locks)/users"
    counter = "\(locks)/collections"
  }

  /// The presence of this process, until the value goes.
  final class Presence: Sendable {
    let name: String
    private let path: String
    private let lock: FileLock

    fileprivate init(name: String, path: String, lock: consuming FileLock) {
      self.name = name
      self.path = path
      self.lock = lock
    }

    deinit { unlink(path) }
  }

  /// Makes this process known. The file is locked before the number is read: whoever looks in between finds one that may
  /// know everything.
  func enter() throws -> Presence {
    try FileSystem.makeFolders(folder)
    let name = "\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    let path = "\(folder)/\(name)"
    let lock = try FileLock(at: path)
    guard try lock.attempt() else { throw GraphError(.bug, "'\(path)' is locked by another process") }
    // On a full disk the number stays out, which is the same as none: whoever collects then waits for this process.
    do { try lock.write(Array("\(newestCollection())\n".utf8)) } catch {
      guard error.isDiskFull else { throw error }
    }
    return Presence(name: name, path: path, lock: lock)
  }

  /// 0 where there was none yet.
  func newestCollection() -> Int64 { number(in: counter) ?? 0 }

  func setNewestCollection(_ number: Int64) throws {
    try FileSystem.write(Array("\(number)\n".utf8), to: counter)
  }

  private func number(in path: String) -> Int64? {
    guard let bytes = try? OpenFile(reading: path).readAll(atMost: 64) else { return nil }
    return Int64(String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self))
  }

  /// One process that is there.
  struct User: Sendable {
    var process: String
    /// The newest collection that it knows of; 0 where it has not said yet.
    var collection: Int64
    /// When it came, by `FileClock`.
    var since: Int64
  }

  /// Who is there now but ourselves. Files of processes that were killed are removed.
  func present(except own: Presence?) throws -> [User] {
    guard FileSystem.exists(folder) else { return [] }
    return try Folders.names(in: folder).compactMap { name in
      if name == own?.name { return nil }
      let path = "\(folder)/\(name)"
      var status = stat()
      guard stat(path, &status) == 0, let lock = try? FileLock(at: path) else { return nil }
      if try lock.attempt() {
        unlink(path)
        return nil
      }
      return User(
        process: String(name.prefix { $0 != "-" }), collection: number(in: path) ?? 0, since: FileClock.nanoseconds(status.st_ctim))
    }
  }
}
