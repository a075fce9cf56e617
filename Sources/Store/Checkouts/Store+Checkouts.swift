import CLinux
import Formats
import Glibc
import GraphCore
import Synchronization

/// Content as files. Each checkout is made beside and renamed into place, so that it is there whole or not at all and
/// makers may race; a file `NAME.used` beside it holds its size in bytes, the boot of the machine that it was made in
/// and, as its time, when it was last used.
///
/// Nothing of a checkout is synced: it can be made again. So one of an earlier boot is not used, because a crash of the
/// machine may have left its files empty.
extension Store: Checkouts {
  public func file(_ digest: Digest) throws -> String {
    if try stored(digest)?.encoding == .fileRaw {
      // Large and incompressible (packages, images): the stored file serves as it is.
      let path = filePath(digest, .fileRaw)
      var status = stat()
      guard stat(path, &status) == 0, Int64(status.st_size) == digest.size else { throw try damaged(digest) }
      if status.st_mtim.tv_sec != Int(LayerCheckout.treeTime) { try Self.settle(path) }
      noteFound(path, holding: .file(digest))
      return path
    }
    return try checkout(checkoutPath(ofFile: digest), holding: .file(digest)) { folder in
      try exportFile(digest, to: folder, mode: 0o444)
      try Self.settle(folder)
      return digest.size
    }
  }

  func checkoutPath(ofFile digest: Digest) -> String { "\(checkouts)/files/\(digest.hex)" }

  func checkoutPath(ofTree artifact: Artifact) -> String {
    "\(checkouts)/trees/\(artifact.digest.hex.prefix(32))"
  }

  /// Short, because the options of an overlay mount, with all its layers, have to fit one page.
  func checkoutPath(ofLayer artifact: Artifact) -> String {
    "\(checkouts)/layers/\(artifact.digest.hex.prefix(16))"
  }

  /// Gives a file the time that everything staged has: an action may not see when it was stored.
  private static func settle(_ path: String) throws {
    let time = timespec(tv_sec: Int(LayerCheckout.treeTime), tv_nsec: 0)
    guard utimensat(AT_FDCWD, path, [time, time], 0) == 0 else {
      throw OpenFile.failure("cannot set the time of", path)
    }
  }

  public func tree(_ artifact: Artifact) throws -> String {
    try checkout(checkoutPath(ofTree: artifact), holding: .entries(of: artifact)) { folder in
      try LayerCheckout(store: self, root: folder, isTree: true).make(try readLayer(artifact))
    }
  }

  public func layer(_ artifact: Artifact) throws -> String {
    try checkout(checkoutPath(ofLayer: artifact), holding: .entries(of: artifact)) { folder in
      try LayerCheckout(store: self, root: folder, isTree: false).make(try readLayer(artifact))
    }
  }

  public func adopt(_ folder: String, as artifact: Artifact) throws {
    _ = try checkout(checkoutPath(ofLayer: artifact), holding: .entries(of: artifact)) { target in
      // From another file system it cannot be taken over; then it is made when it is needed.
      guard rename(folder, target) == 0 else {
        if errno == EXDEV {
          return try LayerCheckout(store: self, root: target, isTree: false).make(try readLayer(artifact))
        }
        throw OpenFile.failure("cannot take over", folder)
      }
      return try readLayer(artifact).fileDigests.reduce(0) { $0 + $1.size }
    }
    try Folders.remove(folder)
  }

