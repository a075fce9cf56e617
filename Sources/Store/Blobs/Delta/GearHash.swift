/// A rolling hash over the last 64 bytes, of one shift and one addition for each byte (the "gear" of content-defined
/// chunking). Where its top bits are zero is an anchor: a place that equal content has at equal places, however far it
/// was moved.
struct GearHash {
  private(set) var value: UInt64 = 0

  /// After so many bytes, what came before is forgotten.
  static let windowBytes = 64

  /// A number for each byte, by chance (splitmix64 from a fixed start) but for good: the features of stored blobs are
  /// made of them. Only that of zero is none, so that the hash is zero in runs of zeros, and there alone.
  static let table: [UInt64] = {
    var state: UInt64 = 0x6772_6170_6820_3034
    return (0..<256).map { byte in
      if byte == 0 { return 0 }
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
      return mixed ^ mixed >> 31
    }
  }()

  /// Calls `body` with the end and hash of each anchor in `bytes`: about one in `2^rateBits` bytes. There is none in runs
  /// of zeros, which would be all alike.
  @inline(__always)
  mutating func forEachAnchor(
    in bytes: UnsafeRawBufferPointer, rateBits: Int, _ body: (_ end: Int, _ hash: UInt64) -> Void
  ) {
    var hash = value
    let shift = UInt64(64 - rateBits)
    Self.table.withUnsafeBufferPointer { table in
      var index = 0
      while index < bytes.count {
        hash = hash &<< 1 &+ table[Int(bytes[index])]
        index += 1
        if hash &>> shift != 0 { continue }
        if hash == 0 { index += bytes.zeros(from: index) } else { body(index, hash) }
      }
    }
    value = hash
  }
}

extension UnsafeRawBufferPointer {
  /// How many zeros there are from `start` on.
  func zeros(from start: Int) -> Int {
    var index = start
    while index + 8 <= count, loadUnaligned(fromByteOffset: index, as: UInt64.self) == 0 { index += 8 }
    while index < count, self[index] == 0 { index += 1 }
    return index - start
  }

  /// How many bytes both begin with.
  func commonPrefix(_ other: UnsafeRawBufferPointer) -> Int {
    let count = Swift.min(count, other.count)
    var index = 0
    while index + 8 <= count {
      let difference =
        loadUnaligned(fromByteOffset: index, as: UInt64.self)
        ^ other.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if difference != 0 { return index + difference.littleEndian.trailingZeroBitCount / 8 }
      index += 8
    }
    while index < count, self[index] == other[index] { index += 1 }
    return index
  }

  /// How many bytes both end with.
  func commonSuffix(_ other: UnsafeRawBufferPointer) -> Int {
    let (ours, theirs) = (count, other.count)
    let count = Swift.min(ours, theirs)
    var index = 0
    while index + 8 <= count {
      let difference =
        loadUnaligned(fromByteOffset: ours - index - 8, as: UInt64.self)
        ^ other.loadUnaligned(fromByteOffset: theirs - index - 8, as: UInt64.self)
      if difference != 0 { return index + difference.littleEndian.leadingZeroBitCount / 8 }
      index += 8
    }
    while index < count, self[ours - index - 1] == other[theirs - index - 1] { index += 1 }
    return index
  }
}
