import GraphCore

/// A change of one fact of an action, with what a person needs to find it: where the new value comes from.
public struct FactChange: Hashable, Sendable {
  /// `input`, `argument`, `environment`, … as `PreimageDifference.Change` has it.
  public let fact: String
  public let name: String
  public let old: String?
  public let new: String?
  /// For an input that no node makes: its path or other origin.
  public let origin: String?
  /// For an input that a node makes: that node.
  public let producer: Producer?

  /// The node and output that an input is made by.
  public struct Producer: Hashable, Sendable {
    /// `Node.name`.
    public let name: String
    /// As people read it.
    public let title: String
    public let output: String
  }

  /// - Parameters:
  ///   - found: where the input comes from; `nil` for other facts, and where nobody knows.
  ///   - title: of a node, by its name.
  init(
    _ change: PreimageDifference.Change, from found: NodeDescription.Origin?, title: (String) -> String
  ) {
    (fact, name, old, new) = (change.fact, change.name, change.old, change.new)
    switch found {
    case .leaf(let text): (origin, producer) = (text, nil)
    case .output(let node, let output):
      (origin, producer) = (nil, Producer(name: node, title: title(node), output: output))
    case nil: (origin, producer) = (nil, nil)
    }
  }

  /// Changes of a node as it is in a graph.
  static func all(
    _ changes: [PreimageDifference.Change], of node: Node, in graph: GraphCore.Graph
  ) -> [FactChange] {
    changes.map { change in
      let source = change.fact == "input" ? node.action.inputs.first { $0.role == change.name }?.source : nil
      switch source {
      case .leaf(let leaf): return FactChange(change, from: .leaf(leaf.origin)) { $0 }
      case .output(let producer, let output):
        let producer = graph[producer]
        return FactChange(change, from: .output(node: producer.name, name: output)) { _ in producer.title }
      case nil: return FactChange(change, from: nil) { $0 }
      }
    }
  }

  /// Changes of a node as the history describes it, before and after; what is gone is known only from before.
  static func all(
    _ changes: [PreimageDifference.Change], before: NodeDescription?, after: NodeDescription?,
    title: (String) -> String
  ) -> [FactChange] {
    changes.map { change in
      let isInput = change.fact == "input"
      let description = change.new == nil ? before : after ?? before
      return FactChange(change, from: isInput ? description?.origin(of: change.name) : nil, title: title)
    }
  }

  /// `input source/index.html`, `command`.
  var subject: String { name.isEmpty ? fact : "\(fact) \(PlainText.oneLine(name))" }

  /// `input source/index.html (app/index.html): 1f0c2a9b44de -> 77aa01bc22ff`.
  var line: String { subject + place + ": " + values }

  private var place: String { origin.map { " (\(PlainText.oneLine($0)))" } ?? "" }

  private var values: String {
    guard let old else { return "new, \(Self.shown(new ?? "", fact: fact))" }
    guard let new else { return "gone, was \(Self.shown(old, fact: fact))" }
    if fact != "input", let words = Self.wordDifference(from: old, to: new) { return words }
    return "\(Self.shown(old, fact: fact, beside: new)) -> \(Self.shown(new, fact: fact, beside: old))"
  }

  /// A value for people: a digest by its first digits (with the kind where kinds differ), anything else in quotes.
  private static func shown(_ value: String, fact: String, beside other: String? = nil) -> String {
    guard ["input", "output"].contains(fact) else {
      return ["argument", "environment", "command"].contains(fact)
        ? "'\(PlainText.oneLine(value))'" : PlainText.oneLine(value)
    }
    // What the planner writes for an input whose producer has not run.
    if value == "?" { return "not known yet" }
    guard let artifact = Artifact(value) else { return PlainText.oneLine(value) }
    let otherKind = other.flatMap { Artifact($0)?.kind }
    return (otherKind == nil || otherKind == artifact.kind ? "" : "\(artifact.kind.rawValue) ")
      + artifact.digest.short
  }

  /// For long lists of words (a package set): what was added and removed, since nobody compares hundreds of words.
  private static func wordDifference(from old: String, to new: String) -> String? {
    guard old.count + new.count > longValueCharacters else { return nil }
    let before = old.split(separator: " ").map(String.init)
    let after = new.split(separator: " ").map(String.init)
    let (beforeSet, afterSet) = (Set(before), Set(after))
    let added = after.filter { !beforeSet.contains($0) }
    let removed = before.filter { !afterSet.contains($0) }
    guard !added.isEmpty || !removed.isEmpty else {
      return "the same \(Amounts.counted(after.count, "word")), in another order"
    }
    guard added.count + removed.count < max(before.count, after.count) else { return nil }
    return (removed.map { "-" + $0 } + added.map { "+" + $0 }).map(PlainText.oneLine).joined(separator: " ")
      + " (\(before.count) -> \(Amounts.counted(after.count, "word")))"
  }

  private static let longValueCharacters = 120

  var json: JSONValue {
    .object([
      "fact": .string(fact), "name": .string(name), "old": .text(old), "new": .text(new),
      "origin": .text(origin),
      "madeBy": .text(producer?.name),
    ])
  }
}
