/// What the work of a plan will take: time, network and disk, by what the same nodes took before.
///
/// Looks at the nodes that run and at no other, so it costs nothing for what is up to date.
public struct WorkEstimate: Sendable {
  /// The nodes that run or are pending, producers first.
  public let nodes: [NodeID]
  /// Seconds that each of `nodes` takes.
  public let seconds: [Double]
  /// How many of `nodes` never ran: their time is that of their rule, or a guess.
  public let unknownCount: Int
  /// From the start to the end, with what runs at once.
  public let wallSeconds: Double
  /// The sum over `nodes`.
  public let workSeconds: Double
  /// What comes over the network, in bytes, and how many downloads there are of which no size is known.
  public let fetchBytes: Int64
  public let unknownFetchCount: Int
  /// What the disk will hold more, in bytes, and for how many nodes nobody knows.
  public let storedBytes: Int64
  public let unknownStoredCount: Int

  /// What an action takes whose rule never ran.
  public static let secondsOfUnknown = 1.0

  public init(_ plan: Plan, history: some WorkHistory, limits: Schedule.Limits) throws {
    let graph = plan.graph
    nodes = plan.work
    let known = try nodes.isEmpty ? [:] : history.costs(ofNodes: nodes.map(graph.name))
    let averages = known.count == nodes.count ? [:] : try history.averageCosts()
    var items: [Schedule.Item] = []
    items.reserveCapacity(nodes.count)
    var (unknown, fetch, unknownFetch, stored, unknownStored) = (0, Int64(0), 0, Int64(0), 0)
    for id in nodes {
      let node = graph[id]
      let action = node.action
      let own = known[node.name]
      let architecture = (action.architecture ?? node.label.architecture)?.name ?? ""
      let average = averages[WorkCost.Kind(rule: action.rule.description, architecture: architecture)]
      if own == nil { unknown += 1 }
      var fetched: Int64?
      if action.limits.isWaiting {
        fetched = action.hints[Action.fetchBytesHint].flatMap { Int64($0) } ?? own?.outputBytes
        if let fetched { fetch = fetch.addingSaturating(fetched) } else { unknownFetch += 1 }
      }
      if let bytes = own?.storedBytes ?? fetched ?? average?.storedBytes {
        stored = stored.addingSaturating(bytes)
      } else {
        unknownStored += 1
      }
      items.append(
        Schedule.Item(
          seconds: (own ?? average)?.seconds ?? Self.secondsOfUnknown, isWaiting: action.limits.isWaiting,
          memoryMegabytes: action.limits.memoryMegabytes))
    }
    (unknownCount, fetchBytes, unknownFetchCount) = (unknown, fetch, unknownFetch)
    (storedBytes, unknownStoredCount) = (stored, unknownStored)
    seconds = items.map(\.seconds)
    workSeconds = seconds.reduce(0, +)
    wallSeconds = Schedule(items, producers: Self.producers(nodes, graph), limits: limits).wallSeconds
  }

  /// Seconds by `Node.name`, of the nodes that run.
  public func durations(_ graph: Graph) -> [String: Double] {
    Dictionary(zip(nodes, seconds).map { (graph.name(of: $0), $1) }, uniquingKeysWith: { first, _ in first })
  }

  /// How many of the nodes run their command under an emulator.
  ///
  /// - Parameter runsNatively: whether this machine runs programs of an architecture itself.
  public func emulatedCount(_ graph: Graph, runsNatively: (Architecture) -> Bool) -> Int {
    nodes.count { id in
      let action = graph[id].action
      return action.emulatedArchitecture.map { !runsNatively($0) } ?? false
    }
  }

  /// For each node the places in `nodes` of what it waits for.
  private static func producers(_ nodes: [NodeID], _ graph: Graph) -> [[Int32]] {
    var places: [NodeID: Int32] = [:]
    places.reserveCapacity(nodes.count)
    for (place, id) in nodes.enumerated() { places[id] = Int32(place) }
    return nodes.map { id in graph.dependencies(of: id).compactMap { places[$0] } }
  }
}

extension Action {
  /// The name of the hint that says how many bytes an action that waits for the network fetches.
  public static let fetchBytesHint = "bytes"

  /// The architecture of the programs that the command starts, where they are not the host's own.
  public var emulatedArchitecture: Architecture? {
    guard let command, command.root != .host else { return nil }
    return architecture
  }
}

extension Int64 {
  fileprivate func addingSaturating(_ other: Int64) -> Int64 {
    let (sum, isTooLarge) = addingReportingOverflow(other)
    return isTooLarge ? .max : sum
  }
}
