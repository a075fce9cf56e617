import GraphCore
import Manifests
import Resolve

/// A compiled workspace as graphs to ask questions of: of labels, or of actions.
public struct WorkspaceQuery: Sendable {
  let graph: Graph
  let resolved: ResolvedWorkspace

  /// The packages of images, as far as they are known, each as name-version-release.arch.
  let packages: [Label: [String]]

  public init(
    _ compiled: CompiledWorkspace, _ resolved: ResolvedWorkspace, packages: [Label: [String]] = [:]
  ) {
    (graph, self.resolved, self.packages) = (compiled.graph, resolved, packages)
  }

  /// Every label with what it names outside of the workspace, and the edges between them.
  ///
  /// An edge is declared where a manifest says so, discovered where a source does (FROM, COPY --from), or both. Those
  /// from an image to its architectures are both.
  public func labels() -> QueryGraph {
    var table = ItemTable(graph)
    var edges: [QueryGraph.Edge] = []
    let declared = DeclaredEdges(resolved)
    for (from, end) in declared.all() {
      for source in table.variants(of: from) {
        guard let target = table.number(of: end, for: source) else { continue }
        edges.append(.init(from: source, to: target, origin: .declared))
      }
    }
    let pairs = Set(edges)
    for (from, to, origin) in discovered(&table) {
      // What graph.d says has become inputs of actions; it is not found a second time.
      if origin == nil, pairs.contains(.init(from: from, to: to, origin: .declared)) { continue }
      edges.append(.init(from: from, to: to, origin: origin ?? .discovered))
    }
    let numbers = table.sortOutside()
    let facts = LabelFacts(self, items: table.items)
    return QueryGraph(
      items: table.items,
      edges: edges.map { .init(from: numbers[$0.from], to: numbers[$0.to], origin: $0.origin) },
      attributeNames: LabelFacts.names, values: { facts.values($0, $1) })
  }

  /// Edges between labels that sources and actions have. The origin is `nil` where it is for the manifests to say.
  private func discovered(_ table: inout ItemTable) -> [(Int, Int, QueryGraph.Origin?)] {
    var edges: [(Int, Int, QueryGraph.Origin?)] = []
    var parents: [Int: [Int]] = [:]
    let declared = DeclaredEdges(resolved)
    for image in resolved.images {
      for from in table.variants(of: image.entry.label) {
        guard let architecture = table.items[from].label?.architecture else { continue }
        for reference in resolved.stages(of: image, for: architecture).references {
          let end: DeclaredEdges.End
          switch reference.source {
          case .target(let label): end = .label(declared.known(label))
          case .external(let name, _): end = .external(name)
          case .nothing, .stage, .folder, .unknown: continue
          }
          guard let to = table.number(of: end, for: from) else { continue }
          edges.append((from, to, .discovered))
          parents[from, default: []].append(to)
        }
      }
    }
    /// All that an image stands on by what its Dockerfile and those of its parents name.
    func stands(_ item: Int, on other: Int) -> Bool {
      var seen: Set<Int> = [item]
      var stack = [item]
      while let next = stack.popLast() {
        if next == other { return true }
        stack += (parents[next] ?? []).filter { seen.insert($0).inserted }
      }
      return false
    }
    for node in graph.nodes {
      guard let from = table.numbers[node.label] else { continue }
      if let reference = node.action.hints["reference"], node.action.rule == PullOperation.rule,
        let to = table.number(of: .external(reference), for: from)
      {
        edges.append((from, to, .discovered))
      }
      for input in node.action.inputs {
        guard case .output(let producer, _) = input.source else { continue }
        let other = graph[producer].label
        guard other != node.label, let to = table.numbers[other] else { continue }
        if other.withoutArchitecture == node.label {
          edges.append((from, to, .all))
        } else if node.action.rule == UnresolvedOperation.rule {
          // The base was read in a Dockerfile, the other parents stand in depends-on.
          if input.role == "base" { edges.append((from, to, .discovered)) }
        } else if graph.targets[node.label]?.kind == .index {
          // What is compared over architectures is read from below them; they say what the index stands on.
          continue
        } else if graph.targets[node.label]?.kind != .image {
          edges.append((from, to, nil))
        } else if ![.image, .base].contains(graph.targets[other]?.kind) || !stands(from, on: to) {
          // An image reads the layers of all that it stands on; its edges are to those that it names.
          edges.append((from, to, .discovered))
        }
      }
    }
    return edges
  }

