/// Makes plans: one walk over the graph with producers first, then one back from the roots.
///
/// Reads the action cache and nothing else; writes nothing.
public struct Planner: Sendable {
  private let graph: Graph
  private let cache: any ActionCache
  private let forced: Set<NodeID>

  /// - Parameter forced: nodes that run even where a result is there.
  public init(graph: Graph, cache: any ActionCache, forced: Set<NodeID> = []) {
    self.graph = graph
    self.cache = cache
    self.forced = forced
  }

  /// The plan that brings `roots` up to date.
  ///
  /// - Throws: what the action cache throws.
  public func plan(_ roots: [NodeID]) throws -> Plan {
    let closure = graph.closure(of: roots)
    let placeholder = Key(digest: Digest(ofText: ""))
    var decisions = [Plan.Decision](repeating: .unneeded, count: graph.nodes.count)
    var deepKeys = [Key](repeating: placeholder, count: graph.nodes.count)
    var keys = [Key?](repeating: nil, count: graph.nodes.count)
    var preimages = [Preimage?](repeating: nil, count: graph.nodes.count)
    // Forced nodes and what stands on them: leaf inputs do not tell what a forced node will make.
    var followsForced = [Bool](repeating: false, count: graph.nodes.count)

    for id in closure {
      let index = Int(id.index)
      let action = graph[id].action
      deepKeys[index] = Self.deepKey(of: action) { deepKeys[Int($0.index)] }
      if let preimage = Self.preimage(of: action, outputs: { Self.result(decisions[Int($0.index)])?.outputs })
      {
        preimages[index] = preimage
        keys[index] = preimage.key
      }
      followsForced[index] =
        forced.contains(id) || graph.dependencies(of: id).contains { followsForced[Int($0.index)] }
      let deepKey = followsForced[index] ? nil : deepKeys[index]
      decisions[index] = try decide(
        id, key: keys[index], deepKey: deepKey, preimage: preimages[index], decisions)
    }

    var isNeeded = [Bool](repeating: false, count: graph.nodes.count)
    for root in roots { isNeeded[Int(root.index)] = true }
    for id in closure.reversed() where isNeeded[Int(id.index)] {
      if case .cached = decisions[Int(id.index)] { continue }
      for producer in graph.dependencies(of: id) { isNeeded[Int(producer.index)] = true }
    }
    let needed = closure.filter { isNeeded[Int($0.index)] }
    for id in closure where !isNeeded[Int(id.index)] { decisions[Int(id.index)] = .unneeded }
    return Plan(
      graph: graph, roots: roots, decisions: decisions, deepKeys: deepKeys, keys: keys, preimages: preimages,
      needed: needed)
  }

  private func decide(
    _ id: NodeID, key: Key?, deepKey: Key?, preimage: Preimage?, _ decisions: [Plan.Decision]
  ) throws -> Plan.Decision {
    if forced.contains(id) { return key == nil ? .pending(.forced) : .run(.forced) }
    if let key, let result = try cache.result(of: key) { return .cached(result) }
    if key == nil, let deepKey, let result = try cache.result(ofDeep: deepKey) { return .cached(result) }
    let waitsFor = graph.dependencies(of: id).filter { Self.result(decisions[Int($0.index)]) == nil }
    let trace = try cache.trace(ofNode: graph[id].name)
    guard let trace else { return key == nil ? .pending(.new) : .run(.new) }
    guard let preimage else {
      let changes = Self.ownChanges(graph[id].action, since: trace)
      return .pending(changes.isEmpty ? .cascade(Array(waitsFor)) : .changed(changes))
    }
    let changes = PreimageDifference(from: trace.preimage, to: preimage).changes
    return .run(changes.isEmpty ? .lost : .changed(changes))
  }

  /// What differs in a node's own facts and leaf inputs, where the rest is not known yet.
  private static func ownChanges(_ action: Action, since trace: Trace) -> [PreimageDifference.Change] {
    let unknown = "?"
    let names = action.inputs.map { input in
      if case .leaf(let leaf) = input.source { leaf.artifact.description } else { unknown }
    }
    let producedRoles = Set(zip(action.inputs, names).filter { $1 == unknown }.map(\.0.role))
    return PreimageDifference(from: trace.preimage, to: Preimage(action, inputNames: names)).changes.filter {
      !($0.fact == "input" && producedRoles.contains($0.name) && $0.old != nil)
    }
  }

  private static func result(_ decision: Plan.Decision) -> ActionResult? {
    if case .cached(let result) = decision { result } else { nil }
  }

  /// The preimage of an action whose produced inputs are given by `outputs`; `nil` where one is not known.
  public static func preimage(of action: Action, outputs: (NodeID) -> [String: Artifact]?) -> Preimage? {
    guard let inputs = inputs(of: action, outputs: outputs) else { return nil }
    return Preimage(action, inputNames: inputs.map(\.description))
  }

  /// The artifacts of an action's inputs, in order; `nil` where one is not known.
  public static func inputs(of action: Action, outputs: (NodeID) -> [String: Artifact]?) -> [Artifact]? {
    var artifacts: [Artifact] = []
    artifacts.reserveCapacity(action.inputs.count)
    for input in action.inputs {
      switch input.source {
      case .leaf(let leaf): artifacts.append(leaf.artifact)
      case .output(let producer, let name):
        guard let artifact = outputs(producer)?[name] else { return nil }
        artifacts.append(artifact)
      }
    }
    return artifacts
  }

  /// The key over leaf inputs only: a produced input is named by its producer's deep key and the output's name.
  public static func deepKey(of action: Action, producers: (NodeID) -> Key) -> Key {
    deepPreimage(of: action, producers: producers).key
  }

  /// What a deep key is the digest of.
  public static func deepPreimage(of action: Action, producers: (NodeID) -> Key) -> Preimage {
    let names = action.inputs.map { input in
      switch input.source {
      case .leaf(let leaf): leaf.artifact.description
      case .output(let producer, let name): "deep \(producers(producer)) \(Escape.encode(name))"
      }
    }
    return Preimage(action, inputNames: names)
  }
}
