import GraphCore

/// What differs between two states of nodes, root causes first: a node whose own facts or leaf inputs changed, or that
/// made other outputs from the same key. What only follows is counted.
public struct GraphDifference: Sendable {
  /// Nodes with the very same change.
  public struct Cause: Sendable {
    public enum Kind: String, Sendable {
      case changed, notReproducible
      /// Its key is another one, and what it was made of is not kept.
      case unknown
    }
    public let kind: Kind
    public let changes: [FactChange]
    /// By name, sorted by bytes.
    public var nodes: [Named]
    /// How many other nodes got another key because of these.
    public var behind = 0
  }

  /// A node with what people call it.
  public struct Named: Hashable, Sendable {
    public let name: String
    public let title: String
  }

  public let causes: [Cause]
  public let added: [Named]
  public let removed: [Named]
  /// How many nodes have another key than before.
  public let changedCount: Int
  /// Of these, how many only because of what they read.
  public let cascadeCount: Int

  public var isEmpty: Bool { causes.isEmpty && added.isEmpty && removed.isEmpty && changedCount == 0 }

  /// - Throws: what the sides throw.
  public init(from old: GraphSide, to new: GraphSide) throws {
    let added = new.keys.keys.filter { old.keys[$0] == nil }
    let removed = old.keys.keys.filter { new.keys[$0] == nil }
    var changed: [String] = []
    var unstable: [String: [FactChange]] = [:]
    for (name, key) in new.keys {
      guard let before = old.keys[name] else { continue }
      if before != key {
        changed.append(name)
      } else if let changes = Self.outputs(old.outputs(name), new.outputs(name)) {
        unstable[name] = changes
      }
    }
    let moved = Set(changed).union(added).union(unstable.keys)
    var consumers: [String: [String]] = [:]
    var heads: [Head] = []
    for name in (changed + added).sorted(by: { $0.precedesInBytes($1) }) {
      let description = try new.description(name)
      for producer in description?.producers ?? [] where moved.contains(producer) {
        consumers[producer, default: []].append(name)
      }
      guard let before = old.keys[name], before != new.keys[name] else { continue }
      guard let first = try old.preimage(name), let second = try new.preimage(name) else {
        heads.append(Head(name: name, kind: .unknown, changes: []))
        continue
      }
      let all = FactChange.all(
        PreimageDifference(from: first, to: second).changes, before: try old.description(name),
        after: description, title: { $0 })
      let own = all.filter { change in change.producer.map { !moved.contains($0.name) } ?? true }
      if !own.isEmpty { heads.append(Head(name: name, kind: .changed, changes: own)) }
    }
    for (name, changes) in unstable.sorted(by: { $0.key.precedesInBytes($1.key) }) {
      heads.append(Head(name: name, kind: .notReproducible, changes: changes))
    }
    func named(_ name: String, _ side: GraphSide) throws -> Named {
      Named(name: name, title: NodeName.title(name, try side.description(name)))
    }
    causes = try Self.grouped(heads, consumers, changed: Set(changed)) { try named($0, new) }
    self.added = try added.sorted { $0.precedesInBytes($1) }.map { try named($0, new) }
    self.removed = try removed.sorted { $0.precedesInBytes($1) }.map { try named($0, old) }
    changedCount = changed.count
    cascadeCount = changed.count - heads.count { $0.kind != .notReproducible }
  }

  private struct Head {
    let name: String
    let kind: Cause.Kind
    let changes: [FactChange]
  }

  /// Outputs that differ though the key is the same.
  private static func outputs(
    _ old: [String: Artifact]?, _ new: [String: Artifact]?
  ) -> [FactChange]? {
    guard let old, let new, old != new else { return nil }
    let changes = Set(old.keys).union(new.keys).sorted { $0.precedesInBytes($1) }.compactMap { name in
      old[name] == new[name]
        ? nil
        : FactChange(
          .init(fact: "output", name: name, old: old[name]?.description, new: new[name]?.description),
          from: nil, title: { $0 })
    }
    return changes.isEmpty ? nil : changes
  }

  /// Heads with the very same changes as one cause, and how many of the changed nodes follow from it.
  private static func grouped(
    _ heads: [Head], _ consumers: [String: [String]], changed: Set<String>,
    named: (String) throws -> Named
  ) throws -> [Cause] {
    struct Signature: Hashable {
      let kind: Cause.Kind
      let changes: [FactChange]
    }
    var numbers: [Signature: Int] = [:]
    var causes: [Cause] = []
    for head in heads {
      let signature = Signature(kind: head.kind, changes: head.changes)
      if let number = numbers[signature] {
        causes[number].nodes.append(try named(head.name))
      } else {
        numbers[signature] = causes.count
        causes.append(Cause(kind: head.kind, changes: head.changes, nodes: [try named(head.name)]))
      }
    }
    for number in causes.indices {
      let own = Set(causes[number].nodes.map(\.name))
      var found: Set<String> = []
      var stack = Array(own)
      while let next = stack.popLast() {
        for consumer in consumers[next] ?? [] where found.insert(consumer).inserted { stack.append(consumer) }
      }
      causes[number].behind = found.subtracting(own).intersection(changed).count
    }
    // The greatest effect first; what has the same effect in the order of names.
    return causes.enumerated().sorted { ($1.element.behind, $0.offset) < ($0.element.behind, $1.offset) }
      .map(\.element)
  }
}
