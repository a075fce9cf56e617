/// Answers queries on a graph. Each function and sign costs at most one walk over items and edges.
public struct QueryEvaluator: Sendable {
  public let graph: QueryGraph
  private let byName: [PlainName: [Int]]

  private struct PlainName: Hashable {
    let package: String
    let name: String
  }

  public init(_ graph: QueryGraph) {
    self.graph = graph
    var byName: [PlainName: [Int]] = [:]
    for (number, item) in graph.items.enumerated() {
      guard let label = item.label else { continue }
      byName[PlainName(package: label.package, name: label.name), default: []].append(number)
    }
    self.byName = byName
  }

  /// What a query gives: items in the order of the graph, or of the way where it asks for one.
  public struct Answer: Hashable, Sendable {
    public let items: [Int]
    /// Whether the order means something.
    public let isPath: Bool

    public init(items: [Int], isPath: Bool) { (self.items, self.isPath) = (items, isPath) }
  }

  /// - Throws: `QueryError` for a label that does not exist, or an attribute that nothing has.
  public func answer(_ query: QueryExpression) throws(QueryError) -> Answer {
    if case .call(let function, let arguments) = query.root.form, function.name == .somepath {
      var scope = Scope(text: query.text)
      let ends = try sets(arguments, &scope)
      return Answer(items: path(from: ends[0], to: ends[1]), isPath: true)
    }
    var scope = Scope(text: query.text)
    return Answer(items: try evaluate(query.root, &scope).members, isPath: false)
  }

  /// The query's text, and what `let` has bound.
  private struct Scope {
    let text: String
    var values: [String: QuerySet] = [:]
  }

  private var empty: QuerySet { QuerySet(capacity: graph.items.count) }

  private func evaluate(_ term: QueryExpression.Term, _ scope: inout Scope) throws(QueryError) -> QuerySet {
    switch term.form {
    case .atom(let pattern, let step): return try atom(pattern, step, term.range, scope)
    case .variable(let name): return scope.values[name] ?? empty
    case .set(let members):
      var all = empty
      for member in members { all.formUnion(try evaluate(member, &scope)) }
      return all
    case .operations(let first, let operations):
      var result = try evaluate(first, &scope)
      for (sign, term) in operations {
        let other = try evaluate(term, &scope)
        switch sign {
        case .union: result.formUnion(other)
        case .intersect: result.formIntersection(other)
        case .except: result.subtract(other)
        }
      }
      return result
    case .binding(let name, let value, let body):
      let outer = scope.values[name]
      scope.values[name] = try evaluate(value, &scope)
      let result = try evaluate(body, &scope)
      scope.values[name] = outer
      return result
    case .call(let function, let arguments): return try call(function, arguments, &scope)
    }
  }

  // MARK: Labels

  private func atom(
    _ pattern: LabelPattern, _ step: String?, _ range: Range<Int>, _ scope: Scope
  ) throws(QueryError) -> QuerySet {
    let candidates: any Sequence<Int>
    if let label = pattern.exactLabel {
      candidates = byName[PlainName(package: label.package, name: label.name)] ?? []
    } else {
      candidates = graph.items.indices
    }
    var found = empty
    for number in candidates {
      guard let label = graph.items[number].label, pattern.matches(label) else { continue }
      if let step, !isStep(step, graph.items[number]) { continue }
      found.insert(number)
    }
    // That there is nothing at all is no mistake of the query.
    if found.isEmpty, pattern.description != "//..." || step != nil {
      let name = step.map { "\(pattern) \($0)" } ?? pattern.description
      throw QueryError("nothing is called '\(name)'", in: scope.text, at: range, hint: hint(pattern, step))
    }
    return found
  }

  private func isStep(_ step: String, _ item: QueryGraph.Item) -> Bool {
    item.step == step || item.stepTitle.map { "\($0) ".hasPrefix(step + " ") } == true
  }

  private func hint(_ pattern: LabelPattern, _ step: String?) -> String {
    let labels = graph.items.compactMap(\.label)
    if step != nil, labels.contains(where: pattern.matches) {
      return "the label is there, and has no such step; steps are found with --nodes"
    }
    let text = pattern.description
    let near =
      Nearest.match(
        for: text, among: Set(labels.map { Label(package: $0.package, name: $0.name).description }).sorted())
      ?? Nearest.match(for: text, among: Set(labels.map(\.description)).sorted())
    return near.map { "did you mean '\($0)'?" } ?? "'graph ls' lists all targets"
  }

  // MARK: Functions

