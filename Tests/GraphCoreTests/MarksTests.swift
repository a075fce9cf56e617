import Testing

@testable import GraphCore

@Suite("marks")
struct MarksTests {
  /// A graph whose sources are files that a test edits: node `n` reads some of the nodes before it, and some files.
  struct Sources {
    var texts: [String]
    let shape: [(files: [Int], reads: [Int])]

    init(_ random: inout Random, nodes: Int, files: Int) {
      texts = (0..<files).map { _ in "\(random.below(3))" }
      shape = (0..<nodes).map { index in
        let reads = index == 0 ? [] : (0..<random.below(3)).map { _ in random.below(index) }
        return ((0..<random.below(2) + (reads.isEmpty ? 1 : 0)).map { _ in random.below(files) }, reads)
      }
    }

    /// What a node makes: for some all that it reads, for others nearly nothing, so that they cut off.
    func result(_ index: Int) -> String? { index % 4 == 3 ? "fixed" : nil }

    var steps: [Step] { shape.indices.map { Step(name: "n\($0)", result: result($0)) } }

    func graph() -> Graph {
      var builder = GraphBuilder()
      for (index, node) in shape.enumerated() {
        let files = node.files.enumerated().map { place, file in
          Input(
            "file/\(place)",
            .leaf(
              Leaf(Artifact(.blob, Digest(ofText: texts[file])), .file(path: "/\(file)"), origin: "\(file)")))
        }
        let reads = Set(node.reads).sorted().map {
          Input("from/\($0)", .output(NodeID(index: Int32($0)), "out"))
        }
        let action = Action(
          rule: .init("step", version: 1), inputs: files + reads, outputs: [.init("out", .blob)])
        _ = builder.add(Node(label: Label(package: "t", name: "n\(index)"), step: "run", action: action))
      }
      return builder.build()
    }
  }

  @Test(
    "a plan with marks that moved along is the plan without: same decisions, reasons and keys",
    arguments: 1...8 as ClosedRange<UInt64>)
  func sameAsWithout(seed: UInt64) throws {
    var random = Random(seed: seed)
    for _ in 0..<25 {
      var sources = Sources(&random, nodes: 2 + random.below(25), files: 6)
      let cache = MemoryCache()
      var graph = sources.graph()
      var marks = Marks(graph)
      for _ in 0..<8 {
        let roots = graph.order.filter { _ in random.below(3) == 0 }
        let quick = try Planner(graph: graph, cache: cache, marks: marks).plan(roots)
        let slow = try Planner(graph: sources.graph(), cache: cache).plan(roots)
        for id in graph.order {
          #expect(Self.isSame(quick[id], slow[id]), "seed=\(seed) \(graph.name(of: id))")
          #expect(quick.deepKey(id) == slow.deepKey(id), "seed=\(seed)")
          if slow[id] == .cached { #expect(try quick.result(of: id) == slow.result(of: id), "seed=\(seed)") }
        }
        #expect(quick.needed == slow.needed, "seed=\(seed)")
        #expect(Set(quick.rootCauses).isSubset(of: slow.rootCauses), "seed=\(seed)")
        // Some of the time it is built, and the marks are those of a wave.
        if random.below(3) > 0 {
          _ = try build(quick, sources.steps, cache)
          for id in quick.needed { marks.settle(id) }
          for id in quick.lookedUp {
            guard let preimage = quick.preimage(id) else { continue }
            cache.recordHit(
              Trace(
                key: preimage.key, deepKey: quick.deepKey(id), preimage: preimage,
                result: try quick.result(of: id)), node: graph.name(of: id))
          }
        }
        let file = random.below(sources.texts.count)
        sources.texts[file] = "\(random.below(3))"
        let number = Array(graph.sourcePaths).firstIndex(of: "/\(file)")
        let (edited, changed) = graph.updating(
          number.map { [$0: Digest(ofText: sources.texts[file])] } ?? [:])
        marks.move(to: edited, changed: changed)
        graph = edited
      }
    }
  }

  /// Where marks know that nothing of a node's own changed, a plan without them may compare with an older trace, or one that
  /// another node of the same key left.
  private static func isSame(_ quick: Plan.Decision, _ slow: Plan.Decision) -> Bool {
    switch (quick, slow) {
    case (.pending(.cascade), .pending(.changed)), (.pending(.cascade), .pending(.new)): true
    default: quick == slow
    }
  }

  @Test("marks of an earlier graph settle the nodes that are the same in a later one")
  func earlier() throws {
    var random = Random(seed: 3)
    let sources = Sources(&random, nodes: 20, files: 4)
    let graph = sources.graph()
    var marks = Marks(graph)
    for id in graph.order.dropLast(5) { marks.settle(id) }
    var later = Marks(graph)
    later.settle(as: marks)
    // Two nodes that do the same have one deep key.
    let keys = Set(marks.settled.nodes.map(marks.deepKey))
    #expect(later.settled.nodes == graph.order.filter { keys.contains(later.deepKey($0)) })
    var edited = sources
    edited.texts = edited.texts.map { $0 + "x" }
    var other = Marks(edited.graph())
    other.settle(as: marks)
    #expect(other.settled.nodes.isEmpty)
  }

  @Test("a settled node whose result is gone is looked up after all, with everything else")
  func lying() throws {
    let steps = [Step(name: "a", texts: ["1"]), Step(name: "b", reads: ["a"])]
    let (graph, ids) = graph(steps)
    var marks = Marks(graph)
    let (a, b) = (try #require(ids["a"]), try #require(ids["b"]))
    marks.settle(a)
    // Nothing was ever built: 'a' cannot give 'b' its input.
    let plan = try Planner(graph: graph, cache: MemoryCache(), marks: marks).plan([b])
    #expect(plan[a] == .run(.new) && plan[b] == .pending(.new))
  }

  @Test("bits are kept in bytes", arguments: [0, 1, 63, 64, 65, 1000])
  func bits(count: Int) throws {
    var random = Random(seed: UInt64(count + 1))
    var bits = NodeBits(count: count)
    let set = (0..<count).filter { _ in random.below(3) == 0 }.map { NodeID(index: Int32($0)) }
    for id in set { bits[id] = true }
    #expect(bits.nodes == set)
    let bytes = bits.bytes
    #expect(try bytes.withUnsafeBytes { try #require(NodeBits(bytes: $0, count: count)) } == bits)
    #expect(bytes.withUnsafeBytes { NodeBits(bytes: $0, count: count + 64) } == nil)
    for id in set { bits[id] = false }
    #expect(bits.nodes.isEmpty)
  }
}
