/// Where the anchors of some content are, by their hash: of several with one hash, the first.
///
/// A table with open addressing and a fixed number of places, for speed and because content of any size has to fit.
struct AnchorIndex {
  private var hashes: [UInt64]
  /// The end of the anchor's window; -1 where there is none.
  private var ends: [Int64]
  private let mask: Int
  private var count = 0

  /// How many anchors are wanted at most, about; twice the places.
  private static let anchorsMax = 1 << 19
  /// The densest: one in 128 bytes.
  private static let rateBitsMin = 7

  /// How dense the anchors of content of some size are, as the power of two of their distance.
  static func rateBits(ofContentBytes size: Int64) -> Int {
    var bits = rateBitsMin
    while size >> Int64(bits) > Int64(anchorsMax) { bits += 1 }
    return bits
  }

  init(contentBytes: Int64) {
    let expected = Int(contentBytes >> Int64(Self.rateBits(ofContentBytes: contentBytes)))
    var places = 1024
    while places < expected * 2 { places *= 2 }
    hashes = [UInt64](repeating: 0, count: places)
    ends = [Int64](repeating: -1, count: places)
    mask = places - 1
  }

  /// The top bits of an anchor's hash are zero.
  private func place(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &* 0x9e37_79b9_7f4a_7c15 >> 20) & mask }

  mutating func insert(_ hash: UInt64, end: Int64) {
    // Content with more anchors than chance gives it keeps those that came first.
    guard count < hashes.count / 4 * 3 else { return }
    var index = place(hash)
    while ends[index] >= 0 {
      if hashes[index] == hash { return }
      index = (index + 1) & mask
    }
    hashes[index] = hash
    ends[index] = end
    count += 1
  }

  subscript(hash: UInt64) -> Int64? {
    var index = place(hash)
    while ends[index] >= 0 {
      if hashes[index] == hash { return ends[index] }
      index = (index + 1) & mask
    }
    return nil
  }
}
