import GraphCore

/// Writes a layer as the tar archive of an OCI image layer. Equal layers give equal bytes.
///
/// ustar, with a pax header only before members that ustar cannot hold (names of more than 256 bytes or beyond ASCII,
/// large numbers, attributes); members in the order of the layer's paths; folders end in `/`; no user or group names;
/// two zero blocks at the end and nothing after them. Whiteouts are as the OCI image specification 1.1, "Representing
/// Changes", has them.
public enum TarWriter {
  /// Takes the next bytes of a stream.
  public typealias Sink = (UnsafeRawBufferPointer) throws -> Void

  static let whiteoutPrefix = ".wh."
  static let opaqueMarker = ".wh..wh..opq"

  /// Writes `layer`, with each file's content in memory while it is written.
  ///
  /// - Parameter read: the bytes of a file.
  public static func write(_ layer: Layer, read: (Digest) throws -> [UInt8], to sink: Sink) throws {
    try write(layer, stream: { digest, sink in try read(digest).withUnsafeBytes { try sink($0) } }, to: sink)
  }

  /// Writes `layer` in bounded memory.
  ///
  /// - Parameter stream: hands the bytes of a file to its sink.
  /// - Throws: `FormatError` where a content is not as long as its digest says, and what `stream` and `sink` throw.
  public static func write(_ layer: Layer, stream: (Digest, Sink) throws -> Void, to sink: Sink) throws {
    // The compiler cannot see that `stream` keeps no sink, so the sink is lent as one that may be kept.
    try withoutActuallyEscaping(sink) { sink in
      for entry in layer.entries { try write(entry, stream: stream, to: sink) }
      try zeros(1024, to: sink)
    }
  }

  private static func write(
    _ entry: Layer.Entry, stream: (Digest, Sink) throws -> Void, to sink: @escaping Sink
  ) throws {
    try member(for: entry).headers().withUnsafeBytes { try sink($0) }
    switch entry.content {
    case .file(let digest):
      var written: Int64 = 0
      try stream(digest) { chunk in
        written += Int64(chunk.count)
        try sink(chunk)
      }
      guard written == digest.size else {
        throw FormatError("'\(entry.path)' gave \(written) bytes and not the \(digest.size) of its digest")
      }
      try zeros(TarMember.padding(digest.size), to: sink)
    case .opaqueDirectory:
      let marker = TarMember(
        name: "\(entry.path)/\(opaqueMarker)", kind: UInt8(ascii: "0"), modified: entry.modified)
      try marker.headers().withUnsafeBytes { try sink($0) }
    default: break
    }
  }

  private static func zeros(_ count: Int, to sink: Sink) throws {
    if count > 0 { try [UInt8](repeating: 0, count: count).withUnsafeBytes { try sink($0) } }
  }

  private static func member(for entry: Layer.Entry) -> TarMember {
    var member = TarMember(
      name: entry.path, kind: UInt8(ascii: "0"), mode: entry.mode, owner: entry.owner, group: entry.group,
      modified: entry.modified, attributes: entry.attributes)
    switch entry.content {
    case .file(let digest): member.size = digest.size
    case .directory, .opaqueDirectory:
      member.kind = UInt8(ascii: "5")
      member.name += "/"
    case .symlink(let target):
      member.kind = UInt8(ascii: "2")
      member.target = target
    case .hardlink(let target):
      member.kind = UInt8(ascii: "1")
      member.target = target
    case .characterDevice(let major, let minor):
      member.kind = UInt8(ascii: "3")
      member.device = (major, minor)
    case .blockDevice(let major, let minor):
      member.kind = UInt8(ascii: "4")
      member.device = (major, minor)
    case .fifo: member.kind = UInt8(ascii: "6")
    case .whiteout:
      let parts = entry.path.split(separator: "/")
      let name = whiteoutPrefix + (parts.last ?? "")
      member = TarMember(
        name: (parts.dropLast() + [name[...]]).joined(separator: "/"), kind: UInt8(ascii: "0"),
        modified: entry.modified)
    }
    return member
  }
}
