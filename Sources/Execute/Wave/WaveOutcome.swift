import GraphCore

extension Wave {
  /// What came of a wave.
  public struct Outcome: Sendable {
    public var plan: Plan
    /// What is settled now.
    public var marks: Marks
    /// Outputs of the nodes that ran or were cut off.
    public var made: [NodeID: [String: Artifact]] = [:]
    public var ran: [NodeID] = []
    public var cutOff: [NodeID] = []
    public var failures: [(node: NodeID, failure: Failure)] = []
    public var skipped: [NodeID] = []
    /// What was running when the wave was cancelled, with the seconds each had run.
    public var interrupted: [(node: NodeID, seconds: Double)] = []

    /// Failed and skipped nodes of which the graph says that they do not fail a build.
    public var allowed: Set<NodeID> = []
    /// Fan-ins that were made, or would have been, without what these producers should have made.
    public var partial: [NodeID: Set<NodeID>] = [:]

    init(plan: Plan, marks: Marks) {
      self.plan = plan
      self.marks = marks
    }

    /// What a wave came to. An incomplete one lacks nothing but what may fail.
    public enum Status: String, Sendable { case finished, incomplete, doomed }

    public var status: Status {
      // A wave that was cancelled while nothing ran has no failure, and not its roots either.
      guard plan.rootsToMake.allSatisfy({ made[$0] != nil || allowed.contains($0) }),
        failures.allSatisfy({ allowed.contains($0.node) })
      else { return .doomed }
      return failures.isEmpty ? .finished : .incomplete
    }

    /// Whether every root is up to date, but for what may fail.
    public var succeeded: Bool { status != .doomed }
    /// Whether every root is there.
    public var hasAllRoots: Bool { plan.rootsToMake.allSatisfy { made[$0] != nil } }

    /// The outputs of a node that is up to date, by name; `nil` for one that is not.
    ///
    /// - Throws: `LostResult`, and what the action cache throws.
    public func outputs(of id: NodeID) throws -> [String: Artifact]? {
      if let made = made[id] { return made }
      if case .cached = plan[id] { return try plan.result(of: id).outputs }
      return nil
    }
  }
}
