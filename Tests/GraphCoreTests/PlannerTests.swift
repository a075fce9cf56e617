import Testing

@testable import GraphCore

@Suite("plans")
struct PlannerTests {
  static let chain = [
    Step(name: "a", texts: ["1"]), Step(name: "b", reads: ["a"]), Step(name: "c", texts: ["x"], reads: ["b"]),
  ]

  /// Builds `old`, then plans `new`: a line for each node that somebody needs.
  static func lines(
    built old: [Step], then new: [Step], forced: Set<String> = [], cache: MemoryCache = MemoryCache(),
    _ change: (MemoryCache, Graph, [String: NodeID]) -> Void = { _, _, _ in }
  ) throws -> [String] {
    if !old.isEmpty {
      let (before, ids) = graph(old)
      let last = try #require(old.last.flatMap { ids[$0.name] })
      _ = try build(try Planner(graph: before, cache: cache).plan([last]), old, cache)
      change(cache, before, ids)
    }
    let (after, ids) = graph(new)
    let root = try #require(new.last.flatMap { ids[$0.name] })
    let plan = try Planner(graph: after, cache: cache, forced: Set(forced.compactMap { ids[$0] })).plan([root]
    )
    return plan.needed.map { id in
      let name = after[id].label.name
      func text(_ reason: Plan.Reason) -> String {
        switch reason {
        case .new: "new"
        case .changed(let changes):
          "changed " + changes.map { "\($0.fact) \($0.name)" }.joined(separator: ",")
        case .cascade(let from): "cascade " + from.map { after[$0].label.name }.joined(separator: ",")
        case .lost: "lost"
        case .forced: "forced"
        case .assumed: "assumed"
        }
      }
      return switch plan[id] {
      case .cached: "\(name) cached"
      case .run(let reason): "\(name) run: \(text(reason))"
      case .pending(let reason): "\(name) pending: \(text(reason))"
      case .unneeded: "\(name) unneeded?"
      }
    }
  }

  static func changed(_ name: String, _ text: String) -> [Step] {
    chain.map { $0.name == name ? Step(name: name, texts: [text], reads: $0.reads) : $0 }
  }

