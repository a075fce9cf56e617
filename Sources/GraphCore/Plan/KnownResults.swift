import Synchronization

/// The results that a plan relies on, each looked up when it is first asked for: of a graph of a hundred thousand nodes that
/// are all there, a build of one needs a few.
public final class KnownResults: Sendable {
  private let cache: any ActionCache
  private let marks: Marks
  private let known = Mutex<[NodeID: ActionResult]>([:])

  init(cache: any ActionCache, marks: Marks) {
    self.cache = cache
    self.marks = marks
  }

  func add(_ id: NodeID, _ result: ActionResult) { known.withLock { $0[id] = result } }

  /// The result of a node that the plan found to be there.
  ///
  /// - Throws: `LostResult` where it is not there any more; what the action cache throws.
  public func result(_ id: NodeID) throws -> ActionResult {
    if let result = known.withLock({ $0[id] }) { return result }
    guard let result = try cache.result(ofDeep: marks.deepKey(id)) else { throw LostResult(node: id) }
    add(id, result)
    return result
  }

  /// The key of the same.
  func key(_ id: NodeID) throws -> Key? { try cache.key(ofDeep: marks.deepKey(id)) }
}

/// A result that was marked as settled is not in the store: marks cannot be relied on, and everything has to be looked up.
public struct LostResult: Error, CustomStringConvertible {
  public let node: NodeID
  public var description: String { "the store has lost a result" }
}
