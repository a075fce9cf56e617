import FoundationEssentials
import Glibc
import Testing

/// A disk below one folder as the kernel's cache and the platter have it: what is on the platter for sure, and what has
/// been done since the last sync, of which a loss of power keeps any part.
///
/// What is assumed of a file system is little: a synced file has its content, a synced folder its names; of all else any
/// sector of any write and any change of any name may be there or not. A file without content under its new name, names
/// that came back, and torn pages are cases of that.
struct CrashDisk {
  /// A file, whatever it is called.
  private final class File {
    /// What is on the platter for sure.
    var kept = Content()
    var changes: [Change] = []
    enum Change {
      case write(offset: Int, ArraySlice<UInt8>)
      case resize(Int)
    }
  }

  /// Bytes, and zeros from their end up to the size.
  private struct Content {
    var bytes: [UInt8] = []
    var size = 0

    mutating func apply(_ change: File.Change) {
      switch change {
      case .resize(let size):
        self.size = size
        if size < bytes.count { bytes.removeLast(bytes.count - size) }
      case .write(let offset, let data):
        let end = offset + data.count
        size = max(size, end)
        if end > bytes.count { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        bytes.withUnsafeMutableBytes { target in
          data.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: $0)
          }
        }
      }
    }
  }

  private enum Entry {
    case file(File)
    case folder
    case link(String)
  }

  /// What a path has been since it was last synced, oldest first.
  private var names: [String: [Entry?]] = [:]
  /// Paths in the order in which they changed; only the file systems that keep an order look at it.
  private var order: [(path: String, entry: Entry?)] = []
  private var files: [UInt64: File] = [:]
  private let root: String
  /// What `begin` found there: all of it synced.
  private(set) var unknown: [String] = []

  /// An empty disk for what happens below `root`.
  init(below root: String) { self.root = root }

  /// Takes what is in the folder now for synced.
  mutating func settle() throws {
    func walk(_ path: String) throws {
      var status = stat()
      guard lstat(path, &status) == 0 else { return }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        names[path] = [.folder]
        for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() {
          try walk("\(path)/\(name)")
        }
      case S_IFLNK: names[path] = [.link(try FileManager.default.destinationOfSymbolicLink(atPath: path))]
      case S_IFREG:
        let file = files[UInt64(status.st_ino)] ?? File()
        if files.updateValue(file, forKey: UInt64(status.st_ino)) == nil {
          file.kept = Content(bytes: try bytes(ofFile: path), size: Int(status.st_size))
        }
        names[path] = [.file(file)]
      default: break
      }
    }
    try walk(root)
  }

  // MARK: What happens

  mutating func apply(_ operation: OperationLog.Operation) {
    switch operation.kind {
    case .made:
      let file = File()
      files[operation.inode] = file
      if !operation.first.isEmpty { set(operation.first, .file(file)) }
    case .written: files[operation.inode]?.changes.append(.write(offset: operation.offset, operation.data))
    case .truncated: files[operation.inode]?.changes.append(.resize(operation.offset))
    case .renamed: move(operation.first, to: operation.second)
    case .linked: if let file = files[operation.inode] { set(operation.second, .file(file)) }
    case .symlinked: set(operation.second, .link(operation.first))
    case .unlinked, .emptied: set(operation.first, nil)
    case .folder: set(operation.first, .folder)
    case .synced: sync(operation)
    case .allSynced: syncAll()
    case .said: break
    case .unknown: unknown.append(operation.first)
    }
  }

  private func current(_ path: String) -> Entry? { names[path]?.last ?? nil }

  private mutating func set(_ path: String, _ entry: Entry?) {
    if entry == nil && current(path) == nil { return }
    names[path, default: [nil]].append(entry)
    order.append((path, entry))
  }

  private mutating func move(_ from: String, to target: String) {
    // The helper makes files, too, and nobody records what they hold: they are scratch and checkouts.
    guard let entry = current(from) else { return set(target, .folder) }
    for path in names.keys.filter({ $0.hasPrefix(from + "/") }).sorted() {
      guard let entry = current(path) else { continue }
      set(target + path.dropFirst(from.count), entry)
      set(path, nil)
    }
    set(target, entry)
    set(from, nil)
  }

  private mutating func sync(_ operation: OperationLog.Operation) {
    if case .folder? = current(operation.first) {
      for path in names.keys where Self.parent(path) == operation.first { settle(path) }
      order.removeAll { Self.parent($0.path) == operation.first }
    } else if let file = files[operation.inode] {
      settle(file)
    }
  }

  private mutating func syncAll() {
    for file in files.values { settle(file) }
    for path in Array(names.keys) { settle(path) }
    order = []
  }

  private mutating func settle(_ path: String) {
    if let now = current(path) { names[path] = [now] } else { names[path] = nil }
  }

  private func settle(_ file: File) {
    for change in file.changes { file.kept.apply(change) }
    file.changes = []
  }

  private static func parent(_ path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  // MARK: What is left

  /// How much of what was not synced a loss of power leaves.
  enum Loss: CustomStringConvertible {
    /// Everything that was not synced is gone.
    case everything
    /// Nothing is gone: as after the end of a process.
    case nothing
    /// Each sector and each change of a name is kept with this probability.
    case some(Double, sectorBytes: Int)
    /// Names change in their order, and files without a sync are empty: what ext4 and XFS show most.
    case content

    static let all: [Loss] = [
      .everything, .nothing, .content, .some(0.5, sectorBytes: 512), .some(0.5, sectorBytes: 4096),
      .some(0.9, sectorBytes: 4096), .some(0.1, sectorBytes: 512),
    ]

    var description: String {
      switch self {
      case .everything: "all that was not synced is lost"
      case .nothing: "nothing is lost"
      case .some(let share, let sector):
        "\(share) of the sectors of \(sector) bytes, and of the names, are kept"
      case .content: "names are kept up to some moment, and what was not synced is empty"
      }
    }
  }

  /// Writes what is left after a loss of power to a folder that does not exist.
  func write(_ loss: Loss, to folder: String, _ random: inout Seeded) throws {
    var left: [String: Entry] = [:]
    // In the order of names, so that a seed means the same each time.
    for (path, values) in names.sorted(by: { $0.key < $1.key }) {
      let value: Entry?
      switch loss {
      case .everything, .content: value = values.first ?? nil
      case .nothing: value = values.last ?? nil
      case .some(let share, _):
        value = random.chance(share) ? values.last ?? nil : values.randomElement(using: &random) ?? nil
      }
      left[path] = value
    }
    if case .content = loss {
      for (path, entry) in order.prefix(Int.random(in: 0...order.count, using: &random)) {
        left[path] = entry
      }
    }
    // A name below a folder that is lost is lost.
    for (path, entry) in left.sorted(by: { $0.key < $1.key }) {
      let target = folder + path.dropFirst(root.count)
      switch entry {
      case .folder: mkdir(target, 0o755)
      case .link(let to): symlink(to, target)
      case .file(let file):
        try Self.store(content(of: file, after: loss, &random), target)
      }
    }
  }

  private func content(of file: File, after loss: Loss, _ random: inout Seeded) -> Content {
    var content = file.kept
    switch loss {
    case .everything, .content: break
    case .nothing: for change in file.changes { content.apply(change) }
    case .some(let share, let sector):
      for change in file.changes {
        guard case .write(let offset, let data) = change else {
          if random.chance(share) { content.apply(change) }
          continue
        }
        // Sectors lie where the file's do.
        var start = offset
        while start < offset + data.count {
          let end = min((start / sector + 1) * sector, offset + data.count)
          let part = data[(data.startIndex + start - offset)..<(data.startIndex + end - offset)]
          if random.chance(share) { content.apply(.write(offset: start, part)) }
          start = end
        }
      }
    }
    return content
  }

  private static func store(_ content: Content, _ path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    // In a folder that is lost.
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let count = content.bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    try #require(count == content.bytes.count && ftruncate(descriptor, off_t(content.size)) == 0, "\(path)")
  }
}

/// All of a file; quick also without optimisation.
func bytes(ofFile path: String) throws -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  try #require(descriptor >= 0, "\(path): \(String(cString: strerror(errno)))")
  defer { close(descriptor) }
  var status = stat()
  try #require(fstat(descriptor, &status) == 0)
  let size = Int(status.st_size)
  return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    while count < size {
      let got = read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
      try #require(got > 0, "\(path) became shorter while it was read")
      count += got
    }
  }
}
