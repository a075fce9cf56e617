/// Makes plans: from the roots down to what is known to be there, then with producers first over what is not, then back
/// from the roots for what is needed.
///
/// Reads the action cache and nothing else; writes nothing. With marks it costs as much as what they do not settle.
public struct Planner: Sendable {
  private let graph: Graph
  private let cache: any ActionCache
  private let marks: Marks
  private let forced: Set<NodeID>

  /// - Parameters:
  ///   - marks: of this graph; `nil` where nothing is known yet.
  ///   - forced: nodes that run even where a result is there.
  public init(graph: Graph, cache: any ActionCache, marks: Marks? = nil, forced: Set<NodeID> = []) {
    self.graph = graph
    self.cache = cache
    self.marks = marks ?? Marks(graph)
    self.forced = forced
  }

  /// The plan that brings `roots` up to date.
  ///
  /// - Throws: what the action cache throws.
  public func plan(_ roots: some Sequence<NodeID>) throws -> Plan {
    let roots = Array(roots)
    do {
      return try plan(roots, marks)
    } catch is LostResult {
      // The store has lost something that nobody told of: its marks are worth nothing.
      return try plan(roots, marks.unsettled())
    }
  }

  private func plan(_ roots: [NodeID], _ marks: Marks) throws -> Plan {
    let followsForced = standingOnForced()
    let results = KnownResults(cache: cache, marks: marks)
    var walk = Walk(graph: graph, cache: cache, marks: marks, results: results)
    for id in unsettled(from: roots, marks, followsForced) {
      try walk.decide(id, isForced: forced.contains(id), followsForced: followsForced?[id] ?? false)
    }

    var needed = NodeBits(count: graph.nodeCount)
    var stack = roots
    while let next = stack.popLast() {
      if needed[next] { continue }
      needed[next] = true
      if !walk.isThere(next) { stack.append(contentsOf: graph.dependencies(of: next)) }
    }
    return Plan(
      graph: graph, roots: roots, needed: needed, findings: walk.findings, marks: marks, results: results)
  }

  /// Forced nodes and what stands on them: leaf inputs do not tell what a forced node will make.
  private func standingOnForced() -> NodeBits? {
    if forced.isEmpty { return nil }
    var found = NodeBits(count: graph.nodeCount)
    var stack = Array(forced)
    while let next = stack.popLast() {
      if found[next] { continue }
      found[next] = true
      stack.append(contentsOf: graph.dependents(of: next))
    }
    return found
  }

  /// The nodes below `roots` that have to be looked at, producers first: what a settled node stands on is none of them.
  private func unsettled(from roots: [NodeID], _ marks: Marks, _ followsForced: NodeBits?) -> [NodeID] {
    var found = NodeBits(count: graph.nodeCount)
    var stack = roots
    while let next = stack.popLast() {
      if found[next] || (marks.settled[next] && followsForced?[next] != true) { continue }
      found[next] = true
      stack.append(contentsOf: graph.dependencies(of: next))
    }
    return found.nodes
  }

  /// The walk over what is not settled.
  private struct Walk {
    let graph: Graph
    let cache: any ActionCache
    let marks: Marks
    let results: KnownResults
    private(set) var findings: [NodeID: Plan.Finding] = [:]

    init(graph: Graph, cache: any ActionCache, marks: Marks, results: KnownResults) {
      (self.graph, self.cache, self.marks, self.results) = (graph, cache, marks, results)
    }

    /// Whether a node's result is there. Only for nodes that were decided, or are settled.
    func isThere(_ id: NodeID) -> Bool { findings[id].map { $0.decision == .cached } ?? true }

    mutating func decide(_ id: NodeID, isForced: Bool, followsForced: Bool) throws {
      let action = graph[id].action
      // What an expanding node reads is not known before it expands.
      let preimage =
        action.isExpanding
        ? nil
        : try Planner.preimage(of: action) { producer in
          isThere(producer) ? try results.result(producer).outputs : nil
        }
      let key = preimage?.key
      func find() throws -> ActionResult? {
        if isForced { return nil }
        if let key, let result = try cache.result(of: key) { return result }
        return key == nil && !followsForced ? try cache.result(ofDeep: marks.deepKey(id)) : nil
      }
      if let result = try find() {
        results.add(id, result)
        findings[id] = Plan.Finding(decision: .cached, preimage: preimage)
        return
      }
      let reason = isForced ? .forced : try reason(id, action, preimage)
      findings[id] = Plan.Finding(decision: key == nil ? .pending(reason) : .run(reason), preimage: preimage)
    }

    private func reason(_ id: NodeID, _ action: Action, _ preimage: Preimage?) throws -> Plan.Reason {
      if preimage == nil, marks.isWaiting(id) { return .cascade(waitsFor(id)) }
      guard let trace = try cache.trace(ofNode: graph.name(of: id)) else { return .new }
      guard let preimage else {
        let changes = Planner.ownChanges(action, since: trace)
        let missing = waitsFor(id)
        return !changes.isEmpty ? .changed(changes) : missing.isEmpty ? .lost : .cascade(missing)
      }
      let changes = PreimageDifference(from: trace.preimage, to: preimage).changes
      return changes.isEmpty ? .lost : .changed(changes)
    }

    private func waitsFor(_ id: NodeID) -> [NodeID] {
      graph.dependencies(of: id).filter { !isThere($0) }
    }
  }

  /// What differs in a node's own facts and leaf inputs, where the rest is not known yet.
  private static func ownChanges(_ action: Action, since trace: Trace) -> [PreimageDifference.Change] {
    let unknown = "?"
    let names = action.inputs.map { input in
      if case .leaf(let leaf) = input.source { leaf.artifact.description } else { unknown }
    }
    let producedRoles = Set(zip(action.inputs, names).filter { $1 == unknown }.map(\.0.role))
    return PreimageDifference(from: trace.preimage, to: Preimage(action, inputNames: names)).changes.filter {
      // What an expanding node has found is not known before it expands.
      let isUnknown = producedRoles.contains($0.name) || (action.isExpanding && $0.new == nil)
      return !($0.fact == "input" && isUnknown && $0.old != nil)
    }
  }

  /// The preimage of an action whose produced inputs are given by `outputs`; `nil` where one is not known.
  public static func preimage<Failure: Error>(
    of action: Action, outputs: (NodeID) throws(Failure) -> [String: Artifact]?
  ) throws(Failure) -> Preimage? {
    try inputs(of: action, outputs: outputs).map { Preimage(action, inputs: $0) }
  }

  /// The artifacts of an action's inputs, in order; `nil` where one is not known.
  public static func inputs<Failure: Error>(
    of action: Action, outputs: (NodeID) throws(Failure) -> [String: Artifact]?
  ) throws(Failure) -> [Artifact]? {
    var artifacts: [Artifact] = []
    artifacts.reserveCapacity(action.inputs.count)
    for input in action.inputs {
      switch input.source {
      case .leaf(let leaf): artifacts.append(leaf.artifact)
      case .output(let producer, let name):
        guard let artifact = try outputs(producer)?[name] else { return nil }
        artifacts.append(artifact)
      }
    }
    return artifacts
  }
}
