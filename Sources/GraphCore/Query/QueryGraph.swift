/// What queries run over: items in the order in which they are printed, what is known of each, and edges between them.
///
/// Items are labels with what they name outside of the workspace, or actions. Unlike `Graph`, this one may hold circles:
/// what people declare need not be buildable to be asked about.
public struct QueryGraph: Sendable {
  /// Something that a query can find.
  public struct Item: Hashable, Sendable {
    /// How it is printed: a label, the name of an action, or a reference to something outside.
    public let name: String
    /// What patterns find it by; `nil` for what is outside.
    public let label: Label?
    /// Of an action: its step, alone and with what it does.
    public let step: String?
    public let stepTitle: String?
    /// `image`, `repository`; the name of an action's rule; `external` or `dangling` for what is outside.
    public let kind: String
    /// Where it is declared.
    public let location: SourceLocation?

    public init(
      name: String, label: Label?, step: String? = nil, stepTitle: String? = nil, kind: String,
      location: SourceLocation? = nil
    ) {
      (self.name, self.label, self.step, self.stepTitle) = (name, label, step, stepTitle)
      (self.kind, self.location) = (kind, location)
    }

    /// The kind of an item that a declaration names and nothing declares.
    public static let dangling = "dangling"
    /// The kind of an image of a registry.
    public static let external = "external"
  }

  /// The attribute that names the packages of an image, each as name-version-release.arch.
  public static let packages = "rpm"

  /// What patterns find a package by: its name alone, and all of it.
  public static func packageNames(_ nevra: String) -> [String] {
    let parts = nevra.split(separator: "-", omittingEmptySubsequences: false)
    return parts.count > 2 ? [parts.dropLast(2).joined(separator: "-"), nevra] : [nevra]
  }

  /// Who says that there is an edge.
  public struct Origin: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// A manifest of the workspace: `depends-on`, `members`, `inputs`.
    public static let declared = Origin(rawValue: 1)
    /// What was read in sources: FROM, COPY --from.
    public static let discovered = Origin(rawValue: 2)
    public static let all: Origin = [.declared, .discovered]
  }

  /// That one item reads, or says that it needs, another.
  public struct Edge: Hashable, Sendable {
    public let from: Int
    public let to: Int
    public let origin: Origin
    public init(from: Int, to: Int, origin: Origin) {
      (self.from, self.to, self.origin) = (from, to, origin)
    }
  }

  public let items: [Item]
  /// Each pair once, by `from` and then by `to`.
  public let edges: [Edge]
  /// The attributes that `attr` may name.
  public let attributeNames: [String]
  /// The values of an attribute of an item; empty where it has none.
  public let values: @Sendable (_ item: Int, _ attribute: String) -> [String]
  private let forward: Adjacency
  private let backward: Adjacency

  /// - Parameter edges: in any order; of equal pairs the origins are joined. Ends outside of `items` are left out.
  public init(
    items: [Item], edges: [Edge], attributeNames: [String],
    values: @escaping @Sendable (_ item: Int, _ attribute: String) -> [String]
  ) {
    var origins: [UInt64: Origin] = [:]
    for edge in edges where items.indices.contains(edge.from) && items.indices.contains(edge.to) {
      origins[UInt64(edge.from) << 32 | UInt64(edge.to), default: []].formUnion(edge.origin)
    }
    let sorted = origins.sorted { $0.key < $1.key }.map {
      Edge(from: Int($0.key >> 32), to: Int($0.key & 0xffff_ffff), origin: $0.value)
    }
    (self.items, self.edges, self.attributeNames, self.values) = (items, sorted, attributeNames, values)
    forward = Adjacency(count: items.count, sorted.map { ($0.from, $0.to) })
    backward = Adjacency(count: items.count, sorted.map { ($0.to, $0.from) })
  }

  /// The same items with only the edges that have one of these origins.
  public func keeping(_ origin: Origin) -> QueryGraph {
    QueryGraph(
      items: items, edges: edges.filter { !$0.origin.isDisjoint(with: origin) },
      attributeNames: attributeNames,
      values: values)
  }

  /// What an item needs, in the order of items.
  public func dependencies(of item: Int) -> ArraySlice<Int32> { forward[item] }

  /// What needs an item, in the order of items.
  public func dependents(of item: Int) -> ArraySlice<Int32> { backward[item] }
}

/// Neighbours of each item as one array and its bounds.
private struct Adjacency: Sendable {
  private var starts: [Int32]
  private var neighbours: [Int32]

  init(count: Int, _ pairs: [(from: Int, to: Int)]) {
    starts = [Int32](repeating: 0, count: count + 1)
    for pair in pairs { starts[pair.from + 1] += 1 }
    for index in starts.indices.dropFirst() { starts[index] += starts[index - 1] }
    var fill = starts
    neighbours = [Int32](repeating: 0, count: pairs.count)
    for pair in pairs {
      neighbours[Int(fill[pair.from])] = Int32(pair.to)
      fill[pair.from] += 1
    }
  }

  subscript(item: Int) -> ArraySlice<Int32> { neighbours[Int(starts[item])..<Int(starts[item + 1])] }
}
