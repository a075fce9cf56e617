import Execute
import GraphCore
import Synchronization
import Randomness
import Testing

/// Random graphs under random edits, beside an oracle that works everything out anew: a graph of texts, where rules often
/// make the same of different inputs, and some nodes find out only from their input what else there is to do.
@Suite("what a wave makes is what making everything anew makes", .timeLimit(.minutes(30)))
struct OracleTests {
  /// A graph as it is declared: nodes read texts and other nodes by their places.
  struct Declaration {
    struct Item {
      var rule: String
      var version = 1
      var texts: [String]
      var producers: [Int]
    }
    var items: [Item]

    private static let words = ["a", "b", "c a", "b\na", "c\nb\na", ""]

    static func random(_ random: inout some RandomNumberGenerator) -> Declaration {
      var items: [Item] = []
      for place in 0..<Int.random(in: 3...24, using: &random) {
        let below = (0..<place).shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
        var item = Item(rule: "", texts: [], producers: Array(below))
        item.edit(&random)
        if below.isEmpty || Bool.random(using: &random) {
          item.texts = [words.randomElement(using: &random) ?? ""]
        }
        items.append(item)
      }
      return Declaration(items: items)
    }

    /// An edit of a text, of a rule, or of what reads what; sometimes none.
    mutating func edit(_ random: inout some RandomNumberGenerator) {
      let place = Int.random(in: items.indices, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0...2: items[place].texts = [Self.words.randomElement(using: &random) ?? ""]
      case 3: items[place].edit(&random)
      case 4: items[place].version += 1
      default:
        let producers = (0..<place).shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
        if !producers.isEmpty { items[place].producers = Array(producers) }
      }
    }

    /// What every node has to make.
    func values() -> [String] {
      var values: [String] = []
      for item in items {
        let texts = item.texts + item.producers.map { values[$0] }
        values.append(
          item.rule == "each"
            ? OracleTests.lines(of: texts).map { $0.uppercased() + "!" }.joined()
            : OracleTests.apply(item.rule, texts))
      }
      return values
    }

    /// - Parameter order: in which the nodes are added: producers first.
    func graph(order: [Int]? = nil) -> (graph: Graph, ids: [Int: NodeID]) {
      var builder = GraphBuilder()
      var ids: [Int: NodeID] = [:]
      for place in order ?? Array(items.indices) {
        let item = items[place]
        var inputs = item.texts.enumerated().map { index, text in
          Input("text/\(index)", .leaf(.text(text, origin: "text \(place)")))
        }
        for (index, producer) in item.producers.enumerated() {
          if let id = ids[producer] { inputs.append(Input("from/\(index)", .output(id, "text"))) }
        }
        var action = Action(
          rule: .init(item.rule, version: item.version), inputs: inputs, outputs: [.init("text", .blob)])
        action.isExpanding = item.rule == "each"
        let label = Label(package: "t", name: "n\(place)")
        ids[place] = builder.add(Node(label: label, step: "make", action: action))
      }
      return (builder.build(), ids)
    }

    /// The places in another order with producers first.
    func shuffledOrder(_ random: inout some RandomNumberGenerator) -> [Int] {
      var order: [Int] = []
      var left = Array(items.indices)
      while !left.isEmpty {
        let ready = left.indices.filter { place in items[left[place]].producers.allSatisfy(order.contains) }
        guard let next = ready.randomElement(using: &random) else { break }
        order.append(left.remove(at: next))
      }
      return order
    }
  }

  static func lines(of texts: [String]) -> [String] {
    Array(Set(texts.joined(separator: "\n").split(separator: "\n").map(String.init))).sorted()
  }

  static func apply(_ rule: String, _ texts: [String]) -> String {
    switch rule {
    case "concatenate", "gather": texts.joined()
    case "sort": lines(of: texts).map { $0 + "\n" }.joined()
    case "count": "\(texts.joined().count / 3)\n"
    case "upper": texts.joined().uppercased()
    case "mark": texts.joined() + "!"
    default: texts.first.map { String($0.prefix(1)) } ?? ""
    }
  }

