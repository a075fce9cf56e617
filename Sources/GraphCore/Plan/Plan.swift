/// What a build of some roots would do, node by node, and why. Made without touching anything.
public struct Plan: Sendable {
  /// What a build would do about a node.
  public enum Decision: Sendable {
    /// The result is there.
    case cached(ActionResult)
    /// All inputs are known and no result is there: it runs.
    case run(Reason)
    /// An input is not known until another node has run: it runs then, or is cut off because its input came out equal.
    case pending(Reason)
    /// A later result is there, so nobody needs this one.
    case unneeded
  }

  /// Why a node is to run.
  public enum Reason: Sendable, Hashable {
    /// It never had a result.
    case new
    /// These of its own facts differ from those of its last result.
    case changed([PreimageDifference.Change])
    /// Nothing of its own changed; it waits for these.
    case cascade([NodeID])
    /// It had this very result, and the store lost it.
    case lost
    /// It was asked to run again.
    case forced
  }

  public let graph: Graph
  public let roots: [NodeID]
  /// By node number; `unneeded` for everything outside the roots' closure.
  public let decisions: [Decision]
  /// By node number.
  public let deepKeys: [Key]
  /// By node number; `nil` where the key is pending.
  public let keys: [Key?]
  public let preimages: [Preimage?]
  /// Nodes of the roots' closure that somebody needs, producers first.
  public let needed: [NodeID]

  public subscript(id: NodeID) -> Decision { decisions[Int(id.index)] }

  public var toRun: [NodeID] { needed.filter { if case .run = self[$0] { true } else { false } } }
  public var pending: [NodeID] { needed.filter { if case .pending = self[$0] { true } else { false } } }
  public var cachedCount: Int { needed.count - toRun.count - pending.count }
  public var hasWork: Bool { !toRun.isEmpty || !pending.isEmpty }

  /// The nodes that start the work: what runs, or will run, for a reason of its own.
  public var rootCauses: [NodeID] {
    needed.filter { id in
      switch self[id] {
      case .run(let reason), .pending(let reason):
        if case .cascade = reason { false } else { true }
      case .cached, .unneeded: false
      }
    }
  }

  /// Why a node is to run; `nil` for one that is not.
  public func reason(_ id: NodeID) -> Reason? {
    switch self[id] {
    case .run(let reason), .pending(let reason): reason
    case .cached, .unneeded: nil
    }
  }
}
