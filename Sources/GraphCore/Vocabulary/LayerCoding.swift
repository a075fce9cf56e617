/// The bytes of a layer recipe, whose digest names the layer.
///
/// Text, one entry a line, fields separated by one space, so that two recipes can be compared with a pager:
///
///     graph-layer 1
///     file 755 0 0 1700000000 <hex>/<size> usr/bin/httpd
///     dir 755 0 0 1700000000 - usr/share
///     link 777 0 0 1700000000 httpd usr/sbin/apachectl
///
/// The kinds are `file dir link hard char block fifo gone opaque`. Mode is octal, owner and group are numbers, then the
/// modification time, then what the kind needs (`-` for none, `major:minor` for devices), then the path. Attributes
/// follow their entry as lines `+ name hex`. In names and targets, bytes up to space, backslash and DEL are written
/// `\xHH`. The version in the first line changes whenever these rules do.
extension Layer {
  static let header = "graph-layer 1"

  /// The canonical bytes.
  public func encoded() -> [UInt8] {
    var output = Array((Self.header + "\n").utf8)
    output.reserveCapacity(entries.count * 120)
    for entry in entries {
      let (kind, detail) = Self.describe(entry.content)
      output += kind.utf8
      output +=
        " \(String(entry.mode, radix: 8)) \(entry.owner) \(entry.group) \(entry.modified) \(detail) ".utf8
      output += Escape.encode(entry.path).utf8
      output.append(0x0a)
      for attribute in entry.attributes {
        output += "+ \(Escape.encode(attribute.name)) \(Hex.encode(attribute.value))\n".utf8
      }
    }
    return output
  }

  /// Reads what `encoded()` writes.
  ///
  /// - Throws: `CorruptLayer` with the line number; a recipe is never read partially.
  public init(encoded bytes: [UInt8]) throws(CorruptLayer) {
    guard let text = String(validating: bytes, as: UTF8.self),
      text.utf8.starts(with: (Self.header + "\n").utf8),
      text.utf8.last == 0x0a
    else { throw CorruptLayer(line: 1) }
    var entries: [Entry] = []
    for (index, line) in text.utf8.split(separator: 0x0a).enumerated() {
      if index == 0 { continue }
      let fields = line.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
      if fields.first == "+" {
        guard fields.count >= 2, let name = Escape.decode(fields[1]), !entries.isEmpty,
          let value = Hex.decode(fields.count > 2 ? fields[2] : "")
        else { throw CorruptLayer(line: index + 1) }
        entries[entries.count - 1].attributes.append(Entry.Attribute(name: name, value: value))
        continue
      }
      guard fields.count == 7, let mode = UInt16(fields[1], radix: 8), let owner = UInt32(fields[2]),
        let group = UInt32(fields[3]), let modified = Int64(fields[4]), let path = Escape.decode(fields[6]),
        let content = Self.content(kind: fields[0], detail: fields[5])
      else { throw CorruptLayer(line: index + 1) }
      entries.append(
        Entry(path: path, content: content, mode: mode, owner: owner, group: group, modified: modified))
    }
    self.init(entries: entries)
  }

  /// The blobs that the entries of a recipe point to, without the cost of reading the rest of it.
  ///
  /// - Returns: `nil` where the bytes are no recipe.
  public static func fileDigests(encoded bytes: [UInt8]) -> [Digest]? {
    guard bytes.starts(with: (header + "\n").utf8), bytes.last == 0x0a else { return nil }
    var digests: [Digest] = []
    for line in bytes.split(separator: 0x0a) where line.starts(with: "file ".utf8) {
      let fields = line.split(separator: 0x20, maxSplits: 6)
      guard fields.count == 7, let digest = Digest(String(decoding: fields[5], as: UTF8.self)) else { return nil }
      digests.append(digest)
    }
    return digests
  }

  /// The digest that names this layer.
  public var digest: Digest { Digest(of: encoded()) }

  private static func describe(_ content: Entry.Content) -> (kind: String, detail: String) {
    switch content {
    case .file(let digest): ("file", digest.description)
    case .directory: ("dir", "-")
    case .symlink(let target): ("link", Escape.encode(target))
    case .hardlink(let target): ("hard", Escape.encode(target))
    case .characterDevice(let major, let minor): ("char", "\(major):\(minor)")
    case .blockDevice(let major, let minor): ("block", "\(major):\(minor)")
    case .fifo: ("fifo", "-")
    case .whiteout: ("gone", "-")
    case .opaqueDirectory: ("opaque", "-")
    }
  }

  private static func content(kind: String, detail: String) -> Entry.Content? {
    switch kind {
    case "file": return Digest(detail).map { .file($0) }
    case "dir": return .directory
    case "link": return Escape.decode(detail).map { .symlink(target: $0) }
    case "hard": return Escape.decode(detail).map { .hardlink(target: $0) }
    case "fifo": return .fifo
    case "gone": return .whiteout
    case "opaque": return .opaqueDirectory
    case "char", "block":
      let numbers = detail.split(separator: ":").compactMap { UInt32($0) }
      guard numbers.count == 2 else { return nil }
      return kind == "char"
        ? .characterDevice(major: numbers[0], minor: numbers[1])
        : .blockDevice(major: numbers[0], minor: numbers[1])
    default: return nil
    }
  }
}

/// A recipe that is not one: the blob is damaged or of another version.
public struct CorruptLayer: Error, CustomStringConvertible {
  public let line: Int
  public var description: String { "line \(line) of the layer recipe cannot be read" }
}
