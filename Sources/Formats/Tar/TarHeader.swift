import GraphCore

/// What one member of a tar archive is, before it is 512 bytes.
struct TarMember {
  var name: String
  var kind: UInt8
  var mode: UInt16 = 0o644
  var owner: UInt32 = 0
  var group: UInt32 = 0
  var size: Int64 = 0
  var modified: Int64 = 0
  var target = ""
  var device: (major: UInt32, minor: UInt32)?
  var attributes: [Layer.Entry.Attribute] = []

  /// The headers of the member: a ustar block, with a pax block before it for what ustar cannot hold.
  ///
  /// Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; SCHILY.* are the keywords that
  /// star, GNU tar and container tools agree on.
  func headers() -> [UInt8] {
    var records: [(String, [UInt8])] = []
    var block = [UInt8](repeating: 0, count: 512)

    if let split = Self.split(name) {
      block.replaceSubrange(0..<split.name.count, with: split.name)
      block.replaceSubrange(345..<345 + split.prefix.count, with: split.prefix)
    } else {
      records.append(("path", Array(name.utf8)))
      block.put(Self.asciiTail(of: name), at: 0, length: 100)
    }
    if target.utf8.count <= 100, target.utf8.allSatisfy({ $0 < 0x80 }) {
      block.put(Array(target.utf8), at: 157, length: 100)
    } else {
      records.append(("linkpath", Array(target.utf8)))
      // Never empty: libarchive then loses the link.
      block.put(Self.asciiTail(of: target), at: 157, length: 100)
    }
    block.put(Int64(mode), at: 100, length: 8)
    for (keyword, value, offset, length) in [
      ("uid", Int64(owner), 108, 8), ("gid", Int64(group), 116, 8), ("size", size, 124, 12),
      ("mtime", modified, 136, 12), ("SCHILY.devmajor", Int64(device?.major ?? 0), 329, 8),
      ("SCHILY.devminor", Int64(device?.minor ?? 0), 337, 8),
    ] {
      let fits = value >= 0 && value < Int64(1) << (3 * (length - 1))
      if !fits { records.append((keyword, Array("\(value)".utf8))) }
      // Numbers of devices stay empty where there is no device, as GNU tar has it.
      if device != nil || offset < 329 { block.put(fits ? value : 0, at: offset, length: length) }
    }
    for attribute in attributes { records.append(("SCHILY.xattr." + attribute.name, attribute.value)) }
    block[156] = kind
    block.replaceSubrange(257..<265, with: Array("ustar\u{0}00".utf8))
    block.sign()
    return records.isEmpty ? block : extendedHeader(records) + block
  }

  private func extendedHeader(_ records: [(String, [UInt8])]) -> [UInt8] {
    var body: [UInt8] = []
    for (keyword, value) in records.sorted(by: { $0.0.precedesInBytes($1.0) }) {
      body += Self.record(keyword, value)
    }
    var block = [UInt8](repeating: 0, count: 512)
    block.put(Array("PaxHeaders/".utf8) + Self.asciiTail(of: name), at: 0, length: 100)
    block.put(0o644, at: 100, length: 8)
    block.put(0, at: 108, length: 8)
    block.put(0, at: 116, length: 8)
    block.put(Int64(body.count), at: 124, length: 12)
    block.put(0, at: 136, length: 12)
    block[156] = UInt8(ascii: "x")
    block.replaceSubrange(257..<265, with: Array("ustar\u{0}00".utf8))
    block.sign()
    return block + body + [UInt8](repeating: 0, count: Self.padding(Int64(body.count)))
  }

  /// How many zero bytes fill the last block after `size` bytes.
  static func padding(_ size: Int64) -> Int { Int((512 - size % 512) % 512) }

  /// `length keyword=value\n`, where the length counts its own digits.
  private static func record(_ keyword: String, _ value: [UInt8]) -> [UInt8] {
    let rest = Array(" \(keyword)=".utf8) + value + [0x0a]
    var length = rest.count + 1
    while "\(length)".utf8.count + rest.count != length { length = "\(length)".utf8.count + rest.count }
    return Array("\(length)".utf8) + rest
  }

  /// The name as ustar's two fields, or `nil` where they cannot hold it.
  private static func split(_ text: String) -> (prefix: [UInt8], name: [UInt8])? {
    let bytes = Array(text.utf8)
    guard bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
    if bytes.count <= 100 { return ([], bytes) }
    guard bytes.count <= 256 else { return nil }
    for position in bytes.indices.dropLast() where bytes[position] == 0x2f && position > 0 {
      let name = bytes[(position + 1)...]
      if name.count <= 100, position <= 155 { return (Array(bytes[..<position]), Array(name)) }
    }
    return nil
  }

  /// The last part of a name in 80 harmless bytes, for the fields that the pax header overrides.
  private static func asciiTail(of name: String) -> [UInt8] {
    let part = name.split(separator: "/").last ?? "member"
    return part.utf8.prefix(80).map { $0 > 0x20 && $0 < 0x7f ? $0 : 0x5f }
  }
}

extension [UInt8] {
  /// Puts text into a field; the caller has checked that it fits.
  fileprivate mutating func put(_ text: [UInt8], at offset: Int, length: Int) {
    let text = text.prefix(length)
    replaceSubrange(offset..<offset + text.count, with: text)
  }

  /// Puts a number that fits as octal digits with leading zeros and one NUL after them.
  fileprivate mutating func put(_ number: Int64, at offset: Int, length: Int) {
    var rest = number
    for index in stride(from: offset + length - 2, through: offset, by: -1) {
      self[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest & 7)
      rest >>= 3
    }
  }

  /// Puts the checksum, which counts its own field as spaces.
  fileprivate mutating func sign() {
    replaceSubrange(148..<156, with: Array("        ".utf8))
    let sum = reduce(Int64(0)) { $0 + Int64($1) }
    put(sum, at: 148, length: 7)
    self[154] = 0
    self[155] = 0x20
  }
}
