import Formats
import Glibc
import GraphCore

/// The content of a large blob in frames, each of which is read alone and checked by itself: from the file as it is,
/// from seekable zstd, or from a delta and what that stands on.
///
/// Some frames are kept in memory, those that were used last. For one thread.
final class BlobFrames {
  let digest: Digest
  /// What each frame but the last holds.
  let frameBytes: Int
  private let file: OpenFile
  private let layout: Layout
  private let decompressor: ZstdFrameDecompressor
  private var kept: [Frame] = []
  private let keptMax: Int
  private var uses: UInt64 = 0

  private enum Layout {
    /// With the CRC-32 of each frame; empty where nobody wrote them down.
    case raw(checksums: [UInt32])
    case seekable(starts: [Int64])
    case delta(DeltaIndex, starts: [Int64], base: BlobFrames)
  }

  private final class Frame {
    let buffer: UnsafeMutableRawBufferPointer
    var index: Int?
    var count = 0
    var used: UInt64 = 0

    init(_ frameBytes: Int) { buffer = .allocate(byteCount: frameBytes, alignment: 64) }
    deinit { buffer.deallocate() }
  }

  /// A file that is not the content that it is named after, or that stands on such a one.
  struct Damaged: Error {
    let digest: Digest
  }

  /// A file that is one frame, as an older version wrote it, or without its table: no part of it can be read alone.
  struct NotSeekable: Error {}

  /// - Parameters:
  ///   - keptBytes: how much content may be kept in memory.
  ///   - base: opens what a delta stands on.
  /// - Throws: `Damaged`, `NotSeekable`.
  init(
    _ digest: Digest, _ encoding: BlobEncoding, at path: String, checksums: [UInt8] = [], keptBytes: Int,
    base: (Digest) throws -> BlobFrames
  ) throws {
    self.digest = digest
    decompressor = try ZstdFrameDecompressor()
    guard FileSystem.exists(path) else { throw Damaged(digest: digest) }
    file = try OpenFile(reading: path)
    switch encoding {
    case .fileDelta:
      frameBytes = DeltaIndex.segmentBytes
      let index: DeltaIndex
      do { index = try Self.deltaIndex(of: file, digest.size) } catch is UnreadableIndex {
        throw Damaged(digest: digest)
      }
      layout = .delta(
        index, starts: Self.starts(index.segments.lazy.map(\.frameBytes)), base: try base(index.base))
    case .fileZstd:
      frameBytes = SeekTable.frameContentBytes
      guard let table = try SeekTable(of: file), table.contentBytes == digest.size else { throw NotSeekable() }
      layout = .seekable(starts: Self.starts(table.frames.lazy.map(Int.init)))
    case .fileRaw, .packedRaw, .packedZstd:
      frameBytes = SeekTable.frameContentBytes
      layout = .raw(checksums: CRC32.decode(checksums))
    }
    keptMax = max(1, keptBytes / frameBytes)
  }