  /// Two nodes for each line that is read: one makes it upper case, and one that stands on it adds a mark.
  struct LineExpander: Expander {
    func expand(_ node: Node, inputs: [Artifact], store: any BlobStore) throws -> [FoundNode] {
      let texts = try inputs.map { String(decoding: try store.read($0.digest), as: UTF8.self) }
      return OracleTests.lines(of: texts).enumerated().flatMap { number, line -> [FoundNode] in
        let output = [Action.Output("text", .blob)]
        return [
          FoundNode(
            name: "upper \(line)",
            action: Action(
              rule: .init("upper", version: 1),
              inputs: [Input("line", .leaf(.text(line, origin: node.name)))],
              outputs: output), reads: []),
          FoundNode(
            name: "mark \(line)",
            action: Action(
              rule: .init("mark", version: 1),
              inputs: [Input("line", .output(NodeID(index: Int32(number * 2)), "text"))], outputs: output),
            reads: [("line/\(line)", "text")]),
        ]
      }
    }
  }

  /// Counts how often each key is worked out, and by how many at once.
  final class CountingExecutor: Executor {
    let store: MemoryStore
    let runs = Mutex<[Key: Int]>([:])
    let names = Mutex<[String]>([])

    init(store: MemoryStore) { self.store = store }

    func importLeaves(of action: Action) throws { try store.importTexts(action) }

    func execute(_ task: ActionTask) async throws -> ExecutedAction {
      runs.withLock { $0[task.key, default: 0] += 1 }
      names.withLock { $0.append(task.node.name) }
      try importLeaves(of: task.action)
      for _ in 0..<Int.random(in: 0...20) { await Task.yield() }
      try Task.checkCancellation()
      var texts = try zip(task.action.inputs, task.inputs).map { ($0.role, try store.readText($1.digest)) }
      let rule = task.action.rule.name
      // An expanding node reads what was found for it, and nothing else.
      if rule == "each" { texts = texts.filter { $0.0.hasPrefix("line/") }.sorted { $0.0 < $1.0 } }
      let text = OracleTests.apply(rule == "each" ? "gather" : rule, texts.map(\.1))
      return ExecutedAction(outputs: ["text": Artifact(.blob, try store.write(Array(text.utf8)))])
    }
  }

  /// A store and a cache with all that was ever made, and the marks of the last wave.
  struct Bench {
    let store = MemoryStore()
    let cache = MemoryCache()
    let executor: CountingExecutor
    var marks: Marks?

    init() { executor = CountingExecutor(store: store) }

    func wave(_ graph: Graph, _ marks: Marks? = nil) -> Wave {
      Wave(
        graph: graph, cache: cache, store: store, executor: executor,
        options: .init(jobs: 3, keepGoing: true, memoryMegabytes: 100_000), marks: marks,
        expander: LineExpander())
    }

    /// What is marked in `graph`, with what was settled in the one before.
    func marks(_ graph: Graph) -> Marks {
      var new = Marks(graph)
      if let marks { new.settle(as: marks) }
      return new
    }
  }

  private static func check(
    _ declaration: Declaration, _ outcome: Wave.Outcome, _ ids: [Int: NodeID], _ bench: Bench, _ roots: [Int],
    _ comment: Comment
  ) throws {
    let values = declaration.values()
    for place in roots {
      let id = try #require(ids[place])
      let made = try #require(try outcome.outputs(of: id)?["text"], comment)
      #expect(try bench.store.readText(made.digest) == values[place], comment)
    }
  }

