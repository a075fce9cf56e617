import GraphCore

/// Why a node runs, or ran: a walk from it, through what made its changed inputs, down to the facts that were changed
/// from outside.
///
/// Reads the plan and the history; runs nothing, and needs no blob.
public struct WhyReport: Sendable {
  /// One node on the way, before those that it leads to.
  public struct Step: Sendable {
    /// `Node.name`.
    public let name: String
    public let title: String
    /// How many nodes are between this one and the one that was asked about.
    public let depth: Int
    public let finding: Finding
  }

  /// What was found out about a node.
  public enum Finding: Sendable {
    /// It is to run, or is pending. For `.changed` the changes with where they come from.
    case planned(Plan.Reason, [FactChange], waitsFor: [GraphDifference.Named], isPending: Bool)
    /// It is up to date; this is how it came to be so.
    case upToDate(PastRun)
    /// It had a result, which the store lost or collected; this is how it came to be.
    case lost(PastRun, isPending: Bool)
    /// What it did in the run that was asked about.
    case inRun(RecordedNode, PastRun)
    /// It had no part in the run that was asked about, and this result then.
    case beforeRun(Int64, PastRun)
    /// Explained further up.
    case seen
    /// Nothing that was asked for needs it.
    case unneeded
  }

  public let steps: [Step]

  /// Why a node of a plan runs now, or ran last.
  ///
  /// - Throws: what the history throws.
  public init(_ node: NodeID, plan: Plan, history: any RunRecords) throws {
    var walk = WhyWalk(plan: plan, history: history, run: nil)
    try walk.explain(.init(name: plan.graph[node].name, node: node, depth: 0))
    steps = walk.steps
  }

  /// Why a node ran in a run of the past, or had the result that it had then. Neither the graph nor any blob has to be
  /// there any more.
  ///
  /// - Throws: what the history throws.
  public init(_ name: String, inRun run: Int64, history: any RunRecords) throws {
    var walk = WhyWalk(plan: nil, history: history, run: run)
    try walk.explain(.init(name: name, node: nil, depth: 0))
    steps = walk.steps
  }
}

/// The walk in progress.
private struct WhyWalk {
  let plan: Plan?
  let history: any RunRecords
  /// The newest run that counts; all where it is `nil`.
  let run: Int64?
  var steps: [WhyReport.Step] = []
  private var visited: Set<String> = []

  init(plan: Plan?, history: any RunRecords, run: Int64?) {
    (self.plan, self.history, self.run) = (plan, history, run)
  }

  /// Something to explain: a node as the plan has it, or why an output of it came out different.
  struct Question {
    let name: String
    /// Where the plan has the node.
    let node: NodeID?
    let depth: Int
    var change: FactChange?
  }

  /// Depth first and with a list of its own instead of recursion: chains of nodes may be long.
  mutating func explain(_ root: Question) throws {
    var questions = [root]
    while let question = questions.popLast() {
      let isNew = visited.insert(question.name).inserted
      let finding = isNew ? try finding(question) : .seen
      steps.append(
        WhyReport.Step(
          name: question.name, title: try title(question), depth: question.depth, finding: finding))
      questions += try next(finding, question).reversed()
    }
  }

  private func title(_ question: Question) throws -> String {
    if let plan, let node = question.node { return plan.graph[node].title }
    return NodeName.title(question.name, try history.description(ofNode: question.name, upTo: run))
  }

  private func finding(_ question: Question) throws -> WhyReport.Finding {
    if let plan, let node = question.node {
      switch plan[node] {
      case .run(let reason): return try planned(node, reason, plan, question, isPending: false)
      case .pending(let reason): return try planned(node, reason, plan, question, isPending: true)
      case .unneeded where question.depth == 0 && !plan.graph.closure(of: plan.roots).contains(node):
        return .unneeded
      case .cached, .unneeded: break
      }
    }
    let past = try PastRun(
      question.name, upTo: run, change: question.change, history: history,
      node: question.node.flatMap { id in plan.map { ($0.graph[id], $0.graph) } })
    guard let run else { return .upToDate(past) }
    if let record = past.record, record.run == run || question.depth > 0 { return .inRun(record, past) }
    return .beforeRun(run, past)
  }

  private func planned(
    _ id: NodeID, _ reason: Plan.Reason, _ plan: Plan, _ question: Question, isPending: Bool
  ) throws -> WhyReport.Finding {
    let node = plan.graph[id]
    if case .lost = reason {
      let past = try PastRun(
        node.name, upTo: run, change: question.change, history: history, node: (node, plan.graph))
      return .lost(past, isPending: isPending)
    }
    let waits = plan.waits(of: id).map { id in
      GraphDifference.Named(name: plan.graph[id].name, title: plan.graph[id].title)
    }
    return .planned(reason, Causes.changes(reason, of: id, plan), waitsFor: waits, isPending: isPending)
  }

  /// The nodes that a finding leads to, each once, in the order in which it names them.
  private func next(_ finding: WhyReport.Finding, _ question: Question) throws -> [Question] {
    var changes: [FactChange] = []
    var waits: [String] = []
    switch finding {
    case .planned(_, let found, let waitsFor, _): (changes, waits) = (found, waitsFor.map(\.name))
    case .upToDate(let past), .lost(let past, _), .beforeRun(_, let past): changes = past.changes
    case .inRun(let record, let past):
      changes = past.changes
      if record.outcome == .skipped, let cause = record.message { waits = [cause] }
    case .seen, .unneeded: return []
    }
    var named: Set<String> = []
    var questions: [Question] = []
    for change in changes {
      // Without an old value it is a new input: what makes it explains nothing.
      guard let producer = change.producer, change.old != nil, named.insert(producer.name).inserted else {
        continue
      }
      questions.append(self.question(producer.name, below: question, change))
    }
    for name in waits where named.insert(name).inserted {
      questions.append(self.question(name, below: question, nil))
    }
    return questions
  }

  private func question(_ name: String, below: Question, _ change: FactChange?) -> Question {
    var node: NodeID?
    if let plan, let consumer = below.node {
      node = plan.graph.dependencies(of: consumer).first { plan.graph.name(of: $0) == name }
    }
    return Question(name: name, node: node, depth: below.depth + 1, change: change)
  }
}
