import GraphCore

/// Looks in the history for what changed below a node since it has its result, and was made into the same as before.
struct CutOffWalk {
  let history: any RunRecords
  /// The newest run that counts; all where it is `nil`.
  let run: Int64?

  /// How many records of a node are searched for its result.
  static let recordsMax = 200

  /// The result that a node has, and what was cut off below it since it was made.
  func answer(_ name: String, _ key: Key?) throws -> (WhyNotReport.Result?, [WhyNotReport.CutOff]) {
    guard let result = try result(of: name, key: key) else { return (nil, []) }
    return (result, try cutOffs(below: name, since: result.record))
  }

  /// The result that a node has: the oldest record with its key since it had another.
  ///
  /// - Parameter key: the key that it has now, where that is known; else that of its newest result.
  private func result(of name: String, key: Key?) throws -> WhyNotReport.Result? {
    let records = try history.records(ofNode: name, upTo: run, limit: Self.recordsMax)
      .filter(\.outcome.hasResult)
    guard let newest = key.map({ key in records.first { $0.key == key } }) ?? records.first else {
      return nil
    }
    // Where it was found again, what is of interest is who made it.
    let made = records.first { $0.key == newest.key && $0.outcome == .ran && $0.id <= newest.id } ?? newest
    let latest = records.first { $0.key == newest.key } ?? newest
    return WhyNotReport.Result(
      record: made, run: try history.run(made.run), hasEqualLeaves: made.deepKey == latest.deepKey)
  }

  /// The nodes on the way down from one that made, since `record`, the same outputs from other inputs.
  private func cutOffs(below name: String, since record: RecordedNode) throws -> [WhyNotReport.CutOff] {
    var found: [WhyNotReport.CutOff] = []
    var seen: Set<String> = [name]
    var open = try producers(of: name)
    while let next = open.popLast() {
      guard seen.insert(next).inserted, let (before, after) = try states(of: next, since: record),
        before.deepKey != after.deepKey
      else { continue }
      if before.key != after.key, before.outputs == after.outputs {
        found.append(
          WhyNotReport.CutOff(
            node: .init(
              name: next, title: NodeName.title(next, try history.description(ofNode: next, upTo: run))),
            run: after.run, before: before.run,
            why: try WhyReport(next, inRun: after.run, history: history)))
      } else {
        open += try producers(of: next)
      }
    }
    return found.sorted { $0.node.name.precedesInBytes($1.node.name) }
  }

  private func producers(of name: String) throws -> [String] {
    try history.description(ofNode: name, upTo: run)?.producers ?? []
  }

  /// The results of a node as of a record of another, and now.
  private func states(
    of name: String, since record: RecordedNode
  ) throws -> (before: RecordedNode, after: RecordedNode)? {
    let records = try history.records(ofNode: name, upTo: run, limit: Self.recordsMax)
      .filter(\.outcome.hasResult)
    guard let after = records.first, let before = records.first(where: { $0.id < record.id }) else {
      return nil
    }
    return (before, after)
  }
}
