import GraphCore

extension PlanReport {
  /// The plan as JSON, for programs. Schema 1; members are sorted, and always there: `null` where there is no value.
  ///
  ///     { "schema": 1,
  ///       "totals": { "nodes", "cached", "unneeded", "run", "pending": integers, "estimateSeconds": number },
  ///       "nodes": [ node ],            every needed node, producers first
  ///       "rootCauses": [ name ],       the nodes that run for a reason of their own
  ///       "criticalPath": { "seconds": number, "nodes": [ name ] },       the chain that takes longest
  ///       "estimate": { "jobs", "seconds": with so many at once, "criticalPathSeconds", "workSeconds": one after the other,
  ///                     "unknownNodes": of which no time is known, "fetchBytes", "unknownFetches": of which no size is,
  ///                     "diskBytes", "unknownDiskNodes", "missingDiskBytes": 0 where the disk will do,
  ///                     "native", "emulated" } or null,
  ///       "unsupported": [ { "label", "kind", "reason", "place": "file:line:column" } ],
  ///                                     what of the wanted is not made for an architecture
  ///       "packages": [ { "node", "label", "packages": [ { "name", "arch", "old": EVR or null, "new": EVR or null } ],
  ///                       "reaches": [ label ] } ] }       what locks move, as far as it is foreseen, and what stands on them
  ///
  ///     node:   { "name", "label", "step", "rule": "install@1", "architecture": string or null,
  ///               "decision": "cached" | "run" | "pending", "opaque": boolean,
  ///               "stays": boolean, whether it is known to make what it made last,
  ///               "cache": boolean, whether the result may depend on what is in a cache,
  ///               "key": 64 digits, or null while an input is not known, "reason": reason, or null where cached,
  ///               "declaredAt": file:line:column or null,
  ///               "estimateSeconds": how long it took last, 1 where it never ran, null where cached }
  ///     reason: { "kind": "new" | "changed" | "cascade" | "lost" | "forced" | "assumed",
  ///               "changes": [ { "fact", "name", "old", "new", "origin", "madeBy" } ],   filled for "changed"
  ///               "waitsFor": [ name ] }     needed nodes whose results are not there, that this one reads
  ///
  /// Within schema 1 members may be added, but none renamed or removed. An input's `old` and `new` are `kind
  /// sha256/size`, `?` while it is not known.
  ///
  /// - Parameter durations: seconds by `Node.name`, from history.
  public static func json(
    _ plan: Plan, estimateSeconds: Double, durations: [String: Double] = [:],
    unsupported: [UnsupportedTarget] = [], forecast: PlanForecast? = nil, moves: [LockMoves] = []
  ) -> String {
    let totals = PlanTotals(plan)
    let path = PlanPath(plan, durations: durations)
    let document = JSONValue.object([
      "schema": .integer(1),
      "totals": .object([
        "nodes": .integer(totals.nodes), "cached": .integer(totals.cached),
        "unneeded": .integer(totals.unneeded),
        "run": .integer(totals.run), "pending": .integer(totals.pending),
        "estimateSeconds": .number(estimateSeconds),
      ]),
      "nodes": .array(plan.needed.compactMap { json(plan, $0, path) }),
      "rootCauses": .array(plan.rootCauses.map { .string(plan.graph[$0].name) }),
      "criticalPath": .object([
        "seconds": .number(path.total), "nodes": .array(path.nodes.map { .string(plan.graph[$0].name) }),
      ]),
      "estimate": forecast?.json(path.total) ?? .null,
      "unsupported": Listings.unsupported(unsupported),
      "packages": MovesReport(plan, moves).json(),
    ])
    return document.document
  }

  private static func json(_ plan: Plan, _ id: NodeID, _ path: PlanPath) -> JSONValue? {
    guard let decision = DecisionKind(plan[id]) else { return nil }
    let node = plan.graph[id]
    return .object([
      "name": .string(node.name), "label": .string("\(node.label)"), "step": .string(node.step),
      "rule": .string("\(node.action.rule)"),
      "architecture": .text((node.action.architecture ?? node.label.architecture)?.name),
      "decision": .string(decision.rawValue), "stays": .boolean(plan.stays(id)),
      "opaque": .boolean(node.isOpaque),
      "cache": .boolean(node.action.usesCache),
      "key": .text(plan.key(id)?.description), "reason": reasonJSON(plan, id),
      "declaredAt": .text(node.location?.description),
      "estimateSeconds": path.seconds[id].map { .number($0) } ?? .null,
    ])
  }

  static func reasonJSON(_ plan: Plan, _ id: NodeID) -> JSONValue {
    guard let reason = plan.reason(id) else { return .null }
    let changes = Causes.changes(reason, of: id, plan)
    return .object([
      "kind": .string(reason.kind.rawValue),
      "changes": .array(changes.map(\.json)),
      "waitsFor": .array(plan.waits(of: id).map { .string(plan.graph[$0].name) }),
    ])
  }
}

extension Plan {
  /// The producers of a node's inputs whose results are not there yet.
  func waits(of id: NodeID) -> [NodeID] { graph.dependencies(of: id).filter { reason($0) != nil } }
}
