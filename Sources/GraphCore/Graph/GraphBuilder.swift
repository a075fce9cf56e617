/// Builds a `Graph`. A node's inputs must exist before it, so a cycle cannot be written: rules order their declarations
/// first and report cycles with the places that close them.
public struct GraphBuilder: Sendable {
  private var writer = FlatGraphWriter()
  private var targets: [Label: Graph.Target] = [:]
  private var names: Set<NodeName> = []
  private var failableLabels: Set<Label> = []
  private var unsupported: [UnsupportedTarget] = []

  private struct NodeName: Hashable {
    let label: Label
    let step: String
  }

  public init() {}

  /// Says that a failure of a label's nodes does not fail a build; before any of them is added.
  public mutating func allowFailure(of label: Label) { failableLabels.insert(label) }

  /// Says what is not made, where nothing delivers it.
  public mutating func leaveOut(_ targets: some Sequence<UnsupportedTarget>) { unsupported += targets }

  /// Adds a node and returns its number. A second node of the same label and step gets a numbered step.
  public mutating func add(_ node: Node) -> NodeID {
    for case .output(let producer, _) in node.action.inputs.map(\.source) {
      precondition(
        Int(producer.index) < writer.nodeCount,
        "an input of '\(node.name)' comes from a node that is not there yet")
    }
    var unique = node
    var number = 2
    while !names.insert(NodeName(label: unique.label, step: unique.step)).inserted {
      unique = Node(
        label: node.label, step: "\(node.step) (\(number))", detail: node.detail, action: node.action,
        location: node.location, isOpaque: node.isOpaque, isFanIn: node.isFanIn)
      number += 1
    }
    writer.add(unique, isFailable: isFailable(unique))
    return NodeID(index: Int32(writer.nodeCount - 1))
  }

  private func isFailable(_ node: Node) -> Bool {
    if failableLabels.contains(node.label) { return true }
    var producers = node.action.inputs.compactMap { input in
      if case .output(let producer, _) = input.source { writer.isFailable(producer.index) } else { nil }
    }[...]
    guard let first = producers.popFirst() else { return false }
    return node.isFanIn ? first && producers.allSatisfy { $0 } : first || producers.contains(true)
  }

  /// Whether a failure of a node that was added does not fail a build.
  public func isFailable(_ id: NodeID) -> Bool { writer.isFailable(id.index) }

  /// Says what a label delivers, in place of what was said before.
  public mutating func deliver(_ label: Label, _ target: Graph.Target) { targets[label] = target }

  /// What a label delivers so far.
  public func target(_ label: Label) -> Graph.Target? { targets[label] }

  public subscript(id: NodeID) -> Node { writer.node(Int(id.index)) }

  /// The finished graph.
  public consuming func build() -> Graph {
    let left = unsupported.filter { targets[$0.label] == nil }.sorted { $0.label < $1.label }
    return writer.finish(targets: targets, unsupported: left)
  }
}
