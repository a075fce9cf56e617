import Execute
import GraphCore
import Testing

/// Another domain on the same engine: texts are concatenated, sorted and counted. Nothing of packages or images.
@Suite("GraphCore serves another domain")
struct TextRulesTests {
  /// Each rule is a function from texts to a text.
  static let rules: [String: @Sendable ([String]) -> String] = [
    "concatenate": { $0.joined() },
    "sort": { $0.joined().split(separator: "\n").sorted().map { $0 + "\n" }.joined() },
    "count": { "\($0.joined().split { $0 == " " || $0 == "\n" }.count)\n" },
  ]

  struct TextExecutor: Executor {
    let store: MemoryStore
    let log: Lines
    func importLeaves(of action: Action) throws { try store.importTexts(action) }

    func execute(_ task: ActionTask) async throws -> ExecutedAction {
      try importLeaves(of: task.action)
      guard let rule = rules[task.action.rule.name] else {
        throw ActionFailed(.deterministic, "no such rule")
      }
      let texts = try task.inputs.map { try store.readText($0.digest) }
      return ExecutedAction(outputs: ["text": Artifact(.blob, try store.write(Array(rule(texts).utf8)))])
    }
  }

  /// all = a + b; sorted = sort(all); words = count(sorted)
  static func graph(_ a: String, _ b: String) -> (graph: Graph, words: NodeID) {
    var builder = GraphBuilder()
    func add(_ rule: String, _ inputs: [Input]) -> NodeID {
      let label = Label(package: "text", name: rule)
      let action = Action(rule: .init(rule, version: 1), inputs: inputs, outputs: [.init("text", .blob)])
      let node = builder.add(Node(label: label, step: rule, action: action))
      builder.deliver(label, Graph.Target(kind: .command, node: node, output: "text"))
      return node
    }
    let all = add(
      "concatenate",
      [Input("part/0", .leaf(.text(a, origin: "a.txt"))), Input("part/1", .leaf(.text(b, origin: "b.txt")))])
    let sorted = add("sort", [Input("text", .output(all, "text"))])
    let words = add("count", [Input("text", .output(sorted, "text"))])
    return (builder.build(), words)
  }

  @Test("built, cached, cut off where lines only change places, and explained")
  func texts() async throws {
    let store = MemoryStore()
    let cache = MemoryCache()
    func build(_ a: String, _ b: String) async throws -> (words: String, ran: [String]) {
      let (graph, words) = Self.graph(a, b)
      let outcome = try await Wave(
        graph: graph, cache: cache, store: store, executor: TextExecutor(store: store, log: Lines()),
        options: .init(jobs: 2, keepGoing: true, memoryMegabytes: 1024)
      ).run([words], events: Lines())
      let artifact = try #require(outcome.outputs(of: words)?["text"])
      return (try store.readText(artifact.digest), outcome.ran.map { graph[$0].label.name })
    }
    #expect(try await build("pear tree\n", "apple\n") == ("3\n", ["concatenate", "sort", "count"]))
    #expect(try await build("pear tree\n", "apple\n") == ("3\n", []))
    #expect(
      try await build("apple\n", "pear tree\n") == ("3\n", ["concatenate", "sort"].dropLast() + ["sort"]))
    #expect(try await build("apple\n", "pear  tree\n").ran == ["concatenate", "sort", "count"])

    let (graph, words) = Self.graph("apple pie\n", "pear  tree\n")
    let plan = try Planner(graph: graph, cache: cache).plan([words])
    #expect(plan.rootCauses.map { graph[$0].label.description } == ["//text/concatenate"])
    guard case .changed(let changes)? = plan.reason(NodeID(index: 0)) else {
      Issue.record("no reason")
      return
    }
    #expect(changes.map(\.name) == ["part/0"])
  }
}