  /// Every action, and which reads what another makes.
  public func actions() -> QueryGraph {
    // Labels in their order; the actions of one in the order of the graph.
    let order = graph.order.sorted {
      let (left, right) = (graph[$0].label, graph[$1].label)
      return left == right ? $0 < $1 : left < right
    }
    var numbers = [Int](repeating: 0, count: order.count)
    for (number, id) in order.enumerated() { numbers[Int(id.index)] = number }
    let items = order.map { id in
      let node = graph[id]
      return QueryGraph.Item(
        name: node.name, label: node.label, step: node.step, stepTitle: node.stepTitle,
        kind: node.action.rule.name, location: node.location)
    }
    let edges = order.flatMap { id in
      graph.dependencies(of: id).map {
        QueryGraph.Edge(from: numbers[Int(id.index)], to: numbers[Int($0.index)], origin: .all)
      }
    }
    let facts = LabelFacts(self, items: items)
    return QueryGraph(
      items: items, edges: edges, attributeNames: LabelFacts.names,
      values: { [graph] item, name in
        let node = graph[order[item]]
        switch name {
        case "rule": return [node.action.rule.name]
        case "opaque": return [node.isOpaque ? "true" : "false"]
        case "input": return Self.origins(of: node)
        case "step": return [node.step]
        default: return facts.values(item, name)
        }
      })
  }

  /// The files and tools that a node reads and no node makes, as people know them. Texts that declarations hold are none.
  static func origins(of node: Node) -> [String] {
    node.action.inputs.compactMap { input in
      guard case .leaf(let leaf) = input.source else { return nil }
      if case .bytes = leaf.content { return nil }
      return leaf.origin
    }
  }
}

/// The items of a query on labels, and their numbers.
struct ItemTable {
  private(set) var items: [QueryGraph.Item] = []
  private(set) var numbers: [Label: Int] = [:]
  private var outside: [DeclaredEdges.End: Int] = [:]
  private var byPlainLabel: [Label: [Int]] = [:]

  init(_ graph: Graph) {
    var locations: [Label: SourceLocation] = [:]
    for node in graph.nodes {
      if let location = node.location, locations[node.label] == nil { locations[node.label] = location }
    }
    let labels = Set(graph.targets.keys).union(graph.nodes.map(\.label)).sorted()
    for (number, label) in labels.enumerated() {
      let target = graph.targets[label]
      items.append(
        .init(
          name: label.description, label: label, kind: target?.kind.rawValue ?? "part",
          location: target.flatMap { graph[$0.node].location } ?? locations[label]))
      numbers[label] = number
      byPlainLabel[label.withoutArchitecture, default: []].append(number)
    }
  }

  /// The items of a declared label: one for each architecture, or the one that serves all. An image's index only gathers
  /// the others, and so declares nothing.
  func variants(of label: Label) -> [Int] {
    let all = byPlainLabel[label] ?? []
    let single = all.filter { items[$0].label?.architecture != nil }
    return single.isEmpty ? all : single
  }

  /// The item that an edge of `source` leads to; `nil` where the label is declared and has errors.
  mutating func number(of end: DeclaredEdges.End, for source: Int) -> Int? {
    switch end {
    case .label(let label):
      let architecture = label.architecture ?? items[source].label?.architecture
      return numbers[label.on(architecture)] ?? numbers[label.withoutArchitecture]
    case .external(let reference): return outside(end, reference, QueryGraph.Item.external)
    case .dangling(let reference): return outside(end, reference, QueryGraph.Item.dangling)
    }
  }

  private mutating func outside(_ end: DeclaredEdges.End, _ name: String, _ kind: String) -> Int {
    if let known = outside[end] { return known }
    items.append(.init(name: name, label: nil, kind: kind))
    outside[end] = items.count - 1
    return items.count - 1
  }

  /// Puts what is outside into the order of its names, behind all labels.
  ///
  /// - Returns: the new number of each item. Numbers of labels stay.
  mutating func sortOutside() -> [Int] {
    let count = numbers.count
    let order = items.indices.dropFirst(count).sorted { items[$0].name.precedesInBytes(items[$1].name) }
    var renumbered = Array(items.indices)
    for (place, old) in order.enumerated() { renumbered[old] = count + place }
    items = items.prefix(count) + order.map { items[$0] }
    outside = outside.mapValues { renumbered[$0] }
    return renumbered
  }
}