  private func call(
    _ function: QueryFunction, _ arguments: [QueryExpression.Argument], _ scope: inout Scope
  ) throws(QueryError) -> QuerySet {
    let sets = try sets(arguments, &scope)
    let words = arguments.compactMap {
      if case .word(let word, let range) = $0 { (word, range) } else { nil }
    }
    let depth = arguments.compactMap { if case .depth(let depth) = $0 { depth } else { nil } }.first
    switch function.name {
    case .deps: return reach(from: sets[0], depth) { graph.dependencies(of: $0) }
    case .rdeps:
      guard sets.count == 2 else { return reach(from: sets[0], depth) { graph.dependents(of: $0) } }
      let universe = reach(from: sets[0], nil) { graph.dependencies(of: $0) }
      return reach(from: sets[1], depth, within: universe) { graph.dependents(of: $0) }
    case .allpaths:
      let below = reach(from: sets[0], nil) { graph.dependencies(of: $0) }
      return reach(from: sets[1], nil, within: below) { graph.dependents(of: $0) }
    case .somepath: return QuerySet(capacity: graph.items.count, path(from: sets[0], to: sets[1]))
    case .kind: return select(sets[0], words[0].0) { [graph.items[$0].kind] }
    case .arch: return select(sets[0], words[0].0) { [graph.items[$0].label?.architecture?.name ?? "none"] }
    case .filter: return select(sets[0], words[0].0) { [graph.items[$0].name] }
    case .attr:
      try check(attribute: words[0].0, words[0].1, scope)
      return select(sets[0], words[1].0) { graph.values($0, words[0].0) }
    case .rpm:
      let all = sets.first ?? QuerySet(capacity: graph.items.count, Array(graph.items.indices))
      return select(all, words[0].0) {
        graph.values($0, QueryGraph.packages).flatMap(QueryGraph.packageNames)
      }
    case .set: return empty
    case .external:
      let outside = QuerySet(
        capacity: graph.items.count, graph.items.indices.filter { graph.items[$0].label == nil })
      return select(outside, words.first?.0 ?? "*") { [graph.items[$0].name] }
    case .roots: return withoutNeighbours(sets[0]) { graph.dependents(of: $0) }
    case .leaves: return withoutNeighbours(sets[0]) { graph.dependencies(of: $0) }
    }
  }

  private func sets(
    _ arguments: [QueryExpression.Argument], _ scope: inout Scope
  ) throws(QueryError) -> [QuerySet] {
    var sets: [QuerySet] = []
    for case .term(let term) in arguments { sets.append(try evaluate(term, &scope)) }
    return sets
  }

  private func check(attribute: String, _ range: Range<Int>, _ scope: Scope) throws(QueryError) {
    if graph.attributeNames.contains(attribute) { return }
    let near =
      Nearest.match(for: attribute, among: graph.attributeNames).map { "did you mean '\($0)'? " } ?? ""
    throw QueryError(
      "nothing has an attribute '\(attribute)'", in: scope.text, at: range,
      hint: near + "attributes: " + graph.attributeNames.joined(separator: ", "))
  }

  private func select(_ set: QuerySet, _ pattern: String, _ values: (Int) -> [String]) -> QuerySet {
    let glob = Glob(pattern)
    return QuerySet(
      capacity: graph.items.count, set.members.filter { values($0).contains(where: glob.matches) })
  }

  /// `start`, as far as it is within bounds, and what is reached from it over at most `depth` edges.
  private func reach(
    from start: QuerySet, _ depth: Int?, within bounds: QuerySet? = nil,
    _ neighbours: (Int) -> ArraySlice<Int32>
  ) -> QuerySet {
    var reached = start
    if let bounds { reached.formIntersection(bounds) }
    var front = reached.members
    var edges = 0
    while !front.isEmpty, depth.map({ edges < $0 }) ?? true {
      var next: [Int] = []
      for item in front {
        for neighbour in neighbours(item) where bounds?.contains(Int(neighbour)) != false {
          if reached.insert(Int(neighbour)) { next.append(Int(neighbour)) }
        }
      }
      front = next
      edges += 1
    }
    return reached
  }

  /// A shortest way, of several the one whose items come first; empty where there is none.
  private func path(from start: QuerySet, to end: QuerySet) -> [Int] {
    var cameFrom = [Int32](repeating: -1, count: graph.items.count)
    var seen = start
    var front = start.members
    while !front.isEmpty {
      if let goal = front.first(where: end.contains) {
        var path = [goal]
        while let last = path.last, cameFrom[last] >= 0 { path.append(Int(cameFrom[last])) }
        return path.reversed()
      }
      var next: [Int] = []
      for item in front {
        for neighbour in graph.dependencies(of: item) where seen.insert(Int(neighbour)) {
          cameFrom[Int(neighbour)] = Int32(item)
          next.append(Int(neighbour))
        }
      }
      front = next
    }
    return []
  }

  private func withoutNeighbours(_ set: QuerySet, _ neighbours: (Int) -> ArraySlice<Int32>) -> QuerySet {
    QuerySet(
      capacity: graph.items.count,
      set.members.filter { item in
        !neighbours(item).contains { Int($0) != item && set.contains(Int($0)) }
      })
  }
}
