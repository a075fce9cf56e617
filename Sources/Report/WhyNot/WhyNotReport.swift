import GraphCore

/// Why a node does not run, or did not run in a run of the past: which result it has and how that came to be, what was
/// cut off on the way to it, what kept it from running, and what a file that somebody changed has to do with it.
///
/// Reads the plan and the history; runs nothing, and needs no blob.
public struct WhyNotReport: Sendable {
  public let name: String
  public let title: String
  public let verdict: Verdict
  /// The result that it has.
  public let result: Result?
  /// What changed below it and came to nothing, because what was made of it came out as before.
  public let cutOffs: [CutOff]
  /// How many leaf inputs it is made from, by kind; empty where that is not asked of a graph.
  public let leaves: [(kind: GraphInput.Kind, count: Int)]
  public let pins: Pins?
  public let findings: [Finding]

  public enum Verdict: Sendable {
    /// Its result is there.
    case upToDate
    /// It does run, for this reason.
    case runs(Plan.Reason.Kind, isPending: Bool)
    /// It ran in the run that was asked about.
    case ran(Int64)
    /// In that run it had its result already.
    case leftAlone(Int64)
    /// In that run its result was found once its inputs were known.
    case cutOff(Int64)
    /// In that run something that it needs failed: the node, and how.
    case skipped(Int64, GraphDifference.Named, message: String)
    case interrupted(Int64)
    /// That run was not about it.
    case notAsked(Int64, command: String)
    case unknown
  }

  /// A result and where it is from.
  public struct Result: Sendable {
    public let record: RecordedNode
    public let run: RecordedRun?
    /// Whether each of the leaf inputs is equal to that of the result; else some differ, and were cut off.
    public let hasEqualLeaves: Bool
  }

  /// A node that made the same as before though other things went into it.
  public struct CutOff: Sendable {
    public let node: GraphDifference.Named
    /// The run in which it made the same, and the one that it is compared with.
    public let run: Int64
    public let before: Int64
    public let why: WhyReport
  }

  /// What is pinned of the moving facts that it is made from.
  public struct Pins: Sendable {
    /// `nil` where it is not recorded.
    public let snapshot: String?
    public let counts: [(kind: GraphInput.Kind, count: Int)]
  }

  /// A file that was asked about; for an input, whether its content is that of the result, node by node.
  public struct Finding: Sendable {
    public let finding: InputFinding
    public let readers: [(node: GraphDifference.Named, isEqual: Bool)]
  }

  /// Why a node of a plan does not run.
  ///
  /// - Parameters:
  ///   - inputs: the leaf inputs of the node and all that it needs.
  ///   - findings: what is to be said of files.
  /// - Throws: what the history throws.
  public init(
    _ node: NodeID, plan: Plan, history: any RunRecords, inputs: GraphInputs, snapshot: String?,
    findings: [InputFinding]
  ) throws {
    let graph = plan.graph
    (name, title) = (graph[node].name, graph[node].title)
    let newest = try history.records(ofNode: name, upTo: nil, limit: 1).first
    switch plan[node] {
    case .cached, .unneeded: verdict = .upToDate
    case .run(let reason), .pending(let reason):
      let isPending = plan.key(node) == nil
      verdict =
        try newest.flatMap { try Self.kept($0, history) } ?? .runs(reason.kind, isPending: isPending)
    }
    (result, cutOffs) = try CutOffWalk(history: history, run: nil).answer(name, plan.key(node))
    let moving: [GraphInput.Kind] = [.commit, .fetched, .image, .tool]
    let counts = Self.counts(inputs)
    leaves = counts
    pins = Pins(snapshot: snapshot, counts: counts.filter { moving.contains($0.kind) })
    self.findings = try findings.map { try Self.complete($0, plan, history) }
  }

  /// Why a node did not run in a run of the past.
  ///
  /// - Throws: what the history throws.
  public init(_ name: String, inRun run: Int64, history: any RunRecords) throws {
    self.name = name
    title = NodeName.title(name, try history.description(ofNode: name, upTo: run))
    let newest = try history.records(ofNode: name, upTo: run, limit: 1).first
    if let newest, newest.run == run {
      switch newest.outcome {
      case .ran: verdict = .ran(run)
      case .cutOff: verdict = .cutOff(run)
      case .found: verdict = .leftAlone(run)
      case .failed, .skipped, .interrupted: verdict = try Self.kept(newest, history) ?? .ran(run)
      }
    } else if newest == nil {
      verdict = .unknown
    } else if try Self.isAsked(name, inRun: run, history) {
      verdict = .leftAlone(run)
    } else {
      verdict = .notAsked(run, command: try history.run(run)?.command ?? "")
    }
    (result, cutOffs) = try CutOffWalk(history: history, run: run).answer(name, nil)
    (leaves, pins, findings) = ([], nil, [])
  }

  /// What kept a node from running in the run of its newest record; `nil` where nothing did.
  private static func kept(_ record: RecordedNode, _ history: any RunRecords) throws -> Verdict? {
    switch record.outcome {
    case .skipped:
      let cause = record.message ?? ""
      let failed = try history.records(ofNode: cause, upTo: record.run, limit: 1).first
      let named = GraphDifference.Named(
        name: cause, title: NodeName.title(cause, try history.description(ofNode: cause, upTo: record.run)))
      return .skipped(record.run, named, message: failed?.message ?? "it failed")
    case .interrupted: return .interrupted(record.run)
    case .ran, .cutOff, .found, .failed: return nil
    }
  }

  /// Whether a run was about a node.
  private static func isAsked(_ name: String, inRun run: Int64, _ history: any RunRecords) throws -> Bool {
    var seen: Set<String> = []
    var open = try history.wanted(byRun: run)
    // A run of an older version does not say what it was about.
    if open.isEmpty { return true }
    while let next = open.popLast() {
      if next == name { return true }
      guard seen.insert(next).inserted else { continue }
      open += try history.description(ofNode: next, upTo: run)?.producers ?? []
    }
    return false
  }

  private static func counts(_ inputs: GraphInputs) -> [(kind: GraphInput.Kind, count: Int)] {
    // Packages are made of downloads, or by nodes.
    GraphInput.Kind.allCases.filter { $0 != .package }.compactMap { kind in
      let count = inputs.inputs.count { $0.kind == kind }
      return count == 0 ? nil : (kind, count)
    }
  }

  /// Compares what nodes read with what they read when they had their results.
  private static func complete(
    _ finding: InputFinding, _ plan: Plan, _ history: any RunRecords
  ) throws -> Finding {
    guard case .input(_, let readers) = finding.verdict else { return Finding(finding: finding, readers: []) }
    let compared = try readers.map { reader in
      let node = plan.graph[reader.node]
      let record = try history.records(ofNode: node.name, upTo: nil, limit: CutOffWalk.recordsMax).first {
        $0.outcome.hasResult
      }
      let before = try record?.key.flatMap(history.preimage)
      let now = node.action.inputs.first { $0.role == reader.role }.flatMap { input in
        if case .leaf(let leaf) = input.source { leaf.artifact } else { nil }
      }
      let isEqual = now.map { before?.value(ofInput: reader.role) == $0.description } ?? false
      return (node: GraphDifference.Named(name: node.name, title: node.title), isEqual: isEqual)
    }
    return Finding(finding: finding, readers: compared)
  }
}
