import GraphCore
import Glibc

/// Reads the tar stream that `graph-sandbox --capture` writes, and no other: ustar headers with pax records for what
/// they cannot say, whiteouts as `.wh.NAME`, opaque folders as `.wh..wh..opq` after their folder.
struct CaptureReader: ~Copyable {
  struct Member {
    var path: [UInt8]
    var link: [UInt8]
    var kind: UInt8
    var mode: UInt16
    var owner: UInt32
    var group: UInt32
    var modified: Int64
    var size: Int64
    var major: UInt32
    var minor: UInt32
    var attributes: [Layer.Entry.Attribute]
  }

  private let path: String
  private let descriptor: CInt
  /// Content of the last member that was not read yet, padding included.
  private var unread: Int64 = 0
  private var padding: Int64 = 0

  init(path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileSystem.failure("reading", path) }
  }

  deinit { close(descriptor) }

  /// The next entry, or `nil` at the end of the stream.
  mutating func next() throws -> Member? {
    while let content = try readContent(max: 1 << 20), !content.isEmpty {}
    var records: [(name: String, value: [UInt8])] = []
    var block = try readExactly(512)
    if block[0] == 0 { return nil }
    if block[156] == UInt8(ascii: "x") {
      let size = try octal(block[124..<136])
      guard size <= 1 << 24 else { throw damaged() }
      let bytes = try readExactly(Int(size))
      _ = try readExactly(Int((512 - size % 512) % 512))
      records = try parseRecords(bytes)
      block = try readExactly(512)
    }
    var member = Member(
      path: text(block[0..<100]), link: text(block[157..<257]), kind: block[156],
      mode: UInt16(truncatingIfNeeded: try octal(block[100..<108]) & 0o7777),
      owner: try number(block[108..<116]),
      group: try number(block[116..<124]), modified: try octal(block[136..<148]),
      size: try octal(block[124..<136]),
      major: try number(block[329..<337]), minor: try number(block[337..<345]), attributes: [])
    for record in records { try apply(record, to: &member) }
    unread = member.size
    padding = (512 - member.size % 512) % 512
    return member
  }

  /// Up to `max` bytes of the last member's content; empty or `nil` at its end.
  mutating func readContent(max: Int) throws -> [UInt8]? {
    if unread == 0 {
      _ = try readExactly(Int(padding))
      padding = 0
      return nil
    }
    let part = try readExactly(Int(Swift.min(unread, Int64(max))))
    unread -= Int64(part.count)
    return part
  }

  private func readExactly(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes { buffer in
        read(
          descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).baseAddress, count - filled)
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw damaged() }
      filled += got
    }
    return bytes
  }

  private func damaged() -> GraphError { GraphError(.bug, "the capture '\(path)' cannot be read") }

  private func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

  private func octal(_ field: ArraySlice<UInt8>) throws -> Int64 {
    var value: Int64 = 0
    for byte in field where byte != 0 && byte != 0x20 {
      guard (0x30...0x37).contains(byte) else { throw damaged() }
      value = value << 3 | Int64(byte - 0x30)
    }
    return value
  }

  private func number(_ field: ArraySlice<UInt8>) throws -> UInt32 {
    UInt32(truncatingIfNeeded: try octal(field))
  }

  /// Records are `LENGTH name=value\n`, where the length counts the whole record.
  private func parseRecords(_ bytes: [UInt8]) throws -> [(name: String, value: [UInt8])] {
    var records: [(name: String, value: [UInt8])] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let space = rest.firstIndex(of: 0x20),
        let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length <= rest.count, length > 4
      else { throw damaged() }
      let record = rest[space..<rest.startIndex + length].dropFirst()
      guard record.last == 0x0a, let equals = record.firstIndex(of: 0x3d) else { throw damaged() }
      let name = String(decoding: record[..<equals], as: UTF8.self)
      records.append((name, Array(record[(equals + 1)...].dropLast())))
      rest = rest.dropFirst(length)
    }
    return records
  }

  private func apply(_ record: (name: String, value: [UInt8]), to member: inout Member) throws {
    let prefix = "SCHILY.xattr."
    if record.name.hasPrefix(prefix) {
      member.attributes.append(
        Layer.Entry.Attribute(name: String(record.name.dropFirst(prefix.count)), value: record.value))
      return
    }
    switch record.name {
    case "path": member.path = record.value
    case "linkpath": member.link = record.value
    default:
      guard let value = Int64(String(decoding: record.value, as: UTF8.self)) else { throw damaged() }
      switch record.name {
      case "size": member.size = value
      case "mtime": member.modified = value
      case "uid": member.owner = UInt32(truncatingIfNeeded: value)
      case "gid": member.group = UInt32(truncatingIfNeeded: value)
      default: throw damaged()
      }
    }
  }
}