  @Test("values, plans, reasons and cutoffs of random graphs under random edits", arguments: 1...40)
  func edits(seed: Int) async throws {
    var random = SplitMix(seed: UInt64(seed))
    var bench = Bench()
    var declaration = Declaration.random(&random)
    for step in 0..<12 {
      let comment: Comment = "seed \(seed), step \(step)"
      let (compiled, ids) = declaration.graph()
      let graph = compiled.growing()
      let roots =
        Bool.random(using: &random) ? Array(declaration.items.indices) : [declaration.items.count - 1]
      let marks = bench.marks(graph)
      let wanted = roots.compactMap { ids[$0] }
      let plan = try Planner(graph: graph, cache: bench.cache, marks: marks).plan(wanted)
      // With marks and without them the plan is the same.
      let unmarked = try Planner(graph: graph, cache: bench.cache).plan(wanted)
      #expect(plan.toRun == unmarked.toRun && plan.pending == unmarked.pending, comment)
      let known = bench.executor.runs.withLock { $0 }
      bench.executor.names.withLock { $0 = [] }
      let outcome = try await bench.wave(graph, marks).run(wanted, events: Lines())
      #expect(outcome.succeeded, comment)
      try Self.check(declaration, outcome, ids, bench, roots, comment)
      // I2: no node twice, and no key ever again.
      let names = bench.executor.names.withLock { $0 }
      #expect(Set(names).count == names.count, comment)
      #expect(bench.executor.runs.withLock { $0 }.allSatisfy { $0.value == 1 }, comment)
      // I4: what ran is in the plan, or was found; all that was to run did so; the rest was cut off.
      let ran = Set(outcome.ran.filter { !graph.isFound($0) })
      #expect(ran.isSubset(of: plan.toRun + plan.pending), comment)
      // Two nodes that do the same are done once.
      let done = bench.executor.runs.withLock { $0 }
      for id in plan.toRun where !ran.contains(id) {
        let key = try #require(plan.key(id))
        #expect(known[key] == nil && done[key] == 1, comment)
      }
      let settled = Set(outcome.cutOff).union(outcome.ran).filter { !graph.isFound($0) }
      #expect(settled == Set(plan.toRun + plan.pending), comment)
      // I3: whatever ran follows from something that has a reason of its own, and its key is a new one.
      for id in plan.work {
        var reached: [NodeID] = [id]
        var next = 0
        while next < reached.count, case .cascade(let causes)? = plan.reason(reached[next]) {
          reached += causes.filter { !reached.contains($0) }
          next += 1
        }
        #expect(next < reached.count, "\(comment): '\(graph.name(of: id))' is to run for no reason")
      }
      // Nothing is left to do.
      bench.marks = outcome.marks
      let after = try Planner(graph: graph, cache: bench.cache, marks: outcome.marks).plan(wanted)
      #expect(!after.hasWork, comment)
      for _ in 0..<Int.random(in: 0...2, using: &random) { declaration.edit(&random) }
    }
  }

