import CLinux
import Formats
import Glibc
import GraphCore

/// Makes the folder of one tree or layer.
///
/// A layer becomes what overlayfs, mounted with `userxattr`, takes as a lower folder: a whiteout is a character device
/// 0:0, an opaque folder has `user.overlay.opaque=y`. Where devices cannot be made, whiteouts are empty files with
/// `user.overlay.whiteout` in a folder marked `user.overlay.opaque=x`, which Linux 6.7 and later read. Folders that the
/// recipe has no entry for, because only a lower layer has them, are made with mode 0755 and no owner but ours.
struct LayerCheckout {
  let store: Store
  let root: String
  let isTree: Bool

  /// The time of everything in a tree: 1980-01-01, the oldest that every archive format can hold.
  static let treeTime: Int64 = 315_532_800

  /// - Returns: the size of its files in bytes.
  func make(_ layer: Layer) throws -> Int64 {
    guard mkdir(root, 0o755) == 0 else { throw OpenFile.failure("cannot create", root) }
    var made: Set<String> = [""]
    var size: Int64 = 0
    for entry in layer.entries {
      try makeParents(of: entry.path, &made)
      try make(entry, &made)
      if case .file(let digest) = entry.content { size += digest.size }
    }
    // Folders last, and the deepest first: making what is in them changes their times, and a mode may forbid it.
    for entry in layer.entries.reversed() {
      switch entry.content {
      case .directory, .opaqueDirectory: try setMetadata(entry)
      default: break
      }
    }
    chmod(root, 0o755)
    if isTree { try setTime(root, Self.treeTime) }
    return size
  }

  private func makeParents(of path: String, _ made: inout Set<String>) throws {
    guard let slash = path.lastIndex(of: "/") else { return }
    let parent = String(path[..<slash])
    if made.contains(parent) { return }
    try makeParents(of: parent, &made)
    // Not by mkdir alone, whose mode the umask of whoever calls us would decide (invariant I1).
    guard mkdir("\(root)/\(parent)", 0o755) == 0, chmod("\(root)/\(parent)", 0o755) == 0 else {
      throw OpenFile.failure("cannot create", "\(root)/\(parent)")
    }
    made.insert(parent)
  }

  private func make(_ entry: Layer.Entry, _ made: inout Set<String>) throws {
    let path = "\(root)/\(entry.path)"
    switch entry.content {
    case .file(let digest):
      let file = try OpenFile(creating: path, mode: 0o600)
      try store.stream(digest) { try file.write($0) }
    case .directory, .opaqueDirectory:
      try check(mkdir(path, 0o700), "cannot create", path)
      if entry.content == .opaqueDirectory { try set("user.overlay.opaque", Array("y".utf8), path) }
      made.insert(entry.path)
      return
    case .symlink(let target): try check(symlink(target, path), "cannot create", path)
    case .hardlink(let target):
      // It has the metadata of its file, which sorts before it.
      return try check(link("\(root)/\(target)", path), "cannot link", path)
    case .characterDevice(let major, let minor): try makeDevice(path, S_IFCHR, major, minor)
    case .blockDevice(let major, let minor): try makeDevice(path, S_IFBLK, major, minor)
    case .fifo: try check(mkfifo(path, 0o600), "cannot create", path)
    case .whiteout: return try makeWhiteout(path)
    }
    try setMetadata(entry)
  }

  private func makeDevice(_ path: String, _ type: mode_t, _ major: UInt32, _ minor: UInt32) throws {
    // The kernel's own split of a 64-bit device number; makedev is a macro.
    let (major, minor) = (UInt64(major), UInt64(minor))
    let device = (major & 0xfff) << 8 | (major & ~0xfff) << 32 | (minor & 0xff) | (minor & ~0xff) << 12
    guard mknod(path, type | 0o600, dev_t(device)) == 0 else {
      throw GraphError(
        .environment, "cannot create the device '\(path)': \(String(cString: strerror(errno)))",
        hint: "layers with device files need root")
    }
  }

  private func makeWhiteout(_ path: String) throws {
    if mknod(path, S_IFCHR, 0) == 0 { return }
    guard errno == EPERM, let slash = path.lastIndex(of: "/") else {
      throw OpenFile.failure("cannot create", path)
    }
    guard Self.kernelReadsWhiteoutAttributes else {
      throw GraphError(
        .environment, "removed files of a layer cannot be shown without root before Linux 6.7",
        hint: "run as root, or on a newer kernel")
    }
    _ = try OpenFile(creating: path, mode: 0o600)
    try set("user.overlay.whiteout", Array("y".utf8), path)
    let folder = String(path[..<slash])
    // An opaque folder hides everything below already, and `x` must not weaken it.
    if lgetxattr(folder, "user.overlay.opaque", nil, 0) < 0 {
      try set("user.overlay.opaque", Array("x".utf8), folder)
    }
  }

  private static let kernelReadsWhiteoutAttributes: Bool = {
    var name = utsname()
    uname(&name)
    let release = withUnsafePointer(to: &name.release) {
      $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
    }
    let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 7)
  }()

  /// Owner before mode, because a change of owner clears set-id bits; attributes after the owner, because it clears
  /// capabilities; the time last.
  private func setMetadata(_ entry: Layer.Entry) throws {
    let path = "\(root)/\(entry.path)"
    let isLink = if case .symlink = entry.content { true } else { false }
    if !isTree, lchown(path, entry.owner, entry.group) != 0 {
      // Without root everything is ours; whoever mounts the layer maps owners from its recipe.
      guard errno == EPERM, geteuid() != 0 else { throw OpenFile.failure("cannot set the owner of", path) }
    }
    for attribute in entry.attributes { try set(attribute.name, attribute.value, path) }
    if !isLink { try check(chmod(path, mode_t(entry.mode)), "cannot set the mode of", path) }
    try setTime(path, isTree ? Self.treeTime : entry.modified)
  }

  private func set(_ name: String, _ value: [UInt8], _ path: String) throws {
    let result = value.withUnsafeBytes { lsetxattr(path, name, $0.baseAddress, $0.count, 0) }
    guard result == 0 else {
      if errno == EPERM, geteuid() != 0, !name.hasPrefix("user.") { return }
      throw OpenFile.failure("cannot set the attribute '\(name)' of", path)
    }
  }

  private func setTime(_ path: String, _ seconds: Int64) throws {
    let time = timespec(tv_sec: Int(seconds), tv_nsec: 0)
    try check(utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW), "cannot set the time of", path)
  }

  private func check(_ result: Int32, _ what: String, _ path: String) throws {
    if result != 0 { throw OpenFile.failure(what, path) }
  }
}
