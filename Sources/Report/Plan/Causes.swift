import GraphCore

/// The reasons behind a plan, grouped: nodes that run for the very same reason stand together (one edited file feeds
/// every architecture), and each group knows what waits for it.
struct Causes {
  struct Group {
    let kind: Plan.Reason.Kind
    let changes: [FactChange]
    /// In plan order.
    var nodes: [NodeID]
    /// Nodes behind these that certainly get another key, since they have a reason of their own.
    var certain = 0
    /// Nodes behind these that run unless early cutoff spares them.
    var possible = 0
  }

  private(set) var groups: [Group] = []

  init(_ plan: Plan) {
    struct Signature: Hashable {
      let kind: Plan.Reason.Kind
      let changes: [FactChange]
    }
    var numbers: [Signature: Int] = [:]
    for id in Self.headlines(plan) {
      guard let reason = plan.reason(id) else { continue }
      let signature = Signature(
        kind: reason.kind, changes: Self.changes(reason, of: id, plan))
      if let number = numbers[signature] {
        groups[number].nodes.append(id)
      } else {
        numbers[signature] = groups.count
        groups.append(Group(kind: signature.kind, changes: signature.changes, nodes: [id]))
      }
    }
    for number in groups.indices {
      let waiting = Self.waiting(for: groups[number].nodes, plan)
      groups[number].possible = waiting.count {
        if case .pending(.cascade) = plan[$0] { true } else { false }
      }
      groups[number].certain = waiting.count - groups[number].possible
    }
  }

  static func changes(_ reason: Plan.Reason?, of id: NodeID, _ plan: Plan) -> [FactChange] {
    guard case .changed(let changes) = reason else { return [] }
    return FactChange.all(changes, of: plan.graph[id], in: plan.graph)
  }

  /// The root causes without new nodes that wait for others: on a first build everything is new, and what starts the
  /// work says it all. The node list still has them.
  private static func headlines(_ plan: Plan) -> [NodeID] {
    plan.rootCauses.filter { id in
      if case .pending(.new) = plan[id] { false } else { true }
    }
  }

  /// What reads, directly or not, an output of `nodes`, is needed and not up to date. Without `nodes` themselves.
  private static func waiting(for nodes: [NodeID], _ plan: Plan) -> Set<NodeID> {
    var found: Set<NodeID> = []
    var stack = nodes
    while let next = stack.popLast() {
      for dependent in plan.graph.dependents(of: next) where plan.reason(dependent) != nil {
        if found.insert(dependent).inserted { stack.append(dependent) }
      }
    }
    return found.subtracting(nodes)
  }
}

extension Plan.Reason.Kind {
  /// What the kind means, for people.
  var text: String {
    switch self {
    case .new: "new"
    case .changed: "changed"
    case .cascade: "waits"
    case .lost: "lost from the store"
    case .forced: "forced"
    case .assumed: "assumed"
    }
  }
}

/// How many nodes a plan is about, and what becomes of them.
struct PlanTotals {
  /// Nodes in the closure of the roots.
  let nodes: Int
  let cached: Int
  /// Nodes that nobody asks for, since a later result is there.
  let unneeded: Int
  let run: Int
  let pending: Int

  init(_ plan: Plan) {
    nodes = plan.graph.closureCount(of: plan.roots)
    run = plan.toRun.count
    pending = plan.pending.count
    cached = plan.needed.count - run - pending
    unneeded = nodes - plan.needed.count
  }

  /// What this run leaves as it is.
  var upToDate: Int { cached + unneeded }

  /// `41 nodes: 30 cached, 3 run, 8 pending; about 12 s`.
  func line(estimateSeconds: Double) -> String {
    if run + pending == 0 {
      return "nothing to do: \(Amounts.counted(nodes, "node")) \(nodes == 1 ? "is" : "are") up to date"
    }
    let parts =
      ["\(cached) cached"] + (unneeded > 0 ? ["\(unneeded) not needed"] : []) + [
        "\(run) run", "\(pending) pending",
      ]
    return
      "\(Amounts.counted(nodes, "node")): \(parts.joined(separator: ", ")); about \(Amounts.seconds(estimateSeconds))"
  }
}
