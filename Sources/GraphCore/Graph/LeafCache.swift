import Synchronization

/// Leaves that cost something to decode (trees), once each.
final class LeafCache: Sendable {
  private let leaves = Mutex<[Int: Leaf]>([:])

  subscript(number: Int) -> Leaf? {
    get { leaves.withLock { $0[number] } }
    set { leaves.withLock { $0[number] = newValue } }
  }
}
