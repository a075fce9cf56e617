import Formats
import GraphCore

/// Writes content as a delta against a base, in bounded memory.
final class DeltaBlobEncoder: BlobEncoder {
  let encoding = BlobEncoding.fileDelta
  private var matcher: DeltaMatcher
  private let compressor: ZstdFrameCompressor
  private let buffer: UnsafeMutableRawBufferPointer
  private var filled = 0
  private var index: DeltaIndex
  /// How much content was taken, and how much of it the base does not have.
  private var contentBytes: Int64 = 0
  private var literalBytes: Int64 = 0

  /// Whether so far the base has a good part of the content.
  var isPromising: Bool { contentBytes < 16 << 20 || literalBytes < contentBytes / 4 * 3 }

  /// Of zstd, for the literal bytes. Measured on root trees: a higher level costs more than it saves.
  private static let level: Int32 = 3

  init(base: BlobFrames) throws {
    matcher = try DeltaMatcher(base: base)
    compressor = try ZstdFrameCompressor(
      level: Self.level, tableBits: Self.tableBits(contentBytes: base.digest.size))
    index = DeltaIndex(base: base.digest)
    buffer = .allocate(byteCount: DeltaIndex.segmentBytes, alignment: 64)
  }

  deinit { buffer.deallocate() }

  /// For each eight bytes of a prefix a place in the tables. Fewer lose a sixteenth of the size, as measured.
  private static func tableBits(contentBytes: Int64) -> Int32 {
    var bits: Int32 = 14
    while bits < 20, contentBytes >> Int64(bits + 3) > 0 { bits += 1 }
    return bits
  }

  /// Takes more content and hands on what is finished.
  func update(_ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = min(rest.count, buffer.count - filled)
      UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
      filled += count
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      if filled == buffer.count { try endSegment(sink) }
    }
  }

  /// Ends the last segment and writes the index.
  func finish(to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    if filled > 0 { try endSegment(sink) }
    let content = index.encoded()
    let frame = try content.withUnsafeBytes { try compressor.compress($0) }
    try frame.withUnsafeBytes { try sink($0) }
    var footer: [UInt8] = []
    for size in [frame.count, content.count] {
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: size).littleEndian) { footer += $0 }
    }
    footer += DeltaIndex.magic
    try footer.withUnsafeBytes { try sink($0) }
  }

  private func endSegment(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    let content = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
    let matches = try matcher.matches(in: content, at: contentBytes)
    var segment = DeltaIndex.Segment()
    var literals: [UInt8] = []
    var prefix = DeltaPrefix(baseBytes: matcher.base.digest.size)
    /// Where the last match ends in the base.
    var before: Int64?
    var position = 0
    // One more without bytes, for what is behind the last match.
    for match in matches + [DeltaMatcher.Match(start: filled, count: 0)] {
      if match.start > position {
        let count = match.start - position
        segment.operations.append(.literal(count: count))
        literals.append(contentsOf: content[position..<match.start])
        prefix.add(
          forBytes: count, after: before ?? (contentBytes + Int64(position) + matcher.ahead), before: match.base)
      }
      if let base = match.base {
        segment.operations.append(.copy(from: base, count: match.count))
      } else if match.count > 0 {
        segment.operations.append(.zeros(count: match.count))
      }
      position = match.end
      before = match.baseEnd ?? before.map { $0 + Int64(match.count) }
    }
    if !literals.isEmpty {
      segment.prefix = prefix.ranges
      let known = try matcher.base.gather(segment.prefix)
      let frame = try literals.withUnsafeBytes { literals in
        try known.withUnsafeBytes { known in
          try compressor.compress(literals, prefix: known.isEmpty ? nil : known)
        }
      }
      segment.frameBytes = frame.count
      try frame.withUnsafeBytes { try sink($0) }
    }
    index.segments.append(segment)
    contentBytes += Int64(filled)
    literalBytes += Int64(literals.count)
    filled = 0
  }
}

/// Chooses the parts of the base that literal bytes are compressed against: what lies between the matches around them,
/// where their old version mostly is.
struct DeltaPrefix {
  let baseBytes: Int64
  private(set) var ranges: [Range<Int64>] = []
  private var count: Int64 = 0

  /// Enough for a segment that is all literal, and its old version with as much again.
  private static let bytesMax: Int64 = 8 << 20
  /// Bytes that are fewer need no help.
  private static let literalBytesMin = 24

  init(baseBytes: Int64) { self.baseBytes = baseBytes }

  /// - Parameters:
  ///   - bytes: how many literal bytes there are.
  ///   - start: the place in the base where what is before them ends.
  ///   - end: where what is behind them begins; `nil` where nothing is.
  mutating func add(forBytes bytes: Int, after start: Int64, before end: Int64?) {
    if bytes < Self.literalBytesMin { return }
    let margin = min(Int64(bytes), 1 << 16)
    let reach = Int64(bytes) + margin
    if let end, end >= start, end - start <= 2 * reach {
      add(start - 256..<end + 256)
    } else {
      add(start - margin..<start + reach)
      if let end { add(end - reach..<end + margin) }
    }
  }

  private mutating func add(_ wanted: Range<Int64>) {
    var range = wanted.clamped(to: 0..<baseBytes)
    // Mostly they come in order: what the last one has is not taken twice.
    if let last = ranges.last, last.overlaps(range) {
      range = max(range.lowerBound, last.upperBound)..<max(range.upperBound, last.upperBound)
    }
    range = range.lowerBound..<min(range.upperBound, range.lowerBound + Self.bytesMax - count)
    if range.isEmpty { return }
    count += Int64(range.count)
    if let last = ranges.last, last.upperBound == range.lowerBound {
      ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
    } else {
      ranges.append(range)
    }
  }
}
