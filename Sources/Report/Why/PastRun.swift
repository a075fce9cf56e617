import GraphCore

/// How a node came to a result, by the history: what it was made in, and what was different from the result before.
public struct PastRun: Sendable {
  public enum Finding: Sendable {
    /// These facts differ from those of the result before.
    case changed([FactChange])
    /// It never had a result before.
    case new
    /// The very same action made another output.
    case notReproducible(output: String)
    /// What it or the one before was made of is not kept.
    case unknown
    /// The history has nothing of the node.
    case none
  }

  public let finding: Finding
  /// The record that is explained; `nil` where the history has none.
  public let record: RecordedNode?
  /// The first with the same key after `before`: where the change was made. Mostly `record` itself.
  public let first: RecordedNode?
  /// The one that it is compared with.
  public let before: RecordedNode?
  private let starts: [Int64: Double]

  public var changes: [FactChange] { if case .changed(let changes) = finding { changes } else { [] } }

  /// How many records of a node are searched for the one that made an older input.
  static let recordsMax = 200

  /// - Parameters:
  ///   - run: the newest run that counts; all where it is `nil`.
  ///   - change: of a consumer: the result is meant that made its new value.
  ///   - node: as a graph has it, which knows more of it than the history of older versions.
  init(
    _ name: String, upTo run: Int64?, change: FactChange?, history: any RunRecords,
    node: (node: Node, graph: GraphCore.Graph)?
  ) throws {
    let records = try history.records(ofNode: name, upTo: run, limit: Self.recordsMax)
    let (after, before) = Self.pair(records, change)
    (record, self.before) = (after, before)
    first = after.flatMap { after in
      records.last { $0.id > before?.id ?? -1 && $0.id <= after.id && $0.key == after.key }
    }
    var starts: [Int64: Double] = [:]
    for run in Set([record, first].compactMap { $0?.run }) { starts[run] = try history.run(run)?.started }
    self.starts = starts
    guard let after else {
      finding = .none
      return
    }
    guard let before else {
      finding = after.key == nil ? .unknown : .new
      return
    }
    guard before.key != after.key else {
      finding = .notReproducible(output: change?.producer?.output ?? "")
      return
    }
    guard let first = try before.key.flatMap(history.preimage),
      let second = try after.key.flatMap(history.preimage)
    else {
      finding = .unknown
      return
    }
    let changes = PreimageDifference(from: first, to: second).changes
    func title(_ name: String) -> String {
      if let node, let found = node.graph.producer(named: name, of: node.node) { return found.title }
      return NodeName.title(name, (try? history.description(ofNode: name, upTo: run)) ?? nil)
    }
    let description = try history.description(ofNode: name, upTo: after.run)
    finding = .changed(
      description == nil && node != nil
        ? node.map { FactChange.all(changes, of: $0.node, in: $0.graph) } ?? []
        : FactChange.all(
          changes, before: try history.description(ofNode: name, upTo: before.run), after: description,
          title: title))
  }

  /// ` in run 5 (2026-11-21T04:04:36Z)`; empty where there is no record.
  func moment(_ record: RecordedNode?) -> String {
    guard let record else { return "" }
    return " in run \(record.run)" + (starts[record.run].map { " (\(Times.text($0)))" } ?? "")
  }

  /// The record that is meant, and the one before it that it is compared with.
  private static func pair(
    _ records: [RecordedNode], _ change: FactChange?
  ) -> (after: RecordedNode?, before: RecordedNode?) {
    if let change, let output = change.producer?.output,
      let (old, new) = pair(records, output: output, old: change.old, new: change.new)
    {
      return (new, old)
    }
    // What was skipped or interrupted had no key, and says nothing of why.
    guard let newest = records.first(where: { $0.key != nil && $0.outcome != .interrupted }) else {
      return (records.first, nil)
    }
    return (newest, records.first { $0.id < newest.id && $0.outcome.hasResult && $0.key != newest.key })
  }

  /// The newest record that made `old` with `new` made after it, and the first after it that made `new`: later ones
  /// that made `new` again changed nothing for the consumer.
  private static func pair(
    _ all: [RecordedNode], output: String, old: String?, new: String?
  ) -> (old: RecordedNode, new: RecordedNode)? {
    let records = all.filter(\.outcome.hasResult)
    func made(_ record: RecordedNode) -> String? { record.outputs[output]?.description }
    guard let old, let new, let newest = records.firstIndex(where: { made($0) == new }),
      let before = records[newest...].firstIndex(where: { made($0) == old }),
      let after = records[..<before].last(where: { made($0) == new })
    else { return nil }
    return (records[before], after)
  }
}

extension GraphCore.Graph {
  /// The producer of a node's inputs that has a name.
  fileprivate func producer(named name: String, of node: Node) -> Node? {
    for case .output(let producer, _) in node.action.inputs.map(\.source) where self[producer].name == name {
      return self[producer]
    }
    return nil
  }
}
