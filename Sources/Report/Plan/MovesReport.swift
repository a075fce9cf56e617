import GraphCore

/// Which packages move in which targets, as far as a plan foresees it, and which nodes will fail.
struct MovesReport {
  private let plan: Plan
  private let moves: [LockMoves]

  init(_ plan: Plan, _ moves: [LockMoves]) { (self.plan, self.moves) = (plan, moves) }

  /// How many labels are named unless all are wanted.
  private static let labelsMax = 6

  /// Empty where nothing moves.
  func lines(verbose: Bool, _ style: Style) -> [String] {
    if moves.isEmpty { return [] }
    var nodes: [[PackageMove]: [NodeID]] = [:]
    for lock in moves { nodes[lock.moves, default: []].append(lock.node) }
    let reach = Reach(plan)
    var lines = [style.strong("packages that move")]
    // Once for all locks that move the same, in the order of the first.
    for moved in moves.map(\.moves) {
      guard let nodes = nodes.removeValue(forKey: moved) else { continue }
      lines += moved.map { "  " + style.busy(PlainText.oneLine($0.line)) }
      let own = nodes.map { plan.graph.label(of: $0) }
      lines.append("    in " + Self.named(own, verbose))
      let others = reach.labels(on: nodes).subtracting(own)
      if !others.isEmpty {
        lines.append("    and in what stands on it: " + Self.named(others.sorted(), verbose))
      }
    }
    return lines
  }

  private static func named(_ labels: [Label], _ verbose: Bool) -> String {
    let labels = Array(Set(labels)).sorted()
    let shown = verbose ? labels[...] : labels.prefix(labelsMax)
    let more = labels.count - shown.count
    return shown.map { "\($0)" }.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }

  /// `[ { "node", "label", "packages": [ { "name", "arch", "old", "new" } ], "reaches": [ label ] } ]`.
  func json() -> JSONValue {
    if moves.isEmpty { return .array([]) }
    let reach = Reach(plan)
    return .array(
      moves.map { lock in
        .object([
          "node": .string(plan.graph.name(of: lock.node)),
          "label": .string("\(plan.graph.label(of: lock.node))"),
          "packages": .array(
            lock.moves.map {
              .object([
                "name": .string($0.name), "arch": .string($0.arch), "old": .text($0.old),
                "new": .text($0.new),
              ])
            }),
          "reaches": .array(reach.labels(on: [lock.node]).sorted().map { .string("\($0)") }),
        ])
      })
  }

  /// What is known to fail: the node, and why.
  static func failures(_ plan: Plan, _ style: Style) -> [String] {
    let failing = plan.foreseen.keys.sorted().compactMap { id -> (NodeID, ActionFailed)? in
      if case .failure(let failure) = plan.foreseen[id] { (id, failure) } else { nil }
    }
    if failing.isEmpty { return [] }
    return [style.strong("will fail")]
      + failing.flatMap { id, failure in
        ["  \(plan.graph[id].title): \(PlainText.oneLine(failure.reason))"]
          + String(decoding: failure.log, as: UTF8.self).split(separator: "\n").map {
            "    " + PlainText.oneLine(String($0))
          }
      }
  }

  /// The labels whose targets stand on nodes, through what runs or may run.
  private struct Reach {
    private let plan: Plan
    private var delivered: [NodeID: [Label]] = [:]

    init(_ plan: Plan) {
      self.plan = plan
      for (label, target) in plan.graph.targets where label.architecture != nil {
        delivered[target.node, default: []].append(label)
      }
    }

    func labels(on nodes: [NodeID]) -> Set<Label> {
      var found: Set<NodeID> = []
      var stack = nodes
      while let next = stack.popLast() {
        for dependent in plan.graph.dependents(of: next)
        where plan.reason(dependent) != nil && !plan.stays(dependent) {
          if found.insert(dependent).inserted { stack.append(dependent) }
        }
      }
      return Set(found.flatMap { delivered[$0] ?? [] })
    }
  }
}
