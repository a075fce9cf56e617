/// The compiled workspace: nodes in an order where producers precede consumers, and what each label delivers.
///
/// Immutable. A view of columns (`FlatGraph`) that lie in memory or in a mapped file: a node is decoded when it is asked
/// for. Beside them stand the digests of source files and leaves, which an edit changes and the structure does not.
public struct Graph: Sendable {
  let flat: FlatGraph
  /// By number of source file.
  public private(set) var sourceDigests: DigestColumn
  /// By number of leaf.
  public private(set) var leafDigests: DigestColumn
  private var leafCache = LeafCache()
  /// What is found while actions run; `nil` in a graph that does not grow.
  private var growth: Growth?

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

  init(flat: FlatGraph, sourceDigests: DigestColumn, leafDigests: DigestColumn) {
    self.flat = flat
    self.sourceDigests = sourceDigests
    self.leafDigests = leafDigests
  }

  /// A graph from the bytes of one, and its digests.
  ///
  /// - Parameter bytes: as `bytes` of a graph gave them; that they are undamaged is the caller's to check.
  /// - Returns: `nil` where they do not fit together.
  public init?(_ bytes: FlatBytes, sourceDigests: DigestColumn, leafDigests: DigestColumn) {
    guard let flat = FlatGraph(bytes), sourceDigests.count == flat.sourceCount,
      leafDigests.count == flat.leafCount
    else { return nil }
    self.init(flat: flat, sourceDigests: sourceDigests, leafDigests: leafDigests)
  }

  /// The structure, without the digests of sources and leaves.
  public var bytes: FlatBytes { flat.owner }

  // MARK: Nodes

  public var nodeCount: Int { flat.nodeCount }

  public subscript(id: NodeID) -> Node {
    growth?.node(id) ?? unexpanded(id)
  }

  /// A compiled node without what was found for it.
  public func unexpanded(_ id: NodeID) -> Node {
    var reader = flat.reader(ofNode: Int(id.index))
    return NodeRecord.read(from: &reader, flags: flat.flags(Int(id.index))) { leaf(Int($0)) }
  }

  /// Every node, producers first. Each is decoded when it is reached.
  public var nodes: Rows<Node> { Rows(count: nodeCount) { self[NodeID(index: Int32($0))] } }

  /// Every node once, producers first.
  public var order: Rows<NodeID> { Rows(count: nodeCount) { NodeID(index: Int32($0)) } }

  /// `Node.name`, without decoding the rest.
  public func name(of id: NodeID) -> String {
    if isFound(id) { return self[id].name }
    var reader = flat.reader(ofNode: Int(id.index))
    let (label, step) = NodeRecord.name(from: &reader)
    return "\(label) \(step)"
  }

  /// `Node.label`, without decoding the rest.
  public func label(of id: NodeID) -> Label {
    if isFound(id) { return self[id].label }
    var reader = flat.reader(ofNode: Int(id.index))
    return reader.record()
  }

  /// Whether a failure of the node does not fail a build: its label is declared so, or it needs something that is.
  /// A fan-in is only where all that it stands over is.
  public func isFailable(_ id: NodeID) -> Bool { flags(id).contains(.failable) }

  /// `Node.isFanIn`, without decoding the rest.
  public func isFanIn(_ id: NodeID) -> Bool { flags(id).contains(.fanIn) }

  /// `Action.isExpanding` of a node.
  public func isExpanding(_ id: NodeID) -> Bool { flags(id).contains(.expanding) }

  /// `Action.Limits.isWaiting` of a node.
  public func isWaiting(_ id: NodeID) -> Bool { flags(id).contains(.waiting) }

  private func flags(_ id: NodeID) -> NodeRecord.Flags {
    growth?.flags(id) ?? flat.flags(Int(id.index))
  }

  /// `Action.Limits.memoryMegabytes` of a node.
  public func memoryMegabytes(_ id: NodeID) -> Int {
    isFound(id) ? self[id].action.limits.memoryMegabytes : flat.memoryMegabytes(Int(id.index))
  }

  /// The producers of a node's inputs, each once.
  public func dependencies(of id: NodeID) -> NodeList {
    NodeList(
      numbers: isFound(id) ? nil : flat.dependencies[Int(id.index)], found: growth?.dependencies(of: id) ?? []
    )
  }

  /// The nodes that read what this node makes, each once.
  public func dependents(of id: NodeID) -> NodeList {
    NodeList(
      numbers: isFound(id) ? nil : flat.dependents[Int(id.index)], found: growth?.dependents(of: id) ?? [])
  }

  /// `roots` and everything they need, producers first.
  public func closure(of roots: some Sequence<NodeID>) -> [NodeID] {
    wanted(by: roots).nodes
  }

  /// How many nodes `closure` has.
  public func closureCount(of roots: some Collection<NodeID>) -> Int {
    // Of everything, where everything is a target.
    roots.count == nodeCount && self.roots.count == nodeCount ? nodeCount : wanted(by: roots).count
  }

