import Testing

@testable import GraphCore

@Suite("the graph")
struct GraphTests {
  @Test("closure, order and dependents agree with the edges", arguments: [UInt64(1), 2, 3])
  func columns(seed: UInt64) {
    var random = Random(seed: seed)
    for _ in 0..<50 {
      let steps = randomSteps(&random)
      let (graph, ids) = graph(steps)
      for step in steps {
        guard let id = ids[step.name] else { continue }
        #expect(Set(graph.dependencies(of: id)) == Set(step.reads.compactMap { ids[$0] }), "seed=\(seed)")
        let readers = steps.filter { $0.reads.contains(step.name) }.compactMap { ids[$0.name] }
        #expect(Array(graph.dependents(of: id)) == readers.sorted(), "seed=\(seed)")
        var closure: Set<String> = []
        func visit(_ name: String) {
          if !closure.insert(name).inserted { return }
          for read in steps.first(where: { $0.name == name })?.reads ?? [] { visit(read) }
        }
        visit(step.name)
        let found = graph.closure(of: [id])
        #expect(Set(found.map { graph[$0].label.name }) == closure, "seed=\(seed)")
        #expect(found == found.sorted(), "producers first")
      }
    }
  }

  @Test("nodes of one label and step get numbers")
  func names() {
    var builder = GraphBuilder()
    let action = Action(rule: .init("r", version: 1), outputs: [])
    for _ in 0..<3 { _ = builder.add(Node(label: Label(package: "a", name: "b"), step: "s", action: action)) }
    #expect(builder.build().nodes.map(\.name) == ["//a/b s", "//a/b s (2)", "//a/b s (3)"])
  }

  @Test("diagnostics are ordered by place, once each")
  func diagnostics() {
    var diagnostics = Diagnostics()
    func at(_ line: Int, _ file: String = "a") -> GraphCore.SourceLocation {
      .init(file: file, line: line, column: 1)
    }
    for place in [at(2), at(1), at(2), at(1, "A"), nil] { diagnostics.add(.error("x", at: place)) }
    #expect(diagnostics.sorted.map { $0.location?.description ?? "-" } == ["A:1:1", "a:1:1", "a:2:1", "-"])
  }
}

/// A random graph: up to 9 steps, each reading some before it, a third of them with a result of few values.
func randomSteps(_ random: inout Random) -> [Step] {
  var steps: [Step] = []
  for number in 0..<(1 + random.below(9)) {
    let reads = steps.filter { _ in random.below(3) == 0 }.map(\.name)
    let texts = random.below(2) == 0 || reads.isEmpty ? ["\(random.below(3))"] : []
    let result = random.below(3) == 0 ? "same \(random.below(2))" : nil
    steps.append(Step(name: "n\(number)", texts: texts, reads: reads, result: result))
  }
  return steps
}