  /// The checkout at `path`, made now if it is not there.
  ///
  /// - Parameter make: makes it at the path it is given, and returns its size in bytes.
  private func checkout(
    _ path: String, holding content: CheckoutContent, _ make: (String) throws -> Int64
  ) throws -> String {
    try requireWriting()
    if FileSystem.exists(path), !isOfThisBoot(path) { try discard(path) }
    let lock = try FileLock(at: "\(locks)/checkouts")
    // Shared: it only keeps `trim` from taking what is about to be used.
    try lock.wait(exclusive: false)
    if utimensat(AT_FDCWD, path + ".used", nil, 0) == 0, FileSystem.exists(path) {
      noteFound(path, holding: content)
      return path
    }
    let temporary = "\(scratch)/\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    do {
      let size = try make(temporary)
      StoredBytes.current?.add(size)
      try FileSystem.write(Array("\(size)\n\(Self.boot)\n".utf8), to: path + ".used", isDurable: false)
      // Never in place of another maker's: what a sandbox is about to mount cannot be mounted any more once it has no name.
      if renameat2(AT_FDCWD, temporary, AT_FDCWD, path, Self.noReplace) != 0 {
        // Another maker was first, with the same content.
        guard errno == EEXIST else { throw OpenFile.failure("cannot create", path) }
        try Folders.remove(temporary)
        noteFound(path, holding: content)
      } else {
        noteMade(path)
      }
    } catch {
      // The first error is the one to report; what stays behind is removed with the old scratch.
      try? Folders.remove(temporary)
      throw error
    }
    return path
  }

  /// RENAME_NOREPLACE of <linux/fs.h>.
  private static let noReplace: UInt32 = 1

  /// The name that the kernel gave the time since it was started; empty where it cannot be known.
  private static let boot: String = {
    let file = try? OpenFile(reading: "/proc/sys/kernel/random/boot_id")
    let text = (try? file?.readAll(atMost: 256)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return String(text.prefix { $0.isHexDigit || $0 == "-" })
  }()

  private func isOfThisBoot(_ path: String) -> Bool {
    guard let bytes = try? OpenFile(reading: path + ".used").readAll(atMost: 4096) else { return false }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.count > 1 ? lines[1] == Self.boot : Self.boot.isEmpty
  }

  /// Removes a checkout of an earlier boot; nobody can be using it.
  private func discard(_ path: String) throws {
    let lock = try FileLock(at: "\(locks)/checkouts")
    try lock.wait(exclusive: true)
    // Another process may have made it anew in the meantime.
    if isOfThisBoot(path) { return }
    let rubbish = "\(scratch)/\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    if rename(path, rubbish) != 0, errno != ENOENT { throw OpenFile.failure("cannot remove", path) }
    unlink(path + ".used")
    // What stays is removed with the old scratch.
    try? Folders.remove(rubbish)
  }

  /// Longer than the longest action: what was used since may be mounted by a running one.
  public static let checkoutGraceSeconds = 7200

  /// Removes the checkouts that were used longest ago until the rest is no larger than `maximumBytes`.
  ///
  /// - Parameter graceSeconds: what was used since is kept in any case.
  /// - Returns: what was removed.
  @discardableResult
  public func trimCheckouts(
    maximumBytes: Int64, graceSeconds: Int = checkoutGraceSeconds
  ) throws -> (count: Int, bytes: Int64) {
    try requireWriting()
    let lock = try FileLock(at: "\(locks)/checkouts")
    try lock.wait(exclusive: true)
    let uses = try checkoutUses()
    var total = uses.reduce(0) { $0 + $1.size }
    var removed: (count: Int, bytes: Int64) = (0, 0)
    let newest = time(nil) - graceSeconds
    for use in uses.sorted(by: { ($0.used, $0.path) < ($1.used, $1.path) }) {
      if total <= maximumBytes || use.used > newest { break }
      try Folders.remove(use.path)
      try Folders.remove(use.path + ".used")
      total -= use.size
      removed.count += 1
      removed.bytes += use.size
    }
    return removed
  }

  /// Every checkout with its size in bytes and when it was used last, in seconds since 1970.
  func checkoutUses() throws -> [(path: String, size: Int64, used: Int)] {
    try ["files", "trees", "layers"].flatMap { kind in
      let folder = "\(checkouts)/\(kind)"
      return try Folders.names(in: folder).compactMap { name -> (String, Int64, Int)? in
        guard name.hasSuffix(".used"), let status = FileSystem.status("\(folder)/\(name)"),
          let bytes = try? OpenFile(reading: "\(folder)/\(name)").readAll(atMost: 4096)
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let size = text.split(separator: "\n").first.flatMap { Int64($0) } ?? 0
        return ("\(folder)/\(name.dropLast(5))", size, status.st_mtim.tv_sec)
      }
    }
  }
}