  private func wanted(by roots: some Sequence<NodeID>) -> NodeBits {
    var wanted = NodeBits(count: nodeCount)
    var stack = Array(roots)
    while let next = stack.popLast() {
      if wanted[next] { continue }
      wanted[next] = true
      stack.append(contentsOf: dependencies(of: next))
    }
    return wanted
  }

  // MARK: Found nodes

  /// The same graph, to which nodes can be added that are found while actions run. All copies of it see them.
  public func growing() -> Graph {
    var graph = self
    graph.growth = Growth(count: nodeCount) { [flat] in flat.flags($0) }
    return graph
  }

  /// Whether a node was found while actions ran, and is none of `nodes`.
  public func isFound(_ id: NodeID) -> Bool { Int(id.index) >= flat.nodeCount }

  /// Adds what an expanding node has found: it reads their results besides from now on.
  ///
  /// - Returns: the new nodes, producers first.
  /// - Throws: `GraphError(.bug)` where one reads what does not come before it, or the graph does not grow.
  public func add(_ found: [FoundNode], to collector: NodeID) throws -> [NodeID] {
    guard let growth else {
      throw GraphError(.bug, "'\(name(of: collector))' expands in a graph that cannot grow")
    }
    return try growth.add(found, to: collector, self[collector], isFailable: isFailable(collector))
  }

  // MARK: Labels

  /// What each label with its architecture delivers to a user, by the node and output that makes it.
  public var targets: TargetTable { TargetTable(flat: flat) }

  /// In label order: what is not made for an architecture that others are made for.
  public var unsupported: [UnsupportedTarget] { flat.unsupported }

  /// What a build of everything brings up to date, each once.
  public var roots: Rows<NodeID> {
    Rows(count: flat.roots.count) { [flat] in NodeID(index: flat.roots[$0]) }
  }

  /// The labels that a pattern means, in label order.
  public func labels(matching pattern: LabelPattern) -> [Label] {
    targets.keys.filter { pattern.matches($0) }
  }

  // MARK: Leaves

  /// The files of the workspace that leaves are made of, by number.
  public var sourcePaths: Rows<String> { Rows(count: flat.sourceCount) { [flat] in flat.sourcePath($0) } }

  /// A leaf input with the digests of today.
  private func leaf(_ number: Int) -> Leaf {
    if let known = leafCache[number] { return known }
    let (origin, kind, record) = flat.leaf(number)
    let artifact = Artifact(kind, leafDigests[number])
    switch record {
    case .source(let source):
      return Leaf(artifact, .file(path: flat.sourcePath(Int(source))), origin: origin)
    case .tree(let entries):
      let (layer, files) = tree(entries)
      let leaf = Leaf(artifact, .tree(layer, files: files), origin: origin)
      leafCache[number] = leaf
      return leaf
    case .bytes, .gitBlob, .tool, .stored:
      return Leaf(artifact, record.content ?? .bytes([]), origin: origin)
    }
  }

  private func tree(_ entries: [LeafRecord.TreeEntry]) -> (Layer, [Digest: Leaf.Content]) {
    var files: [Digest: Leaf.Content] = [:]
    let filled = entries.map { item -> Layer.Entry in
      guard case .file(let pinned) = item.entry.content else { return item.entry }
      var entry = item.entry
      switch item.file {
      case .source(let source):
        let digest = sourceDigests[Int(source)]
        entry.content = .file(digest)
        files[digest] = .file(path: flat.sourcePath(Int(source)))
      case .pinned(let content): files[pinned] = content
      case nil: break
      }
      return entry
    }
    return (Layer(entries: filled), files)
  }

  /// The same graph with other contents of source files.
  ///
  /// - Parameter changes: digests by number of source file.
  /// - Returns: the graph, and the nodes that read a leaf which is another one now, ascending.
  public func updating(_ changes: [Int: Digest]) -> (graph: Graph, changed: [NodeID]) {
    var graph = self
    graph.leafCache = LeafCache()
    var leaves: Set<Int32> = []
    for (source, digest) in changes where sourceDigests[source] != digest {
      graph.sourceDigests[source] = digest
      leaves.formUnion(flat.sourceLeaves[source])
    }
    var nodes: Set<NodeID> = []
    for number in leaves {
      let (_, _, record) = flat.leaf(Int(number))
      let digest: Digest? =
        switch record {
        case .source(let source): graph.sourceDigests[Int(source)]
        case .tree(let entries): graph.tree(entries).0.digest
        case .bytes, .gitBlob, .tool, .stored: nil
        }
      guard let digest, digest != leafDigests[Int(number)] else { continue }
      graph.leafDigests[Int(number)] = digest
      nodes.formUnion(flat.readers[Int(number)].map { NodeID(index: $0) })
    }
    return (graph, nodes.sorted())
  }
}
