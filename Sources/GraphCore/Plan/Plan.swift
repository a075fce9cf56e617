/// What a build of some roots would do, node by node, and why. Made without touching anything.
public struct Plan: Sendable {
  /// What a build would do about a node.
  public enum Decision: Sendable, Equatable {
    /// The result is there: `result(of:)`.
    case cached
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
    /// It was asked what would be if it made something else.
    case assumed
  }

  /// What is known of a node that is to run, before it runs.
  public enum Foreseen: Sendable {
    /// What it will make, and what it made last.
    case outputs([String: Artifact], last: [String: Artifact])
    case failure(ActionFailed)
  }

  /// What the planner found out about a node that it had to look at.
  struct Finding: Sendable {
    var decision: Decision
    /// `nil` while an input is not known.
    var preimage: Preimage?
  }

  public let graph: Graph
  public let roots: [NodeID]
  /// Nodes of the roots' closure that somebody needs, producers first.
  public let needed: [NodeID]
  /// Those of them that run, and those that may.
  public let toRun: [NodeID]
  public let pending: [NodeID]
  /// Both, producers first.
  public let work: [NodeID]
  /// The roots among them.
  public let rootsToMake: [NodeID]
  private let isNeeded: NodeBits
  private let findings: [NodeID: Finding]
  private let restsOnForeseen: Set<NodeID>
  /// By node, for those that run and of which the outcome is known.
  public let foreseen: [NodeID: Foreseen]
  private let marks: Marks
  let results: KnownResults

  init(
    graph: Graph, roots: [NodeID], needed: NodeBits, findings: [NodeID: Finding],
    foreseen: [NodeID: Foreseen] = [:], restsOnForeseen: Set<NodeID> = [], marks: Marks, results: KnownResults
  ) {
    (self.foreseen, self.restsOnForeseen) = (foreseen, restsOnForeseen)
    (self.graph, self.roots, self.isNeeded) = (graph, roots, needed)
    (self.findings, self.marks, self.results) = (findings, marks, results)
    self.needed = needed.nodes
    var isRoot = NodeBits(count: graph.nodeCount)
    for root in roots { isRoot[root] = true }
    var (toRun, pending, work): ([NodeID], [NodeID], [NodeID]) = ([], [], [])
    for id in findings.keys.sorted() where needed[id] {
      switch findings[id]?.decision {
      case .run: toRun.append(id)
      case .pending: pending.append(id)
      default: continue
      }
      work.append(id)
    }
    (self.toRun, self.pending, self.work) = (toRun, pending, work)
    rootsToMake = work.filter { isRoot[$0] }
  }

  /// `unneeded` for everything outside the roots' closure.
  public subscript(id: NodeID) -> Decision {
    isNeeded[id] ? findings[id]?.decision ?? .cached : .unneeded
  }

  /// Whether a node runs only to find that its outputs are what they were.
  public func stays(_ id: NodeID) -> Bool {
    if case .outputs(let outputs, let last) = foreseen[id] { outputs == last } else { false }
  }

  public func deepKey(_ id: NodeID) -> Key { marks.deepKey(id) }

  /// `nil` where an input is not known yet, and where nobody had to look at the node.
  public func preimage(_ id: NodeID) -> Preimage? { findings[id]?.preimage }

  /// The key of a node; `nil` while an input is not known.
  public func key(_ id: NodeID) -> Key? {
    if let preimage = preimage(id) { return preimage.key }
    // For documents: one that cannot be read now is not known.
    return self[id] == .cached ? try? results.key(id) : nil
  }

  /// The result of a node that is `cached`, or was when nobody needed it.
  ///
  /// - Throws: `LostResult`; what the action cache throws.
  public func result(of id: NodeID) throws -> ActionResult { try results.result(id) }

  /// The nodes that were found in the action cache, and not by their mark. What was found by what others will make is
  /// none of them: no deep key leads to it before they have made it.
  public var lookedUp: [NodeID] {
    findings.keys.filter { findings[$0]?.decision == .cached && !restsOnForeseen.contains($0) }.sorted()
  }

  public var cachedCount: Int { needed.count - toRun.count - pending.count }
  public var hasWork: Bool { !toRun.isEmpty || !pending.isEmpty }

  /// The nodes that start the work: what runs, or will run, for a reason of its own.
  public var rootCauses: [NodeID] {
    work.filter { id in if case .cascade = reason(id) { false } else { true } }
  }

  /// Why a node is to run; `nil` for one that is not.
  public func reason(_ id: NodeID) -> Reason? {
    switch self[id] {
    case .run(let reason), .pending(let reason): reason
    case .cached, .unneeded: nil
    }
  }
}