  @Test("nothing was ever built")
  func new() throws {
    #expect(
      try Self.lines(built: [], then: Self.chain) == ["a run: new", "b pending: new", "c pending: new"])
  }

  @Test("nothing changed: only the root is looked at")
  func nothing() throws {
    #expect(try Self.lines(built: Self.chain, then: Self.chain) == ["c cached"])
  }

  @Test("a changed leaf, and what stands on it")
  func leaf() throws {
    #expect(
      try Self.lines(built: Self.chain, then: Self.changed("a", "2"))
        == ["a run: changed input text/0", "b pending: cascade a", "c pending: cascade b"])
    #expect(
      try Self.lines(built: Self.chain, then: Self.changed("c", "y")) == [
        "b cached", "c run: changed input text/0",
      ])
  }

  @Test("a node whose own facts changed too says so, not that it waits")
  func both() throws {
    let new = [
      Step(name: "a", texts: ["2"]), Step(name: "b", reads: ["a"]),
      Step(name: "c", texts: ["y"], reads: ["b"]),
    ]
    #expect(
      try Self.lines(built: Self.chain, then: new)
        == ["a run: changed input text/0", "b pending: cascade a", "c pending: changed input text/0"])
  }

  @Test("a lost result is made again; one that nobody needs is not")
  func lost() throws {
    func losing(_ name: String) -> (MemoryCache, Graph, [String: NodeID]) -> Void {
      { cache, graph, ids in
        for digest in ids[name].flatMap({ cache.trace(ofNode: graph[$0].name) })?.result.outputs.values.map(
          \.digest) ?? []
        {
          cache.lose(digest)
        }
      }
    }
    #expect(try Self.lines(built: Self.chain, then: Self.chain, losing("c")) == ["b cached", "c run: lost"])
    // A deep hit: the last result is there, so the lost intermediate one is nobody's.
    #expect(try Self.lines(built: Self.chain, then: Self.chain, losing("a")) == ["c cached"])
    #expect(
      try Self.lines(built: Self.chain, then: Self.changed("c", "y"), losing("b"))
        == ["a cached", "b run: lost", "c pending: changed input text/0"])
  }

  @Test("going back to an earlier state is a hit")
  func back() throws {
    let cache = MemoryCache()
    _ = try Self.lines(built: Self.chain, then: Self.chain, cache: cache)
    let (other, ids) = graph(Self.changed("a", "2"))
    let root = try #require(ids["c"])
    _ = try build(try Planner(graph: other, cache: cache).plan([root]), Self.changed("a", "2"), cache)
    #expect(try Self.lines(built: [], then: Self.chain, cache: cache) == ["c cached"])
  }

  @Test("a forced node runs, and what stands on it waits for what it makes")
  func forced() throws {
    #expect(
      try Self.lines(built: Self.chain, then: Self.chain, forced: ["c"]) == ["b cached", "c run: forced"])
    #expect(
      try Self.lines(built: Self.chain, then: Self.chain, forced: ["a"])
        == ["a run: forced", "b pending: cascade a", "c pending: cascade b"])
  }

  @Test("critical paths and totals count what runs")
  func criticalPath() throws {
    let steps = [
      Step(name: "a", texts: ["1"]), Step(name: "b", reads: ["a"]), Step(name: "c", reads: ["a"]),
      Step(name: "d", reads: ["b", "c"]),
    ]
    let (graph, ids) = graph(steps)
    let plan = try Planner(graph: graph, cache: MemoryCache()).plan([try #require(ids["d"])])
    let path = CriticalPath(plan: plan, durations: ["//t/b run": 5, "//t/c run": 2])
    #expect(graph.order.map(path.priority) == [7, 6, 3, 1])
    #expect((path.longest, path.total) == (7, 9))
    #expect(plan.rootCauses.count == 4 && plan.toRun.count == 1 && plan.pending.count == 3 && plan.hasWork)
  }

  /// The slow, obvious model: evaluate everything, and run exactly the actions whose inputs were never seen together.
  @Test(
    "random graphs and edits: plan lists what runs, each once; equal inputs run nothing",
    arguments: 1...8 as ClosedRange<UInt64>)
  func random(seed: UInt64) throws {
    var random = Random(seed: seed)
    for _ in 0..<60 {
      let cache = MemoryCache()
      var seen: [String: String] = [:]
      var steps = randomSteps(&random)
      for _ in 0..<6 {
        let (graph, ids) = graph(steps)
        let roots = steps.filter { _ in random.below(2) == 0 }.compactMap { ids[$0.name] }
        let plan = try Planner(graph: graph, cache: cache).plan(roots)
        let listed = Set((plan.toRun + plan.pending).map { graph[$0].label.name })
        let ran = try build(plan, steps, cache)
        #expect(Set(ran).count == ran.count, "seed=\(seed): a node runs once")
        #expect(Set(ran).isSubset(of: listed), "seed=\(seed): I4")
        #expect(Set(plan.toRun.map { graph[$0].label.name }).subtracting(ran).count <= plan.toRun.count)
        // The model: content of every node from scratch.
        var values: [String: String] = [:]
        for step in steps {
          let inputs = (step.texts + step.reads.map { values[$0] ?? "" }).joined(separator: "\u{1}")
          values[step.name] = step.result ?? "\(step.reads) \(inputs)"
          if ran.contains(step.name) {
            let key = "\(step.reads) \(step.texts.count) \(inputs)"
            let cause = seen[step.name + key]
            #expect(cause == nil, "seed=\(seed): '\(step.name)' ran for inputs it had before")
            seen[step.name + key] = "ran"
          }
        }
        let again = try Planner(graph: graph, cache: cache).plan(roots)
        #expect(!again.hasWork, "seed=\(seed): what was built is up to date")
        // An edit: another text, or another fixed result (of another rule, so its text changes with it).
        let index = random.below(steps.count)
        if !steps[index].texts.isEmpty { steps[index].texts = ["\(random.below(3))"] }
      }
    }
  }

  @Test("an equal result stops propagation")
  func cutoff() throws {
    let old = [
      Step(name: "a", texts: ["1"], result: "same"), Step(name: "b", reads: ["a"]),
      Step(name: "c", reads: ["b"]),
    ]
    let new = [
      Step(name: "a", texts: ["2"], result: "same"), Step(name: "b", reads: ["a"]),
      Step(name: "c", reads: ["b"]),
    ]
    let cache = MemoryCache()
    _ = try Self.lines(built: old, then: old, cache: cache)
    let (graph, ids) = graph(new)
    let plan = try Planner(graph: graph, cache: cache).plan([try #require(ids["c"])])
    #expect(plan.pending.count == 2)
    #expect(try build(plan, new, cache) == ["a"])
  }
}