  @Test("the order in which nodes are declared changes no key", arguments: 1...20)
  func order(seed: Int) throws {
    var random = SplitMix(seed: UInt64(1000 + seed))
    let declaration = Declaration.random(&random)
    let (graph, ids) = declaration.graph()
    let (other, otherIDs) = declaration.graph(order: declaration.shuffledOrder(&random))
    let (marks, otherMarks) = (Marks(graph), Marks(other))
    for place in declaration.items.indices {
      let (id, otherID) = (try #require(ids[place]), try #require(otherIDs[place]))
      #expect(marks.deepKey(id) == otherMarks.deepKey(otherID))
      #expect(graph.name(of: id) == other.name(of: otherID))
    }
  }

  @Test("I5: a wave that is ended at any moment loses only what was running", arguments: 1...20)
  func ended(seed: Int) async throws {
    var random = SplitMix(seed: UInt64(2000 + seed))
    let bench = Bench()
    let declaration = Declaration.random(&random)
    let (compiled, ids) = declaration.graph()
    for _ in 0..<6 {
      let graph = compiled.growing()
      let wave = bench.wave(graph)
      let task = Task { try await wave.run(graph.order, events: Lines()) }
      for _ in 0..<Int.random(in: 0...300, using: &random) { await Task.yield() }
      let committed = bench.cache.state.withLock { Set($0.results.keys) }
      task.cancel()
      _ = try await task.value
      let before = bench.executor.runs.withLock { $0 }
      let outcome = try await bench.wave(compiled.growing()).run([], events: Lines())
      #expect(outcome.ran.isEmpty)
      let results = bench.cache.state.withLock { Set($0.results.keys) }
      #expect(committed.isSubset(of: results))
      #expect(before.keys.allSatisfy { bench.cache.result(of: $0) != nil || before[$0] ?? 0 >= 1 })
    }
    let finished = bench.cache.state.withLock { Set($0.results.keys) }
    let before = bench.executor.runs.withLock { $0 }
    let graph = compiled.growing()
    let outcome = try await bench.wave(graph).run(graph.order, events: Lines())
    #expect(outcome.succeeded)
    try Self.check(declaration, outcome, ids, bench, Array(declaration.items.indices), "seed \(seed)")
    for key in finished { #expect(bench.executor.runs.withLock { $0[key] } == before[key]) }
  }

  @Test("I10: two and eight waves at once do the work of one", arguments: [2, 8], 1...8)
  func together(count: Int, seed: Int) async throws {
    var random = SplitMix(seed: UInt64(3000 + seed))
    let bench = Bench()
    let declaration = Declaration.random(&random)
    let outcomes = try await withThrowingTaskGroup(of: (Wave.Outcome, [Int: NodeID]).self) { group in
      for _ in 0..<count {
        let (compiled, ids) = declaration.graph()
        let graph = compiled.growing()
        group.addTask { (try await bench.wave(graph).run(graph.order, events: Lines()), ids) }
      }
      return try await group.reduce(into: [(Wave.Outcome, [Int: NodeID])]()) { $0.append($1) }
    }
    for (outcome, ids) in outcomes {
      #expect(outcome.succeeded)
      try Self.check(declaration, outcome, ids, bench, Array(declaration.items.indices), "seed \(seed)")
    }
    #expect(bench.executor.runs.withLock { $0 }.allSatisfy { $0.value == 1 })
  }

  @Test(
    "what is found is planned as pending, runs in the same wave, and is found again where its input changes")
  func expansion() async throws {
    var bench = Bench()
    func build(_ text: String) async throws -> (
      value: String, names: [String], lines: [String], pending: [String]
    ) {
      let declaration = Declaration(items: [
        .init(rule: "sort", texts: [text], producers: []), .init(rule: "each", texts: [], producers: [0]),
        .init(rule: "concatenate", texts: ["<"], producers: [1]),
      ])
      let (compiled, ids) = declaration.graph()
      let graph = compiled.growing()
      let marks = bench.marks(graph)
      let root = try #require(ids[2])
      let plan = try Planner(graph: graph, cache: bench.cache, marks: marks).plan([root])
      bench.executor.names.withLock { $0 = [] }
      let events = Lines()
      let outcome = try await bench.wave(graph, marks).run([root], events: events)
      bench.marks = outcome.marks
      let made = try #require(try outcome.outputs(of: root)?["text"])
      return (
        try bench.store.readText(made.digest), bench.executor.names.withLock { $0 },
        events.lines.withLock { $0 }.filter { $0.hasPrefix("expanded") }, plan.pending.map(graph.name)
      )
    }
    let first = try await build("b\na")
    #expect(first.value == "<A!B!")
    #expect(first.pending == ["//t/n1 make", "//t/n2 make"])
    #expect(first.lines == ["expanded 1 [3, 4, 5, 6]"])
    #expect(
      first.names.sorted() == [
        "//t/n0 make", "//t/n1 make", "//t/n1 make mark a", "//t/n1 make mark b", "//t/n1 make upper a",
        "//t/n1 make upper b", "//t/n2 make",
      ])
    let same = try await build("b\na")
    #expect(same.value == "<A!B!" && same.names.isEmpty && same.lines.isEmpty && same.pending.isEmpty)
    // The same lines in another order: what finds is cut off, and nothing is asked.
    #expect(try await build("a\nb").names == ["//t/n0 make"])
    // One line more: only what belongs to it.
    let more = try await build("a\nb\nc")
    #expect(more.value == "<A!B!C!")
    #expect(
      more.names.sorted() == [
        "//t/n0 make", "//t/n1 make", "//t/n1 make mark c", "//t/n1 make upper c", "//t/n2 make",
      ])
    #expect(try await build("b\na").names.isEmpty)
  }
}

extension OracleTests.Declaration.Item {
  fileprivate mutating func edit(_ random: inout some RandomNumberGenerator) {
    rule = ["concatenate", "sort", "count", "first", "each"].randomElement(using: &random) ?? "sort"
  }
}
