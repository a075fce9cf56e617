/// How long the longest chain of work behind each node is, which decides what starts first.
public struct CriticalPath: Sendable {
  /// By node number: seconds from the node's start to the end of the longest chain of needed nodes above it.
  public let priorities: [Double]
  /// Seconds that the longest chain takes, and the sum over all nodes to run.
  public let longest: Double
  public let total: Double

  /// - Parameter durations: seconds by `Node.name`, from history; what was never seen counts one second.
  public init(plan: Plan, durations: [String: Double]) {
    var priorities = [Double](repeating: 0, count: plan.graph.nodes.count)
    var total = 0.0
    for id in plan.needed.reversed() {
      let node = plan.graph[id]
      var own = 0.0
      switch plan[id] {
      case .cached, .unneeded: own = 0
      case .run, .pending: own = durations[node.name] ?? 1
      }
      total += own
      let above = plan.graph.dependents(of: id).map { priorities[Int($0.index)] }.max() ?? 0
      priorities[Int(id.index)] = own + above
    }
    self.priorities = priorities
    self.total = total
    longest = priorities.max() ?? 0
  }
}
