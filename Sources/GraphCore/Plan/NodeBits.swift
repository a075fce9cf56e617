/// A bit for each node of a graph.
public struct NodeBits: Sendable, Equatable {
  private var words: [UInt64]

  /// All false.
  public init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

  /// From what `bytes` gave.
  ///
  /// - Returns: `nil` where it is not for `count` nodes.
  public init?(bytes: UnsafeRawBufferPointer, count: Int) {
    guard bytes.count == (count + 63) / 64 * 8 else { return nil }
    words = (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
  }

  public var bytes: [UInt8] { words.withUnsafeBytes { Array($0) } }

  public subscript(id: NodeID) -> Bool {
    get {
      // Nodes that were found since have none.
      let place = Int(id.index) >> 6
      return place < words.count && words[place] >> UInt64(id.index & 63) & 1 == 1
    }
    set {
      let bit: UInt64 = 1 << UInt64(id.index & 63)
      if newValue { words[Int(id.index) >> 6] |= bit } else { words[Int(id.index) >> 6] &= ~bit }
    }
  }

  /// How many bits are set.
  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// The nodes whose bit is set, ascending.
  public var nodes: [NodeID] {
    var found: [NodeID] = []
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        found.append(NodeID(index: Int32(index * 64 + rest.trailingZeroBitCount)))
        rest &= rest - 1
      }
    }
    return found
  }
}
