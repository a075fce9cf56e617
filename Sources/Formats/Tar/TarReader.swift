import CArchive
import Glibc
import GraphCore

/// Reads tar archives, ours and foreign ones, plain or compressed (gzip, bzip2, xz, zstd), as OCI layers.
///
/// Paths lose `./` and a leading `/`; the last member of a path wins; times lose their fractions; access control
/// lists and file flags, which a layer has no place for, are dropped. What cannot be right is an error that names the
/// member: a path with `..`, a link to nothing, a member below something that is no folder.
public enum TarReader {
  /// Bounds on what an archive may unpack to: beyond them it is taken for an attack or an accident.
  public struct Limits: Sendable {
    public var members = 4_000_000
    public var memberBytes: Int64 = 64 << 30
    public var totalBytes: Int64 = 256 << 30
    /// Of a path or the target of a link.
    public var pathBytes = 4096
    /// Of one extended attribute.
    public var attributeBytes = 64 << 10
    public init() {}
  }

  /// Content up to this size is read into memory; larger content is spooled to `scratch`.
  private static let inMemoryBytes: Int64 = 4 << 20

  /// Reads the archive at `path`, stores its files and returns its recipe.
  ///
  /// - Parameter scratch: a folder for the content of large members, while they are read.
  /// - Throws: `GraphError(.user)` where the archive is no layer, `GraphError(.environment)` where the disk fails, and
  ///   what the store throws.
  public static func readLayer(
    at path: String, store: any BlobStore, scratch: String = "/var/tmp", limits: Limits = Limits()
  ) throws -> Layer {
    do {
      return try read(path, store, scratch, limits).finish()
    } catch let error as FormatError {
      throw GraphError(.user, "'\(path)' is not a layer: \(error)")
    }
  }

  /// Reads an archive that is no layer: names that would mark something as removed are refused.
  ///
  /// - Throws: as `readLayer`; the message leaves out the path.
  public static func readArchive(
    at path: String, store: any BlobStore, scratch: String = "/var/tmp", limits: Limits = Limits()
  ) throws -> Layer {
    do {
      let builder = try read(path, store, scratch, limits)
      if let marker = builder.firstMarker {
        throw FormatError("'\(marker)' has a name that means removal in an image")
      }
      return try builder.finish()
    } catch let error as FormatError {
      throw GraphError(.user, error.description)
    }
  }

  /// Whether the file is a tar archive, plain or compressed, that has a member at least.
  public static func isArchive(at path: String) throws -> Bool {
    do {
      return try Archive(path: path, mayBeEmpty: false).hasMember
    } catch is FormatError {
      return false
    }
  }

  private static func read(
    _ path: String, _ store: any BlobStore, _ scratch: String, _ limits: Limits
  ) throws -> LayerBuilder {
    // libarchive converts pax names from UTF-8 to the locale's character set, and composes accents on the way even
    // where that is UTF-8 too: another name than the archive's. In the C locale it finds that it cannot, hands out the
    // archive's own bytes, and warns, which `next` knows.
    let plain = newlocale(LC_CTYPE_MASK, "C", nil)
    let previous = plain.flatMap { uselocale($0) }
    defer {
      if let plain {
        uselocale(previous)
        freelocale(plain)
      }
    }
    let archive = try Archive(path: path)
    var builder = LayerBuilder()
    var total: Int64 = 0
    while let member = try archive.next(limits) {
      guard builder.memberCount < limits.members else {
        throw FormatError("it has more than \(limits.members) members")
      }
      let (sum, isTooMuch) = total.addingReportingOverflow(member.size)
      total = sum
      guard member.size >= 0, !isTooMuch, member.size <= limits.memberBytes, total <= limits.totalBytes
      else {
        throw FormatError("'\(member.path)' is larger than what a layer may hold")
      }
      let isRegular = member.kind == .file
      let digest =
        isRegular && !LayerBuilder.isMarker(member.path)
        ? try archive.store(member, in: store, scratch: scratch, limit: inMemoryBytes) : nil
      try builder.add(member, digest)
    }
    return builder
  }
}

/// One member, as libarchive has read it.
struct ArchiveMember {
  enum Kind { case file, directory, symlink, hardlink, character, block, fifo }
  var path: String
  var kind: Kind
  var target = ""
  var size: Int64
  var mode: UInt16
  var owner: UInt32
  var group: UInt32
  var modified: Int64
  var device: (major: UInt32, minor: UInt32)
  var attributes: [Layer.Entry.Attribute]
}

/// An open archive of libarchive.
private struct Archive: ~Copyable {
  private let handle: OpaquePointer

  /// - Parameter mayBeEmpty: whether a file without a byte is an archive too.
  init(path: String, mayBeEmpty: Bool = true) throws {
    handle = try Self.open(path, mayBeEmpty: mayBeEmpty)
  }

  private static func open(_ path: String, mayBeEmpty: Bool) throws -> OpaquePointer {
    // Not left to libarchive, which reports a missing file like a damaged one.
    _ = try OpenFile(reading: path)
    guard let handle = archive_read_new() else { throw FormatError("out of memory") }
    archive_read_support_filter_gzip(handle)
    archive_read_support_filter_bzip2(handle)
    archive_read_support_filter_zstd(handle)
    archive_read_support_filter_xz(handle)
    archive_read_support_format_tar(handle)
    // libarchive takes a file without any block for no archive at all; a tar of nothing is two zero blocks.
    if mayBeEmpty { archive_read_support_format_empty(handle) }
    guard archive_read_open_filename(handle, path, 1 << 18) == ARCHIVE_OK else {
      let reason = Self.reason(handle)
      archive_read_free(handle)
      throw FormatError(reason)
    }
    return handle
  }

