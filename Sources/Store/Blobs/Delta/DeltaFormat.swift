import Formats
import GraphCore

/// How a delta is kept: what a blob has in common with another one, its base, and what it has not.
///
/// The content is cut into segments of `segmentBytes`. Each is put together from copies of ranges of the base, zeros and
/// literal bytes. The literal bytes of a segment are one zstd frame with a checksum, whose prefix is some ranges of the
/// base: where an old version of them is. So any segment is read alone. The file is
///
///     the frames of all segments       none where a segment has no literal bytes
///     the index                        a zstd frame with a checksum: `DeltaIndex`
///     its size, that of its content    two times four bytes, little-endian
///     "graphdlt"
struct DeltaIndex: Equatable, Sendable {
  static let segmentBytes = 4 << 20
  static let magic = Array("graphdlt".utf8)
  static let footerBytes = 16
  /// No index of ours is larger: it would be of a terabyte of changes.
  static let contentBytesMax = 1 << 28

  /// How one segment is made.
  struct Segment: Equatable, Sendable {
    enum Operation: Equatable, Sendable {
      case copy(from: Int64, count: Int)
      case zeros(count: Int)
      case literal(count: Int)

      var count: Int {
        switch self {
        case .copy(_, let count), .zeros(let count), .literal(let count): count
        }
      }
    }

    var operations: [Operation] = []
    /// What the frame's literal bytes are compressed against, in this order.
    var prefix: [Range<Int64>] = []
    /// The size of its frame.
    var frameBytes = 0

    var contentBytes: Int { operations.reduce(0) { $0 + $1.count } }
    var prefixBytes: Int { prefix.reduce(0) { $0 + $1.count } }
    var literalBytes: Int {
      operations.reduce(0) { sum, operation in
        if case .literal(let count) = operation { sum + count } else { sum }
      }
    }
  }

  var base: Digest
  var segments: [Segment] = []

  /// The sizes and places are numbers of seven bits a byte; a place is told as its distance from where the one before
  /// ended.
  func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes += base.bytes
    bytes.append(variable: UInt64(base.size))
    bytes.append(variable: UInt64(segments.count))
    var end: Int64 = 0
    for segment in segments {
      bytes.append(variable: UInt64(segment.frameBytes))
      bytes.append(variable: UInt64(segment.prefix.count))
      for range in segment.prefix {
        bytes.append(variable: range.lowerBound - end)
        bytes.append(variable: UInt64(range.count))
        end = range.upperBound
      }
      bytes.append(variable: UInt64(segment.operations.count))
      for operation in segment.operations {
        // The kind is in the two lowest bits of the count.
        switch operation {
        case .literal(let count): bytes.append(variable: UInt64(count) << 2)
        case .zeros(let count): bytes.append(variable: UInt64(count) << 2 | 2)
        case .copy(let from, let count):
          bytes.append(variable: UInt64(count) << 2 | 1)
          bytes.append(variable: from - end)
          end = from + Int64(count)
        }
      }
    }
    return bytes
  }

  /// Reads what `encoded()` writes, for content of `size` bytes; of any size where it is `nil`.
  ///
  /// - Throws: `FormatError` where it is not that, or reaches beyond the base.
  init(encoded bytes: [UInt8], size: Int64?) throws {
    var reader = NumberReader(bytes: bytes)
    guard let hash = reader.take(32), let baseSize = reader.integer(),
      let base = Digest(sha256: hash, size: baseSize), let count = reader.count(max: bytes.count)
    else { throw FormatError.damagedDelta }
    self.base = base
    var total: Int64 = 0
    var end: Int64 = 0
    for index in 0..<count {
      let segment = try Segment(&reader, &end, base: base)
      let isLast = index == count - 1
      guard segment.contentBytes == Self.segmentBytes || isLast && segment.contentBytes <= Self.segmentBytes
      else { throw FormatError.damagedDelta }
      total += Int64(segment.contentBytes)
      segments.append(segment)
    }
    if total != size ?? total || !reader.isAtEnd { throw FormatError.damagedDelta }
  }

  init(base: Digest) { self.base = base }
}

extension DeltaIndex.Segment {
  /// The largest prefix that is read: more than any that is written.
  static let prefixBytesMax = 32 << 20

  fileprivate init(_ reader: inout NumberReader, _ end: inout Int64, base: Digest) throws {
    func range(_ distance: Int64, _ count: Int) throws -> Range<Int64> {
      let (start, overflows) = end.addingReportingOverflow(distance)
      guard !overflows, start >= 0, start <= base.size, Int64(count) <= base.size - start else {
        throw FormatError.damagedDelta
      }
      end = start + Int64(count)
      return start..<end
    }
    guard let frameBytes = reader.count(max: 2 * DeltaIndex.segmentBytes),
      let ranges = reader.count(max: Self.prefixBytesMax)
    else { throw FormatError.damagedDelta }
    self.frameBytes = frameBytes
    var prefixBytes = 0
    for _ in 0..<ranges {
      guard let distance = reader.signed(), let count = reader.count(max: Self.prefixBytesMax - prefixBytes)
      else {
        throw FormatError.damagedDelta
      }
      prefixBytes += count
      prefix.append(try range(distance, count))
    }
    guard let count = reader.count(max: DeltaIndex.segmentBytes) else { throw FormatError.damagedDelta }
    var rest = DeltaIndex.segmentBytes
    for _ in 0..<count {
      guard let word = reader.count(max: 4 * rest + 3) else { throw FormatError.damagedDelta }
      rest -= word >> 2
      switch word & 3 {
      case 0: operations.append(.literal(count: word >> 2))
      case 2: operations.append(.zeros(count: word >> 2))
      case 1:
        guard let distance = reader.signed() else { throw FormatError.damagedDelta }
        operations.append(.copy(from: try range(distance, word >> 2).lowerBound, count: word >> 2))
      default: throw FormatError.damagedDelta
      }
    }
  }
}

extension FormatError {
  static var damagedDelta: FormatError { FormatError("the delta is damaged") }
}

/// Reads numbers as `append(variable:)` writes them. Whatever cannot be read is `nil`.
private struct NumberReader {
  let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard bytes.count - position >= count else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }

  private mutating func number() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard position < bytes.count else { return nil }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  mutating func integer() -> Int64? { number().flatMap { Int64(exactly: $0) } }

  mutating func count(max: Int) -> Int? { integer().flatMap { $0 <= Int64(max) ? Int($0) : nil } }

  mutating func signed() -> Int64? {
    number().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
  }
}
