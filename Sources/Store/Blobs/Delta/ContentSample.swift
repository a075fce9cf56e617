import Formats
import GraphCore

/// What a few pieces of some content tell of the whole: whether it shrinks, and what it may be like.
struct ContentSample {
  /// Whether compressing is worthwhile: packages and compressed layers mostly do not shrink.
  let shrinks: Bool
  /// Hashes of places of the content; none where it has no structure. Content that is alike has many in common.
  let features: [UInt64]

  /// Pieces of this size at equal distances; content that is not much larger is taken whole.
  private static let pieceBytes = 512 * 1024
  private static let pieces = 8
  /// So much of it is compressed, at equal distances: a package begins with a header that shrinks, whatever its
  /// payload does.
  private static let shrinkBytes = 8 * 1024
  private static let shrinkDistance = 64 * 1024
  private static let rateBits = 6
  static let featuresMax = 16

  /// - Parameters:
  ///   - size: of the content.
  ///   - read: fills a buffer from an offset on, and returns how much there was.
  init(size: Int64, read: (Int64, UnsafeMutableRawBufferPointer) throws -> Int) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Int(min(size, Int64(Self.pieceBytes))), alignment: 16)
    defer { buffer.deallocate() }
    let compressor = try ZstdFrameCompressor(level: 1)
    var (taken, compressed) = (0, 0)
    var smallest = SmallestHashes(max: Self.featuresMax)
    for start in Self.starts(size) {
      let count = try read(start, buffer)
      let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      for offset in stride(from: 0, to: count, by: Self.shrinkDistance) {
        let part = UnsafeRawBufferPointer(rebasing: piece[offset...].prefix(Self.shrinkBytes))
        taken += part.count
        compressed += try compressor.compress(part).count
      }
      var hash = GearHash()
      hash.forEachAnchor(in: piece, rateBits: Self.rateBits) { end, hash in
        if end >= GearHash.windowBytes { smallest.insert(hash) }
      }
    }
    shrinks = StoredBlob.isWorthwhile(compressed: compressed, of: taken)
    features = smallest.hashes
  }

  private static func starts(_ size: Int64) -> [Int64] {
    let piece = Int64(pieceBytes)
    if size <= piece * Int64(pieces) { return Array(stride(from: 0, to: size, by: pieceBytes)) }
    return (0..<Int64(pieces)).map { (size - piece) / Int64(pieces - 1) * $0 }
  }
}

/// The smallest of many hashes, which are a sample by chance that equal content has equal.
private struct SmallestHashes {
  let max: Int
  private(set) var hashes: [UInt64] = []

  init(max: Int) { self.max = max }

  mutating func insert(_ hash: UInt64) {
    // An anchor's top bits are zero; small again means by chance after a mix.
    let mixed = hash &* 0x9e37_79b9_7f4a_7c15
    if hashes.count == max, let last = hashes.last, mixed >= last { return }
    let index = hashes.firstIndex { $0 >= mixed } ?? hashes.count
    if index < hashes.count, hashes[index] == mixed { return }
    hashes.insert(mixed, at: index)
    if hashes.count > max { hashes.removeLast() }
  }
}
