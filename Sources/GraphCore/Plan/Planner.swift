/// Makes plans: from the roots down to what is known to be there, then with producers first over what is not, then back
/// from the roots for what is needed.
///
/// Reads the action cache and nothing else; writes nothing. With marks it costs as much as what they do not settle.
public struct Planner: Sendable {
  private let graph: Graph
  private let cache: any ActionCache
  private let marks: Marks
  private let forced: Set<NodeID>
  private let foresight: (any Foresight)?
  private let assumed: [NodeID: [String: Artifact]]

  /// - Parameters:
  ///   - marks: of this graph; `nil` where nothing is known yet.
  ///   - forced: nodes that run even where a result is there.
  ///   - foresight: what is known of actions that have to run, and had a result before.
  ///   - assumed: what nodes shall be taken to make, instead of what they do.
  public init(
    graph: Graph, cache: any ActionCache, marks: Marks? = nil, forced: Set<NodeID> = [],
    foresight: (any Foresight)? = nil, assumed: [NodeID: [String: Artifact]] = [:]
  ) {
    self.graph = graph
    self.cache = cache
    self.marks = marks ?? Marks(graph)
    self.forced = forced
    self.assumed = assumed
    self.foresight = foresight
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
    var walk = Walk(graph: graph, cache: cache, marks: marks, results: results, foresight: foresight)
    for id in unsettled(from: roots, marks, followsForced) {
      if let outputs = assumed[id] {
        try walk.assume(id, outputs)
      } else {
        try walk.decide(id, isForced: forced.contains(id), followsForced: followsForced?[id] ?? false)
      }
    }

    var needed = NodeBits(count: graph.nodeCount)
    var stack = roots
    while let next = stack.popLast() {
      if needed[next] { continue }
      needed[next] = true
      if !walk.isThere(next) {
        stack.append(contentsOf: graph.dependencies(of: next))
      } else if !walk.restsOnForeseen.isEmpty {
        // What is there because of what is foreseen is found only when that has run.
        stack.append(contentsOf: graph.dependencies(of: next).filter { walk.restsOnForeseen.contains($0) })
      }
    }
    return Plan(
      graph: graph, roots: roots, needed: needed, findings: walk.findings, foreseen: walk.foreseen,
      restsOnForeseen: walk.restsOnForeseen,
      marks: marks,
      results: results)
  }

  /// Forced nodes and what stands on them: leaf inputs do not tell what a forced node will make.
  private func standingOnForced() -> NodeBits? {
    if forced.isEmpty, assumed.isEmpty { return nil }
    var found = NodeBits(count: graph.nodeCount)
    var stack = Array(forced) + Array(assumed.keys)
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
    let foresight: (any Foresight)?
    private(set) var findings: [NodeID: Plan.Finding] = [:]
    private(set) var foreseen: [NodeID: Plan.Foreseen] = [:]
    /// Those, and what was found to be there because of what they will make.
    private(set) var restsOnForeseen: Set<NodeID> = []

    init(
      graph: Graph, cache: any ActionCache, marks: Marks, results: KnownResults, foresight: (any Foresight)?
    ) {
      (self.graph, self.cache, self.marks, self.results) = (graph, cache, marks, results)
      self.foresight = foresight
    }

    /// Whether a node's result is there. Only for nodes that were decided, or are settled.
    func isThere(_ id: NodeID) -> Bool { findings[id].map { $0.decision == .cached } ?? true }

    mutating func decide(_ id: NodeID, isForced: Bool, followsForced: Bool) throws {
      let action = graph[id].action
      // What an expanding node reads is not known before it expands.
      let preimage =
        action.isExpanding
        ? nil
        : try Planner.preimage(of: action) { try outputs($0) }
      let key = preimage?.key
      func find() throws -> ActionResult? {
        if isForced { return nil }
        if let key, let result = try cache.result(of: key) { return result }
        return key == nil && !followsForced ? try cache.result(ofDeep: marks.deepKey(id)) : nil
      }
      if let result = try find() {
        results.add(id, result)
        if followsForeseen(id) { restsOnForeseen.insert(id) }
        findings[id] = Plan.Finding(decision: .cached, preimage: preimage)
        return
      }
      var last: Trace?
      if let foresight, let preimage, !isForced, foresight.covers(action.rule) {
        last = try cache.trace(ofNode: graph.name(of: id))
        if let last { try look(ahead: foresight, id, action, preimage, last) }
      }
      let reason =
        isForced ? .forced : try reason(id, action, followsForeseen(id) ? nil : preimage, last)
      findings[id] = Plan.Finding(decision: key == nil ? .pending(reason) : .run(reason), preimage: preimage)
    }

    /// What a node makes, as far as that is known; `nil` where it is not.
    private func outputs(_ producer: NodeID) throws -> [String: Artifact]? {
      if isThere(producer) { return try results.result(producer).outputs }
      if case .outputs(let outputs, _) = foreseen[producer] { return outputs }
      return nil
    }

    private func followsForeseen(_ id: NodeID) -> Bool {
      !foreseen.isEmpty && graph.dependencies(of: id).contains { restsOnForeseen.contains($0) }
    }

    private mutating func look(
      ahead foresight: any Foresight, _ id: NodeID, _ action: Action, _ preimage: Preimage, _ last: Trace
    ) throws {
      guard let inputs = try Planner.inputs(of: action, outputs: { try outputs($0) }) else { return }
      let task = ActionTask(node: graph[id], key: preimage.key, inputs: inputs)
      switch try foresight.outcome(of: task, last: last) {
      case .outputs(let outputs):
        foreseen[id] = .outputs(outputs, last: last.result.outputs)
        restsOnForeseen.insert(id)
      case .failure(let failure): foreseen[id] = .failure(failure)
      case nil: return
      }
    }

    mutating func assume(_ id: NodeID, _ outputs: [String: Artifact]) throws {
      findings[id] = Plan.Finding(decision: .run(.assumed), preimage: nil)
      let last = try cache.trace(ofNode: graph.name(of: id))?.result.outputs
      foreseen[id] = .outputs(outputs, last: last ?? [:])
      restsOnForeseen.insert(id)
    }

    /// - Parameter last: the node's newest trace, where it was read already.
    private func reason(
      _ id: NodeID, _ action: Action, _ preimage: Preimage?, _ last: Trace?
    ) throws -> Plan.Reason {
      if preimage == nil, marks.isWaiting(id) { return .cascade(waitsFor(id)) }
      guard let trace = try last ?? cache.trace(ofNode: graph.name(of: id)) else { return .new }
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
