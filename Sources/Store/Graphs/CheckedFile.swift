import Formats
import Glibc
import GraphCore
import Synchronization

/// A mapped file of sections, each with its digest, so that a damaged one is told before anything is read of it, and what
/// is not needed is neither read nor checked.
///
///     magic    16 bytes, which say what the file is and in which byte order
///     count    8 bytes
///     for each section: where it begins and how long it is (8 bytes each), its SHA-256 (32 bytes)
///     the SHA-256 of everything above
///     the sections, aligned to 8
///
/// Files are replaced by renaming and never written to, so a mapping stays what it is.
struct CheckedFile: Sendable {
  private static let magic = Array("graph-cached 1\n\0".utf8)
  private static let order: UInt64 = 0x0102_0304_0506_0708

  private let owner: FlatBytes
  private let sections: [Section]
  /// Sections that were compared with their digest in this process.
  private let checked = CheckedSections()

  private struct Section {
    var offset: Int
    var length: Int
    var digest: Digest
  }

  private final class CheckedSections: Sendable {
    let good = Mutex<Set<Int>>([])
  }

  /// - Returns: `nil` where there is no such file, or its head is damaged or of another machine.
  init?(mapping path: String) {
    guard let owner = FlatBytes(mapping: path) else { return nil }
    let bytes = owner.bytes
    func number(_ position: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) }
    guard bytes.count >= 64, bytes.prefix(16).elementsEqual(Self.magic), number(16) == Self.order,
      number(24) <= 64
    else { return nil }
    let count = Int(number(24))
    let end = 32 + 48 * count
    guard bytes.count >= end + 32,
      Self.sha256(UnsafeRawBufferPointer(rebasing: bytes[..<end])).elementsEqual(bytes[end..<end + 32])
    else { return nil }
    var sections: [Section] = []
    for index in 0..<count {
      let start = 32 + 48 * index
      let (offset, length) = (number(start), number(start + 8))
      guard offset <= UInt64(bytes.count), length <= UInt64(bytes.count) - offset,
        let digest = Digest(sha256: bytes[start + 16..<start + 48], size: Int64(length))
      else { return nil }
      sections.append(Section(offset: Int(offset), length: Int(length), digest: digest))
    }
    (self.owner, self.sections) = (owner, sections)
  }

  /// The bytes of a section; `nil` where it is damaged or there is none.
  subscript(index: Int) -> FlatBytes? {
    guard sections.indices.contains(index) else { return nil }
    let section = sections[index]
    let bytes = UnsafeRawBufferPointer(
      rebasing: owner.bytes[section.offset..<section.offset + section.length])
    if !checked.good.withLock({ $0.contains(index) }) {
      var hasher = DigestHasher()
      hasher.update(bytes)
      guard hasher.finish() == section.digest else { return nil }
      checked.good.withLock { _ = $0.insert(index) }
    }
    // The section keeps the whole mapping.
    let owner = owner
    return FlatBytes(bytes) { _ = owner }
  }

  /// The digest of a section as the head has it.
  func digest(_ index: Int) -> Digest? { sections.indices.contains(index) ? sections[index].digest : nil }

  /// Whether all of it is as it was written.
  var isWhole: Bool { sections.indices.allSatisfy { self[$0] != nil } }

  /// The bytes of a file with these sections.
  static func encode(_ sections: [[UInt8]]) -> [UInt8] {
    var head = magic
    func append(_ number: UInt64) { withUnsafeBytes(of: number) { head += $0 } }
    append(order)
    append(UInt64(sections.count))
    var offset = 32 + 48 * sections.count + 32
    for section in sections {
      append(UInt64(offset))
      append(UInt64(section.count))
      head += section.withUnsafeBytes { sha256($0) }
      offset += (section.count + 7) / 8 * 8
    }
    head += head.withUnsafeBytes { sha256($0) }
    head.reserveCapacity(offset)
    for section in sections {
      head += section
      head += [UInt8](repeating: 0, count: (8 - section.count % 8) % 8)
    }
    return head
  }

  private static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var hasher = DigestHasher()
    hasher.update(bytes)
    return hasher.finish().bytes
  }
}

extension FlatBytes {
  /// The content of a file, mapped.
  ///
  /// - Returns: `nil` where there is none, or it cannot be mapped.
  convenience init?(mapping path: String) {
    guard let file = try? OpenFile(reading: path), let status = try? file.status(), status.st_size > 0,
      status.st_mode & S_IFMT == S_IFREG
    else { return nil }
    let length = Int(status.st_size)
    guard let start = mmap(nil, length, PROT_READ, MAP_PRIVATE, file.descriptor, 0), start != MAP_FAILED
    else { return nil }
    let address = UInt(bitPattern: start)
    self.init(UnsafeRawBufferPointer(start: start, count: length)) {
      munmap(UnsafeMutableRawPointer(bitPattern: address), length)
    }
  }
}
