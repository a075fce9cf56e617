import GraphCore
import Manifests

/// The entries of the index and the edges between them, declared (`depends-on`) and discovered (FROM), without
/// architectures: what can be said of an index before anything is compiled.
public struct EntryGraph: Sendable {
  /// Who stands on what, and where that is written.
  public struct Edge: Sendable, Hashable {
    public enum Origin: Sendable, Hashable { case declared, discovered }

    /// What an entry stands on.
    public enum Parent: Sendable, Hashable {
      /// An entry, or a base of the workspace.
      case target(Label)
      /// An image of a registry.
      case external(String)
      /// A name that means nothing here: it is kept as a parent outside the index.
      case missing(String)
      case scratch
    }

    public let child: Label
    public let parent: Parent
    public let origin: Origin
    /// As written.
    public let name: Located<String>

    /// Whether an entry names itself.
    public var isSelf: Bool { parent == .target(child) }
  }

  private struct Known: Hashable {
    let parent: Edge.Parent
    let origin: Edge.Origin
  }

  /// In the order of declaration.
  public let labels: [Label]
  /// In the order of their children, declared ones first.
  public let edges: [Edge]
  private let indices: [Label: Int]
  /// Positions in `edges`, by child.
  private let edgesByChild: [[Int]]
  /// By child: positions in `edges` of those that lead to an entry, and its position in `labels`.
  private let parents: [[(edge: Int, entry: Int)]]

  /// - Parameter images: those of the entries whose Dockerfiles are known.
  public init(_ workspace: Workspace, names: ImageNames, images: [ResolvedImage] = []) {
    var labels: [Label] = []
    var indices: [Label: Int] = [:]
    for entry in workspace.images where indices[entry.label] == nil {
      indices[entry.label] = labels.count
      labels.append(entry.label)
    }
    let tags = Dictionary(grouping: labels) { Label(package: $0.package, name: $0.name) }
    let images = Dictionary(
      images.map { ($0.entry.label, $0) }, uniquingKeysWith: { first, _ in first })
    var edges: [Edge] = []
    var edgesByChild = [[Int]](repeating: [], count: labels.count)
    var seen: Set<Label> = []
    for entry in workspace.images where seen.insert(entry.label).inserted {
      let child = entry.label
      var known: Set<Known> = []
      func target(_ label: Label) -> Edge.Parent {
        // Without a tag, `latest` is meant, or the only one there is.
        let plain = label.withoutArchitecture
        let all = plain.tag == nil ? tags[plain] ?? [] : []
        return .target((all.count == 1 ? all.first : all.first { $0.tag == "latest" }) ?? plain)
      }
      func add(_ name: Located<String>, _ parent: Edge.Parent, _ origin: Edge.Origin) {
        guard known.insert(Known(parent: parent, origin: origin)).inserted else { return }
        edgesByChild[indices[child] ?? 0].append(edges.count)
        edges.append(Edge(child: child, parent: parent, origin: origin, name: name))
      }
      for item in entry.dependsOn {
        switch names.meaning(of: item.value, hinting: false) {
        case .target(let label): add(item, target(label), .declared)
        case .external(let reference, _): add(item, .external(reference), .declared)
        case .unknown: add(item, .missing(item.value), .declared)
        }
      }
      guard let image = images[child] else { continue }
      for architecture in workspace.settings.architectures.map(\.value) {
        let plan = names.stages(of: image, for: architecture, in: workspace)
        for reference in plan.references {
          switch reference.source {
          case .target(let label): add(reference.name, target(label), .discovered)
          case .external(let external, _): add(reference.name, .external(external), .discovered)
          case .nothing: add(reference.name, .scratch, .discovered)
          // Compiling says what means nothing.
          case .stage, .folder, .unknown: continue
          }
        }
      }
    }
    parents = edgesByChild.map { positions in
      positions.compactMap { position in
        let edge = edges[position]
        // An edge that an entry declares to itself is dropped.
        guard case .target(let label) = edge.parent, !(edge.isSelf && edge.origin == .declared) else {
          return nil
        }
        return indices[label].map { (position, $0) }
      }
    }
    (self.labels, self.indices, self.edges, self.edgesByChild) = (labels, indices, edges, edgesByChild)
  }

  /// The edges of an entry to what it stands on.
  public func edges(of label: Label) -> [Edge] {
    indices[label].map { edgesByChild[$0].map { edges[$0] } } ?? []
  }

  // MARK: Order

  /// Entries in an order where what one stands on comes first; within a cycle, in some order that is always the same.
  public var parentsFirst: [Label] { order.map { labels[$0] } }

  // Depth first, with a list of what is open, because a chain may be as long as the index.
  private var order: [Int] {
    var order: [Int] = []
    var isMet = [Bool](repeating: false, count: labels.count)
    for start in labels.indices where !isMet[start] {
      isMet[start] = true
      var open = [(entry: start, next: 0)]
      while let (index, next) = open.last {
        if next < parents[index].count {
          open[open.count - 1].next += 1
          let parent = parents[index][next].entry
          if !isMet[parent] {
            isMet[parent] = true
            open.append((parent, 0))
          }
        } else {
          order.append(index)
          open.removeLast()
        }
      }
    }
    return order
  }

