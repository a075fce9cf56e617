import GraphCore
import Glibc

/// Turns what `graph-sandbox --capture` wrote into a layer whose files are in the store.
enum LayerImport {
  /// Files up to this size go through memory; larger ones through a file in `scratch`.
  private static let memorySizeMax: Int64 = 4 << 20

  /// - Throws: `ActionFailed(.deterministic)` for a name that is no UTF-8, which no recipe can hold.
  static func layer(fromCapture path: String, store: any BlobStore, scratch: String) throws -> Layer {
    var reader = try CaptureReader(path: path)
    var entries: [Layer.Entry] = []
    /// Where the folder of an opaque mark stands in `entries`.
    var folders: [String: Int] = [:]
    while let member = try reader.next() {
      let path = try text(member.path.last == 0x2f ? Array(member.path.dropLast()) : member.path)
      let slash = path.utf8.lastIndex(of: 0x2f)
      let folder = slash.map { String(path[..<$0]) } ?? ""
      let name = slash.map { path[path.utf8.index(after: $0)...] } ?? path[...]
      if name == ".wh..wh..opq" {
        if let index = folders[folder] { entries[index].content = .opaqueDirectory }
        continue
      }
      if name.hasPrefix(".wh.") {
        let gone = (folder.isEmpty ? "" : folder + "/") + name.dropFirst(4)
        entries.append(Layer.Entry(path: gone, content: .whiteout, mode: 0, modified: member.modified))
        continue
      }
      let content = try content(of: member, reader: &reader, store: store, scratch: scratch)
      if content == .directory { folders[path] = entries.count }
      entries.append(
        Layer.Entry(
          path: path, content: content, mode: member.mode, owner: member.owner, group: member.group,
          modified: member.modified, attributes: member.attributes))
    }
    return Layer(entries: entries)
  }

  private static func content(
    of member: CaptureReader.Member, reader: inout CaptureReader, store: any BlobStore, scratch: String
  ) throws -> Layer.Entry.Content {
    switch member.kind {
    case UInt8(ascii: "0"): .file(try file(of: member, reader: &reader, store: store, scratch: scratch))
    case UInt8(ascii: "1"): .hardlink(target: try text(member.link))
    case UInt8(ascii: "2"): .symlink(target: try text(member.link))
    case UInt8(ascii: "3"): .characterDevice(major: member.major, minor: member.minor)
    case UInt8(ascii: "4"): .blockDevice(major: member.major, minor: member.minor)
    case UInt8(ascii: "5"): .directory
    case UInt8(ascii: "6"): .fifo
    default: throw GraphError(.bug, "a capture has an entry of kind \(member.kind)")
    }
  }

  private static func file(
    of member: CaptureReader.Member, reader: inout CaptureReader, store: any BlobStore, scratch: String
  ) throws -> Digest {
    if member.size <= memorySizeMax {
      var bytes: [UInt8] = []
      while let part = try reader.readContent(max: 1 << 20) { bytes += part }
      return try store.write(bytes)
    }
    let path = scratch + "/content"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileSystem.failure("writing", path) }
    defer {
      close(descriptor)
      unlink(path)
    }
    while let part = try reader.readContent(max: 1 << 20) {
      var written = 0
      while written < part.count {
        let count = part[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw FileSystem.failure("writing", path) }
        written += count
      }
    }
    return try store.importFile(at: path, expected: nil)
  }

  private static func text(_ bytes: [UInt8]) throws -> String { try CollectedName.text(bytes) }
}

/// Names in recipes are UTF-8; the file system allows any bytes.
enum CollectedName {
  static func text(_ bytes: [UInt8]) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ActionFailed(
        .deterministic, "left a file whose name is no UTF-8: '\(String(decoding: bytes, as: UTF8.self))'")
    }
    return text
  }
}
