/// A set of items of a `QueryGraph`, one bit for each.
public struct QuerySet: Hashable, Sendable {
  private var words: [UInt64]

  /// The empty set of a graph with so many items.
  public init(capacity: Int) { words = [UInt64](repeating: 0, count: (capacity + 63) / 64) }

  public init(capacity: Int, _ members: some Sequence<Int>) {
    self.init(capacity: capacity)
    for member in members { insert(member) }
  }

  public func contains(_ item: Int) -> Bool { words[item >> 6] & (1 << UInt64(item & 63)) != 0 }

  /// - Returns: whether the item was not in the set.
  @discardableResult
  public mutating func insert(_ item: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(item & 63)
    defer { words[item >> 6] |= bit }
    return words[item >> 6] & bit == 0
  }

  public mutating func formUnion(_ other: QuerySet) {
    for index in words.indices { words[index] |= other.words[index] }
  }

  public mutating func formIntersection(_ other: QuerySet) {
    for index in words.indices { words[index] &= other.words[index] }
  }

  public mutating func subtract(_ other: QuerySet) {
    for index in words.indices { words[index] &= ~other.words[index] }
  }

  public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Its items in ascending order.
  public var members: [Int] {
    var members: [Int] = []
    members.reserveCapacity(count)
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        members.append(index << 6 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
    return members
  }
}
