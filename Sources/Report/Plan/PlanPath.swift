import GraphCore

/// The chain of nodes that decides how long a run takes: the longest one through what a plan runs, by history.
public struct PlanPath: Sendable {
  /// Seconds that each node takes that runs, or may.
  public let seconds: [NodeID: Double]
  /// The nodes of the chain, the first to run first; empty where nothing runs.
  public let nodes: [NodeID]
  /// How long the chain takes.
  public let total: Double

  /// - Parameter durations: seconds by `Node.name`, from history; what was never seen counts one second.
  public init(_ plan: Plan, durations: [String: Double]) {
    let path = CriticalPath(plan: plan, durations: durations)
    var seconds: [NodeID: Double] = [:]
    for id in plan.work { seconds[id] = durations[plan.graph.name(of: id)] ?? 1 }
    func priority(_ id: NodeID) -> Double { path.priority(id) }
    var nodes: [NodeID] = []
    var candidates = plan.work
    // Of equal chains, the one whose nodes come first in the graph.
    while let next = candidates.max(by: {
      priority($0) == priority($1) ? $0 > $1 : priority($0) < priority($1)
    }) {
      nodes.append(next)
      candidates = plan.graph.dependents(of: next).filter { plan.reason($0) != nil }
    }
    (self.seconds, self.nodes, total) = (seconds, nodes, path.longest)
  }

  /// A line for each label on the way, with the seconds of its nodes together.
  func lines(_ graph: GraphCore.Graph) -> [String] {
    var parts: [(label: Label, seconds: Double, steps: [String])] = []
    for id in nodes {
      let node = graph[id]
      if parts.last?.label != node.label { parts.append((node.label, 0, [])) }
      parts[parts.count - 1].seconds += seconds[id] ?? 0
      parts[parts.count - 1].steps.append(PlainText.oneLine(node.step))
    }
    let rows = parts.map { part in
      let first = part.steps.prefix(4).joined(separator: ", ")
      let more = part.steps.count > 4 ? " and \(part.steps.count - 4) more" : ""
      return [Amounts.seconds(part.seconds), "\(part.label)", first + more]
    }
    return Columns.lines(rows, indent: "  ")
  }
}