  private static func starts(_ sizes: some Sequence<Int>) -> [Int64] {
    sizes.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int64($1)) }
  }

  /// What a delta's content has to be made of, and how large it is; `nil` where the file is none.
  static func deltaBase(at path: String) throws -> Digest? { try deltaIndex(at: path)?.base }
  static func deltaContentBytes(at path: String) throws -> Int64? {
    try deltaIndex(at: path)?.segments.reduce(0) { $0 + Int64($1.contentBytes) }
  }

  private static func deltaIndex(at path: String) throws -> DeltaIndex? {
    do {
      return try deltaIndex(of: try OpenFile(reading: path), nil)
    } catch is UnreadableIndex {
      return nil
    }
  }

  private struct UnreadableIndex: Error {}

  /// - Parameter contentBytes: what it has to make; whatever it makes where it is `nil`.
  private static func deltaIndex(of file: borrowing OpenFile, _ contentBytes: Int64?) throws -> DeltaIndex {
    let size = Int64(try file.status().st_size)
    let footerBytes = DeltaIndex.footerBytes
    guard size >= Int64(footerBytes),
      let footer = try file.read(at: size - Int64(footerBytes), count: footerBytes),
      Array(footer[8...]) == DeltaIndex.magic
    else { throw UnreadableIndex() }
    func word(_ at: Int) -> Int { footer[at..<at + 4].reversed().reduce(0) { $0 << 8 | Int($1) } }
    guard word(4) <= DeltaIndex.contentBytesMax, Int64(word(0)) <= size - Int64(footerBytes),
      let frame = try file.read(at: size - Int64(footerBytes + word(0)), count: word(0))
    else { throw UnreadableIndex() }
    do {
      let index = try DeltaIndex(encoded: try Zstd.decompress(frame, size: word(4)), size: contentBytes)
      let frames = index.segments.reduce(0) { $0 + Int64($1.frameBytes) }
      if frames == size - Int64(footerBytes + word(0)) { return index }
    } catch is FormatError {}
    throw UnreadableIndex()
  }

  /// Whether each frame is checked by itself.
  var verifiesParts: Bool {
    switch layout {
    case .raw(let checksums): !checksums.isEmpty
    case .seekable: true
    case .delta(_, _, let base): base.verifiesParts
    }
  }

  var frameCount: Int { Int((digest.size + Int64(frameBytes) - 1) / Int64(frameBytes)) }

  /// The bytes from `offset` to the end of its frame: good until the next call.
  func bytes(at offset: Int64) throws -> UnsafeRawBufferPointer {
    let index = Int(offset / Int64(frameBytes))
    let frame = try frame(index)
    let start = Int(offset - Int64(index) * Int64(frameBytes))
    return UnsafeRawBufferPointer(rebasing: frame.buffer[start..<frame.count])
  }

  /// Fills `output` from `offset` on; there has to be as much.
  func copy(from offset: Int64, into output: UnsafeMutableRawBufferPointer) throws {
    var filled = 0
    while filled < output.count {
      let bytes = try bytes(at: offset + Int64(filled)).prefix(output.count - filled)
      UnsafeMutableRawBufferPointer(rebasing: output[filled...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes))
      filled += bytes.count
    }
  }

  private func frame(_ index: Int) throws -> Frame {
    uses += 1
    if let frame = kept.first(where: { $0.index == index }) {
      frame.used = uses
      return frame
    }
    let oldest = kept.count < keptMax ? nil : kept.min { $0.used < $1.used }
    let frame = oldest ?? Frame(Int(min(Int64(frameBytes), digest.size)))
    if oldest == nil { kept.append(frame) }
    frame.index = nil
    let rest = digest.size - Int64(index) * Int64(frameBytes)
    guard rest > 0, rest <= digest.size else { throw GraphError(.bug, "blob \(digest) has no frame \(index)") }
    frame.count = Int(min(Int64(frameBytes), rest))
    do {
      try load(index, into: UnsafeMutableRawBufferPointer(rebasing: frame.buffer[..<frame.count]))
    } catch is FormatError {
      throw Damaged(digest: digest)
    }
    frame.index = index
    frame.used = uses
    return frame
  }

  private func load(_ index: Int, into output: UnsafeMutableRawBufferPointer) throws {
    switch layout {
    case .raw(let checksums):
      guard try file.read(at: Int64(index) * Int64(frameBytes), into: output) == output.count,
        checksums.isEmpty
          || index < checksums.count && CRC32.of(UnsafeRawBufferPointer(output)) == checksums[index]
      else { throw Damaged(digest: digest) }
    case .seekable(let starts):
      guard index + 1 < starts.count else { throw Damaged(digest: digest) }
      let frame = try stored(starts[index]..<starts[index + 1])
      try frame.withUnsafeBytes { try decompressor.decompress($0, into: output) }
    case .delta(let deltas, let starts, let base):
      guard index < deltas.segments.count else { throw Damaged(digest: digest) }
      let frame = try stored(starts[index]..<starts[index + 1])
      try deltas.segments[index].assemble(frame, base: base, decompressor, into: output)
    }
  }

  private func stored(_ range: Range<Int64>) throws -> [UInt8] {
    guard let bytes = try file.read(at: range.lowerBound, count: range.count) else {
      throw Damaged(digest: digest)
    }
    return bytes
  }
}

extension DeltaIndex.Segment {
  /// Puts the segment together.
  ///
  /// - Throws: `FormatError` where the frame is damaged.
  fileprivate func assemble(
    _ frame: [UInt8], base: BlobFrames, _ decompressor: borrowing ZstdFrameDecompressor,
    into output: UnsafeMutableRawBufferPointer
  ) throws {
    let literals = UnsafeMutableRawBufferPointer.allocate(byteCount: literalBytes, alignment: 16)
    defer { literals.deallocate() }
    if literalBytes > 0 {
      let prefix = try base.gather(self.prefix)
      try frame.withUnsafeBytes { frame in
        try prefix.withUnsafeBytes { prefix in
          try decompressor.decompress(frame, prefix: prefix.isEmpty ? nil : prefix, into: literals)
        }
      }
    }
    var (position, taken) = (0, 0)
    for operation in operations {
      let target = UnsafeMutableRawBufferPointer(rebasing: output[position..<position + operation.count])
      switch operation {
      case .zeros: target.initializeMemory(as: UInt8.self, repeating: 0)
      case .copy(let from, _): try base.copy(from: from, into: target)
      case .literal(let count):
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: literals[taken..<taken + count]))
        taken += count
      }
      position += operation.count
    }
  }
}

extension BlobFrames {
  /// Some ranges of the content, one behind the other.
  func gather(_ ranges: [Range<Int64>]) throws -> [UInt8] {
    let total = ranges.reduce(0) { $0 + $1.count }
    return try [UInt8](unsafeUninitializedCapacity: total) { buffer, filled in
      for range in ranges {
        let target = UnsafeMutableRawBufferPointer(buffer)[filled..<filled + range.count]
        try copy(from: range.lowerBound, into: UnsafeMutableRawBufferPointer(rebasing: target))
        filled += range.count
      }
    }
  }
}