  deinit { archive_read_free(handle) }

  private static func reason(_ handle: OpaquePointer) -> String {
    archive_error_string(handle).map { String(cString: $0) } ?? "it cannot be read"
  }

  /// Whether there is a member, whatever its name; asked at the beginning.
  var hasMember: Bool {
    var pointer: OpaquePointer?
    let code = archive_read_next_header(handle, &pointer)
    return code == ARCHIVE_OK || code == ARCHIVE_WARN
  }

  /// The next member; `nil` at the end.
  func next(_ limits: TarReader.Limits) throws -> ArchiveMember? {
    var pointer: OpaquePointer?
    let code = archive_read_next_header(handle, &pointer)
    if code == ARCHIVE_EOF { return nil }
    guard code == ARCHIVE_OK || code == ARCHIVE_WARN, let entry = pointer else {
      throw FormatError(Self.reason(handle))
    }
    guard let name = text(archive_entry_pathname(entry)) else {
      throw FormatError("a member has a name that is not UTF-8")
    }
    // A warning is about one field that was lost; a layer that lacks a field is not the layer.
    if code == ARCHIVE_WARN, !Self.reason(handle).contains("can't be converted from UTF-8 to current locale")
    {
      throw FormatError("'\(name)': \(Self.reason(handle))")
    }
    var member = ArchiveMember(
      path: name, kind: .file, size: archive_entry_size(entry),
      mode: UInt16(archive_entry_perm(entry) & 0o7777),
      owner: try number(archive_entry_uid(entry), "owner", name),
      group: try number(archive_entry_gid(entry), "group", name), modified: Int64(archive_entry_mtime(entry)),
      device: (0, 0), attributes: try attributes(of: entry, name, limits))
    if archive_entry_hardlink(entry) != nil {
      member.kind = .hardlink
      member.size = 0
      member.target = try target(archive_entry_hardlink(entry), name)
    } else {
      switch archive_entry_filetype(entry) {
      case Glibc.S_IFREG: member.kind = .file
      case Glibc.S_IFDIR: member.kind = .directory
      case Glibc.S_IFLNK:
        member.kind = .symlink
        member.target = try target(archive_entry_symlink(entry), name)
      case Glibc.S_IFCHR: member.kind = .character
      case Glibc.S_IFBLK: member.kind = .block
      case Glibc.S_IFIFO: member.kind = .fifo
      default: throw FormatError("'\(name)' is neither file, folder, link, device nor fifo")
      }
    }
    if member.kind == .character || member.kind == .block {
      member.device = (
        try number(Int64(archive_entry_rdevmajor(entry)), "device", name),
        try number(Int64(archive_entry_rdevminor(entry)), "device", name)
      )
    }
    guard name.utf8.count <= limits.pathBytes, member.target.utf8.count <= limits.pathBytes else {
      throw FormatError("'\(name.prefix(80))…' is longer than \(limits.pathBytes) bytes")
    }
    return member
  }

  /// Stores the content of the member that `next` returned last.
  func store(
    _ member: ArchiveMember, in store: any BlobStore, scratch: String, limit: Int64
  ) throws -> Digest {
    if member.size <= limit {
      var bytes = [UInt8](repeating: 0, count: Int(member.size))
      let count = try bytes.withUnsafeMutableBytes { try read(into: $0, member) }
      guard count == member.size else { throw FormatError("'\(member.path)' is cut off") }
      return try store.write(bytes)
    }
    let spool = try OpenFile(temporaryIn: scratch)
    defer { unlink(spool.path) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: OpenFile.chunkSizeBytes, alignment: 16)
    defer { buffer.deallocate() }
    var written: Int64 = 0
    while written < member.size {
      let count = try read(into: buffer, member)
      if count == 0 { throw FormatError("'\(member.path)' is cut off") }
      written += Int64(count)
      try spool.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return try store.importFile(at: spool.path, expected: nil)
  }

  /// Reads until the buffer is full or the member ends; holes of sparse files are zeros.
  private func read(into buffer: UnsafeMutableRawBufferPointer, _ member: ArchiveMember) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = archive_read_data(handle, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
      if count < 0 { throw FormatError("'\(member.path)': \(Self.reason(handle))") }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  private func attributes(
    of entry: OpaquePointer, _ path: String, _ limits: TarReader.Limits
  ) throws -> [Layer.Entry.Attribute] {
    var attributes: [Layer.Entry.Attribute] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    archive_entry_xattr_reset(entry)
    while archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK {
      guard let name = text(name) else {
        throw FormatError("'\(path)' has an attribute whose name is not UTF-8")
      }
      guard size <= limits.attributeBytes else {
        throw FormatError("attribute '\(name)' of '\(path)' is too large")
      }
      let bytes = Array(UnsafeRawBufferPointer(start: value, count: size))
      attributes.removeAll { $0.name == name }
      attributes.append(Layer.Entry.Attribute(name: name, value: bytes))
    }
    return attributes.sorted { $0.name.precedesInBytes($1.name) }
  }

  private func target(_ pointer: UnsafePointer<CChar>?, _ path: String) throws -> String {
    guard let target = text(pointer), !target.isEmpty else {
      throw FormatError("'\(path)' links to a name that is empty or not UTF-8")
    }
    return target
  }

  private func text(_ pointer: UnsafePointer<CChar>?) -> String? {
    pointer.flatMap { String(validatingCString: $0) }
  }

  private func number(_ value: Int64, _ what: String, _ path: String) throws -> UInt32 {
    guard let number = UInt32(exactly: value) else {
      throw FormatError("the \(what) \(value) of '\(path)' is out of range")
    }
    return number
  }
}
