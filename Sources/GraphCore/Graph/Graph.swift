/// The compiled workspace: nodes in an order where producers precede consumers, and what each label delivers.
///
/// Immutable. Edges are the `.output` inputs of the nodes' actions; columns hold them once more, both ways, as
/// compressed arrays.
public struct Graph: Sendable {
  public let nodes: [Node]
  /// What each label with its architecture delivers to a user, by the node and output that makes it.
  public let targets: [Label: Target]
  private let dependencyOffsets: [Int32]
  private let dependencies: [NodeID]
  private let dependentOffsets: [Int32]
  private let dependents: [NodeID]
  /// By node number.
  private let failable: [Bool]
  /// In label order: what is not made for an architecture that others are made for.
  public let unsupported: [UnsupportedTarget]

  /// What a label delivers.
  public struct Target: Hashable, Sendable {
    /// What kind of thing a label delivers, as `graph ls -l` and reports call it.
    public enum Kind: String, Sendable {
      case command, repository, base, image, index
    }
    public let kind: Kind
    public let node: NodeID
    public let output: String
    /// Nodes that judge what is delivered: a build of the label brings them up to date beside it.
    public let checks: [NodeID]
    public init(kind: Kind, node: NodeID, output: String, checks: [NodeID] = []) {
      self.kind = kind
      self.node = node
      self.output = output
      self.checks = checks
    }

    /// What a build of the label brings up to date.
    public var roots: [NodeID] { [node] + checks }
  }

  init(nodes: [Node], targets: [Label: Target], failable: [Bool], unsupported: [UnsupportedTarget]) {
    self.nodes = nodes
    self.targets = targets
    var offsets: [Int32] = [0]
    var edges: [NodeID] = []
    var counts = [Int32](repeating: 0, count: nodes.count + 1)
    for node in nodes {
      var seen: Set<NodeID> = []
      for case .output(let producer, _) in node.action.inputs.map(\.source)
      where seen.insert(producer).inserted {
        edges.append(producer)
        counts[Int(producer.index) + 1] += 1
      }
      offsets.append(Int32(edges.count))
    }
    for index in counts.indices.dropFirst() { counts[index] += counts[index - 1] }
    var fill = counts
    var reverse = [NodeID](repeating: NodeID(index: 0), count: edges.count)
    for consumer in nodes.indices {
      for edge in edges[Int(offsets[consumer])..<Int(offsets[consumer + 1])] {
        reverse[Int(fill[Int(edge.index)])] = NodeID(index: Int32(consumer))
        fill[Int(edge.index)] += 1
      }
    }
    (dependencyOffsets, dependencies, dependentOffsets, dependents) = (offsets, edges, counts, reverse)
    self.failable = failable
    self.unsupported = unsupported
  }

  /// Whether a failure of the node does not fail a build: its label is declared so, or it needs something that is.
  /// A fan-in is only where all that it stands over is.
  public func isFailable(_ id: NodeID) -> Bool { failable[Int(id.index)] }

  public subscript(id: NodeID) -> Node { nodes[Int(id.index)] }

  /// Every node once, producers first.
  public var order: [NodeID] { nodes.indices.map { NodeID(index: Int32($0)) } }

  /// The producers of a node's inputs, each once.
  public func dependencies(of id: NodeID) -> ArraySlice<NodeID> {
    dependencies[Int(dependencyOffsets[Int(id.index)])..<Int(dependencyOffsets[Int(id.index) + 1])]
  }

  /// The nodes that read what this node makes, each once.
  public func dependents(of id: NodeID) -> ArraySlice<NodeID> {
    dependents[Int(dependentOffsets[Int(id.index)])..<Int(dependentOffsets[Int(id.index) + 1])]
  }

  /// `roots` and everything they need, producers first.
  public func closure(of roots: some Sequence<NodeID>) -> [NodeID] {
    var wanted = [Bool](repeating: false, count: nodes.count)
    var stack = Array(roots)
    while let next = stack.popLast() {
      if wanted[Int(next.index)] { continue }
      wanted[Int(next.index)] = true
      stack.append(contentsOf: dependencies(of: next))
    }
    return order.filter { wanted[Int($0.index)] }
  }

  /// The labels that a pattern means, in label order.
  public func labels(matching pattern: LabelPattern) -> [Label] {
    targets.keys.filter { pattern.matches($0) }.sorted()
  }
}

/// Builds a `Graph`. A node's inputs must exist before it, so a cycle cannot be written: rules order their declarations
/// first and report cycles with the places that close them.
public struct GraphBuilder: Sendable {
  private var nodes: [Node] = []
  private var targets: [Label: Graph.Target] = [:]
  private var names: Set<String> = []
  private var failableLabels: Set<Label> = []
  private var failable: [Bool] = []
  private var unsupported: [UnsupportedTarget] = []

  public init() {}

  /// Says that a failure of a label's nodes does not fail a build; before any of them is added.
  public mutating func allowFailure(of label: Label) { failableLabels.insert(label) }

  /// Says what is not made, where nothing delivers it.
  public mutating func leaveOut(_ targets: some Sequence<UnsupportedTarget>) { unsupported += targets }

  /// Adds a node and returns its number. A second node of the same label and step gets a numbered step.
  public mutating func add(_ node: Node) -> NodeID {
    for case .output(let producer, _) in node.action.inputs.map(\.source) {
      precondition(
        Int(producer.index) < nodes.count,
        "an input of '\(node.name)' comes from a node that is not there yet")
    }
    var unique = node
    var number = 2
    while !names.insert(unique.name).inserted {
      unique = Node(
        label: node.label, step: "\(node.step) (\(number))", detail: node.detail, action: node.action,
        location: node.location, isOpaque: node.isOpaque, isFanIn: node.isFanIn)
      number += 1
    }
    nodes.append(unique)
    failable.append(isFailable(unique))
    return NodeID(index: Int32(nodes.count - 1))
  }

  private func isFailable(_ node: Node) -> Bool {
    if failableLabels.contains(node.label) { return true }
    var producers = node.action.inputs.compactMap { input in
      if case .output(let producer, _) = input.source { failable[Int(producer.index)] } else { nil }
    }[...]
    guard let first = producers.popFirst() else { return false }
    return node.isFanIn ? first && producers.allSatisfy { $0 } : first || producers.contains(true)
  }

  /// Whether a failure of a node that was added does not fail a build.
  public func isFailable(_ id: NodeID) -> Bool { failable[Int(id.index)] }

  /// Says what a label delivers, in place of what was said before.
  public mutating func deliver(_ label: Label, _ target: Graph.Target) { targets[label] = target }

  /// What a label delivers so far.
  public func target(_ label: Label) -> Graph.Target? { targets[label] }

  public subscript(id: NodeID) -> Node { nodes[Int(id.index)] }

  /// The finished graph.
  public consuming func build() -> Graph {
    Graph(
      nodes: nodes, targets: targets, failable: failable,
      unsupported: unsupported.filter { targets[$0.label] == nil }.sorted { $0.label < $1.label })
  }
}
