import Synchronization

/// An action that was found to be needed while others ran, as part of what an expanding node does.
public struct FoundNode: Sendable {
  /// Unique among those of the expanding node, and the same the next time: what its history is kept under.
  public var name: String
  /// Its inputs are leaves, or outputs of nodes that were found with it and stand before it: `NodeID`s are their places.
  ///
  /// A leaf has to be made of what the expanding node reads, and of nothing else: a change of it must be a change of that, or
  /// the expanding node would be taken for up to date.
  public var action: Action
  /// What the expanding node reads of it, by role and the name of the output; none where only others read it.
  public var reads: [(role: String, output: String)]

  public init(name: String, action: Action, reads: [(role: String, output: String)]) {
    (self.name, self.action, self.reads) = (name, action, reads)
  }
}

/// The nodes that a graph got while its actions ran. They are numbered after those that were compiled.
final class Growth: Sendable {
  private let count: Int
  private let compiledFlags: @Sendable (Int) -> NodeRecord.Flags
  private let state = Mutex(State())

  private struct State {
    var nodes: [Node] = []
    var flags: [NodeRecord.Flags] = []
    /// Expanding nodes with all that they read.
    var collectors: [NodeID: Node] = [:]
    var dependencies: [NodeID: [NodeID]] = [:]
    var dependents: [NodeID: [NodeID]] = [:]
  }

  init(count: Int, flags: @escaping @Sendable (Int) -> NodeRecord.Flags) {
    (self.count, compiledFlags) = (count, flags)
  }

  func node(_ id: NodeID) -> Node? {
    state.withLock { state in
      state.collectors[id] ?? (Int(id.index) < count ? nil : state.nodes[Int(id.index) - count])
    }
  }

  func flags(_ id: NodeID) -> NodeRecord.Flags {
    Int(id.index) < count ? compiledFlags(Int(id.index)) : state.withLock { $0.flags[Int(id.index) - count] }
  }

  func dependencies(of id: NodeID) -> [NodeID] { state.withLock { $0.dependencies[id] ?? [] } }

  func dependents(of id: NodeID) -> [NodeID] { state.withLock { $0.dependents[id] ?? [] } }

  func add(
    _ found: [FoundNode], to collector: NodeID, _ node: Node, isFailable: Bool
  ) throws -> [NodeID] {
    try state.withLock { state in
      let first = count + state.nodes.count
      var (reads, added): ([Input], [NodeID]) = ([], [])
      for (place, item) in found.enumerated() {
        let id = NodeID(index: Int32(first + place))
        var action = item.action
        var producers: [NodeID] = []
        for index in action.inputs.indices {
          let input = action.inputs[index]
          guard case .output(let other, let output) = input.source else { continue }
          guard other.index >= 0, other.index < place else {
            throw GraphError(
              .bug, "'\(node.name)' found '\(item.name)', which reads what does not come before it")
          }
          let producer = NodeID(index: Int32(first) + other.index)
          action.inputs[index] = Input(input.role, .output(producer, output))
          if !producers.contains(producer) { producers.append(producer) }
        }
        let new = Node(
          label: node.label, step: "\(node.step) \(item.name)", action: action, location: node.location,
          isOpaque: node.isOpaque)
        state.nodes.append(new)
        state.flags.append(NodeRecord.Flags(new, isFailable: isFailable))
        state.dependencies[id] = producers
        for producer in producers { state.dependents[producer, default: []].append(id) }
        reads += item.reads.map { Input($0.role, .output(id, $0.output)) }
        if !item.reads.isEmpty { state.dependents[id, default: []].append(collector) }
        added.append(id)
      }
      // What it found before belongs to a pass that began again.
      state.collectors[collector] = node.replacingInputs { inputs in
        inputs.filter { input in
          if case .output(let producer, _) = input.source { Int(producer.index) < count } else { true }
        } + reads
      }
      state.dependencies[collector] = added.filter { id in state.dependents[id]?.contains(collector) ?? false
      }
      return added
    }
  }
}