  /// How many entries are below each on its longest chain. Entries of a cycle are counted as if it were open.
  public var depths: [Label: Int] {
    var depths: [Label: Int] = [:]
    for index in order {
      let below = parents[index].compactMap { depths[labels[$0.entry]] }
      depths[labels[index]] = below.max().map { $0 + 1 } ?? 0
    }
    return depths
  }

  /// All entries that stand on one, directly or not.
  public func dependants(of label: Label) -> Set<Label> {
    var children: [Int: [Int]] = [:]
    for (child, parents) in parents.enumerated() {
      for parent in parents { children[parent.entry, default: []].append(child) }
    }
    var found: Set<Int> = []
    var open = indices[label].map { [$0] } ?? []
    while let next = open.popLast() {
      for child in children[next] ?? [] where found.insert(child).inserted { open.append(child) }
    }
    return Set(found.map { labels[$0] }).subtracting([label])
  }
}

// MARK: Cycles

extension EntryGraph {
  /// For each group of entries that need each other, its shortest cycle: edges from child to parent, back to the first
  /// child. Begins with the entry that is declared first.
  public var shortestCycles: [[Edge]] { groups.compactMap(shortestCycle) }

  /// The entries that are part of a cycle.
  public var inCycles: Set<Label> { Set(groups.joined().map { labels[$0] }) }

  /// Strongly connected components that hold a cycle (Tarjan's algorithm, with a list in place of recursion).
  private var groups: [[Int]] {
    var groups: [[Int]] = []
    var number = [Int](repeating: -1, count: labels.count)
    var low = number
    var isOpen = [Bool](repeating: false, count: labels.count)
    var (stack, count): ([Int], Int) = ([], 0)
    for start in labels.indices where number[start] < 0 {
      var calls = [(entry: start, next: 0)]
      while let (index, next) = calls.last {
        if next == 0, number[index] < 0 {
          (number[index], low[index]) = (count, count)
          count += 1
          stack.append(index)
          isOpen[index] = true
        }
        if next < parents[index].count {
          calls[calls.count - 1].next += 1
          let parent = parents[index][next].entry
          if number[parent] < 0 {
            calls.append((parent, 0))
          } else if isOpen[parent] {
            low[index] = min(low[index], number[parent])
          }
          continue
        }
        calls.removeLast()
        if let caller = calls.last?.entry { low[caller] = min(low[caller], low[index]) }
        guard low[index] == number[index] else { continue }
        var group: [Int] = []
        while let member = stack.popLast() {
          isOpen[member] = false
          group.append(member)
          if member == index { break }
        }
        let isLoop = group.count > 1 || parents[index].contains { $0.entry == index }
        if isLoop { groups.append(group.sorted()) }
      }
    }
    return groups.sorted { ($0.first ?? 0) < ($1.first ?? 0) }
  }

  // Enough for every index that people write; in a larger group a short cycle is still found, if not the shortest.
  private static let startsMax = 100

  private func shortestCycle(in group: [Int]) -> [Edge]? {
    var isMember = [Bool](repeating: false, count: labels.count)
    for member in group { isMember[member] = true }
    var best: [Edge]?
    for start in group.prefix(Self.startsMax) {
      // Breadth first from an entry to itself.
      var cameBy: [Int: (edge: Int, child: Int)] = [:]
      var wave = [start]
      search: while !wave.isEmpty {
        var following: [Int] = []
        for index in wave {
          for (edge, parent) in parents[index] where isMember[parent] && cameBy[parent] == nil {
            cameBy[parent] = (edge, index)
            if parent == start { break search }
            following.append(parent)
          }
        }
        wave = following
      }
      var path: [Edge] = []
      var at = start
      while let (edge, child) = cameBy[at] {
        path.append(edges[edge])
        if child == start { break }
        at = child
      }
      if !path.isEmpty, path.count < best?.count ?? .max { best = path.reversed() }
      if best?.count == 1 { break }
    }
    return best
  }

  /// One error for each group of entries that need each other.
  public var cycleDiagnostics: [Diagnostic] {
    shortestCycles.compactMap { cycle in
      guard let first = cycle.first, let last = cycle.last else { return nil }
      func parent(_ edge: Edge) -> String {
        if case .target(let label) = edge.parent { label.description } else { "" }
      }
      func listed(_ texts: [String], _ separator: String) -> String {
        let shown = texts.prefix(20).joined(separator: separator)
        return texts.count > 20 ? "\(shown)\(separator)… (\(texts.count - 20) more)" : shown
      }
      let path = listed([first.child.description] + cycle.map(parent), " -> ")
      let places = listed(cycle.map { "\($0.name.location) names \(parent($0))" }, "; ")
      var diagnostic = Diagnostic.error(
        "these targets need each other: \(path)", at: last.name.location, hint: "remove one of: \(places)")
      diagnostic.length = max(1, last.name.value.unicodeScalars.count)
      diagnostic.code = "cycle"
      return diagnostic
    }
  }
}

extension ResolvedWorkspace {
  /// Its entries and the edges between them.
  public var entryGraph: EntryGraph { EntryGraph(workspace, names: names, images: images) }
}
