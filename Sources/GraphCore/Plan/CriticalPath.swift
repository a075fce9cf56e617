/// How long the longest chain of work behind each node is, which decides what starts first.
public struct CriticalPath: Sendable {
  /// Seconds from a node's start to the end of the longest chain of work above it, of each node to run.
  private let priorities: [NodeID: Double]
  /// Seconds that the longest chain takes, and the sum over all nodes to run.
  public let longest: Double
  public let total: Double

  /// - Parameter durations: seconds by `Node.name`, from history; what was never seen counts one second.
  public init(plan: Plan, durations: [String: Double]) {
    var priorities: [NodeID: Double] = [:]
    var (total, longest) = (0.0, 0.0)
    for id in plan.work.reversed() {
      let own = durations[plan.graph.name(of: id)] ?? 1
      total += own
      let above = plan.graph.dependents(of: id).reduce(0) { max($0, priorities[$1] ?? 0) }
      priorities[id] = own + above
      longest = max(longest, own + above)
    }
    (self.priorities, self.total, self.longest) = (priorities, total, longest)
  }

  /// Seconds from the node's start to the end of the longest chain of work above it; 0 for what does not run.
  public func priority(_ id: NodeID) -> Double { priorities[id] ?? 0 }
}
