import GraphCore

/// Why a node runs, or ran last: a walk from it, through what made its changed inputs, down to the facts that were
/// changed from outside.
///
/// Reads the plan and the traces of earlier runs; runs nothing.
public struct WhyReport: Sendable {
  /// One node on the way, before those that it leads to.
  public struct Step: Sendable {
    public let node: NodeID
    /// How many nodes are between this one and the one that was asked about.
    public let depth: Int
    public let finding: Finding
  }

  /// What was found out about a node.
  public enum Finding: Sendable {
    /// It runs, or is pending, for this reason. For `.changed` the changes with where they come from.
    case planned(Plan.Reason, [FactChange], waitsFor: [NodeID], isPending: Bool)
    /// It is up to date; these were the changes when it last ran.
    case ranLast([FactChange])
    /// It is up to date and ran only once, as far as the traces go back.
    case ranOnce
    /// It is up to date and no trace of it is kept.
    case noTrace
    /// The very same action made another output: it is not reproducible.
    case notReproducible(output: String)
    /// Explained further up.
    case seen
    /// Nothing that was asked for needs it.
    case unneeded
  }

  public let plan: Plan
  public let steps: [Step]

  /// How far back traces are searched for the one that made an older input.
  static let tracesMax = 100

  /// - Throws: what the cache throws.
  public init(_ node: NodeID, plan: Plan, cache: any ActionCache) throws {
    var walk = WhyWalk(plan: plan, cache: cache)
    try walk.explain(node)
    self.plan = plan
    steps = walk.steps
  }
}

/// The walk in progress.
private struct WhyWalk {
  let plan: Plan
  let cache: any ActionCache
  var steps: [WhyReport.Step] = []
  private var visited: Set<NodeID> = []

  init(plan: Plan, cache: any ActionCache) {
    self.plan = plan
    self.cache = cache
  }

  /// Something to explain: a node as the plan has it, or why an output of it came out different.
  private struct Question {
    let node: NodeID
    let depth: Int
    var change: FactChange?
  }

  /// Depth first and with a list of its own instead of recursion: chains of nodes may be long.
  mutating func explain(_ root: NodeID) throws {
    var questions = [Question(node: root, depth: 0)]
    while let question = questions.popLast() {
      let isNew = visited.insert(question.node).inserted
      let finding = isNew ? try finding(question) : .seen
      steps.append(WhyReport.Step(node: question.node, depth: question.depth, finding: finding))
      questions += next(finding).reversed().map {
        Question(node: $0.node, depth: question.depth + 1, change: $0.change)
      }
    }
  }

  private func finding(_ question: Question) throws -> WhyReport.Finding {
    switch plan[question.node] {
    case .run(let reason): return planned(question.node, reason, isPending: false)
    case .pending(let reason): return planned(question.node, reason, isPending: true)
    case .unneeded where question.depth == 0 && !isInClosure(question.node): return .unneeded
    case .cached, .unneeded: return try last(question)
    }
  }

  private func planned(_ id: NodeID, _ reason: Plan.Reason, isPending: Bool) -> WhyReport.Finding {
    let changes = Causes.changes(reason, of: plan.graph[id].action)
    return .planned(reason, changes, waitsFor: plan.waits(of: id), isPending: isPending)
  }

  /// Why an up-to-date node ran last, or ran to make the output that its consumer saw change.
  private func last(_ question: Question) throws -> WhyReport.Finding {
    let node = plan.graph[question.node]
    let traces = try cache.traces(ofNode: node.name, limit: WhyReport.tracesMax)
    if let change = question.change, let output = change.producer?.output,
      let (old, new) = Self.pair(traces, output: output, old: change.old, new: change.new)
    {
      let changes = PreimageDifference(from: old.preimage, to: new.preimage).changes
      if changes.isEmpty { return .notReproducible(output: output) }
      return .ranLast(FactChange.all(changes, of: node.action))
    }
    guard let newest = traces.first else { return .noTrace }
    guard let before = traces.first(where: { $0.key != newest.key }) else { return .ranOnce }
    let changes = PreimageDifference(from: before.preimage, to: newest.preimage).changes
    return .ranLast(FactChange.all(changes, of: node.action))
  }

  /// The newest trace that made `old` with `new` made after it, and the first after it that made `new`: later ones that
  /// made `new` again changed nothing for the consumer.
  private static func pair(_ traces: [Trace], output: String, old: String?, new: String?) -> (Trace, Trace)? {
    func made(_ trace: Trace) -> String? { trace.result.outputs[output]?.description }
    guard let old, let new, let newest = traces.firstIndex(where: { made($0) == new }),
      let before = traces[newest...].firstIndex(where: { made($0) == old }),
      let after = traces[..<before].last(where: { made($0) == new })
    else { return nil }
    return (traces[before], after)
  }

  /// The nodes that a finding leads to, each once, in the order in which it names them.
  private func next(_ finding: WhyReport.Finding) -> [(node: NodeID, change: FactChange?)] {
    var changes: [FactChange] = []
    var waits: [NodeID] = []
    switch finding {
    case .planned(_, let found, let waitsFor, _): (changes, waits) = (found, waitsFor)
    case .ranLast(let found): changes = found
    case .ranOnce, .noTrace, .notReproducible, .seen, .unneeded: return []
    }
    var named: Set<NodeID> = []
    let made = changes.compactMap { change -> (node: NodeID, change: FactChange?)? in
      // Without an old value it is a new input: what makes it explains nothing.
      guard let producer = change.producer, change.old != nil, named.insert(producer.node).inserted else {
        return nil
      }
      return (producer.node, change)
    }
    return made + waits.filter { named.insert($0).inserted }.map { ($0, nil) }
  }

  private func isInClosure(_ id: NodeID) -> Bool { plan.graph.closure(of: plan.roots).contains(id) }
}

extension WhyReport {
  /// The node that a person means by a label, and a step of it where one is named: without a step, the node that makes
  /// what the label delivers.
  ///
  /// - Throws: `GraphError(.user)` that names what there is instead.
  public static func node(
    _ label: Label, step: String?, in graph: GraphCore.Graph
  ) throws(GraphError) -> NodeID {
    guard let step else {
      if let target = graph.targets[label] { return target.node }
      let near = Nearest.match(for: "\(label)", among: graph.targets.keys.sorted().map(\.description))
      throw GraphError(.user, "there is no '\(label)'", hint: near.map { "did you mean '\($0)'?" })
    }
    let nodes = graph.order.filter { graph[$0].label == label }
    if let node = nodes.first(where: { graph[$0].isStep(step) }) { return node }
    let steps = nodes.map { "'\(PlainText.oneLine(graph[$0].stepTitle))'" }
    throw GraphError(
      .user, "'\(label)' has no step '\(step)'",
      hint: steps.isEmpty ? nil : "its steps are \(steps.joined(separator: ", "))")
  }
}
