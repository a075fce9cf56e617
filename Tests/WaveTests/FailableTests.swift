import Execute
import GraphCore
import Synchronization
import Testing

@Suite("failures that are allowed")
struct FailableTests {
  /// Images of three architectures, each on a package, under an index; `failable` names labels.
  static func graph(failable: [String], version: String = "1") -> (graph: Graph, ids: [String: NodeID]) {
    var builder = GraphBuilder()
    for name in failable { builder.allowFailure(of: Label(package: "t", name: name)) }
    var ids: [String: NodeID] = [:]
    func add(_ name: String, _ inputs: [Input], isFanIn: Bool = false) {
      let label = Label(package: "t", name: name)
      let action = Action(
        rule: .init("step", version: 1), arguments: [.init("name", name)], inputs: inputs,
        outputs: [.init("out", .blob)])
      ids[name] = builder.add(Node(label: label, step: "run", action: action, isFanIn: isFanIn))
    }
    func from(_ names: [String]) -> [Input] {
      names.compactMap { name in ids[name].map { Input("from/\(name)", .output($0, "out")) } }
    }
    for arch in ["x", "y", "z"] {
      add("rpm-\(arch)", [Input("text", .leaf(.text("\(arch) \(version)", origin: "text")))])
      add("image-\(arch)", from(["rpm-\(arch)"]))
    }
    add("index", from(["image-x", "image-y", "image-z"]), isFanIn: true)
    add("release", from(["index"]))
    return (builder.build(), ids)
  }

  static func run(_ world: World, _ graph: Graph, _ root: NodeID?, keepGoing: Bool = true) async throws
    -> (outcome: Wave.Outcome, lines: [String])
  {
    let lines = Lines()
    let outcome = try await world.wave(graph, keepGoing: keepGoing).run([try #require(root)], events: lines)
    return (outcome, lines.lines.withLock { $0 })
  }

  static func names(_ ids: some Sequence<NodeID>, _ graph: Graph) -> [String] {
    ids.map { graph[$0].label.name }.sorted()
  }

  @Test("what stands on it is skipped, the index is made without it, and the build is incomplete")
  func incomplete() async throws {
    let world = World(["rpm-z": .fail])
    let (graph, ids) = Self.graph(failable: ["rpm-z"])
    let (outcome, _) = try await Self.run(world, graph, ids["release"])
    #expect(outcome.status == .incomplete && outcome.succeeded && outcome.hasAllRoots)
    #expect(Self.names(outcome.failures.map(\.node), graph) == ["rpm-z"])
    #expect(Self.names(outcome.skipped, graph) == ["image-z"])
    #expect(Self.names(outcome.allowed, graph) == ["image-z", "rpm-z"])
    let index = try #require(ids["index"])
    #expect(outcome.partial[index].map { Self.names($0, graph) } == ["image-z"])
    // Its own key: that of the action without the input.
    let trace = try #require(world.cache.trace(ofNode: graph[index].name))
    #expect(trace.preimage.text.contains("from/image-x") && !trace.preimage.text.contains("from/image-z"))
  }

  @Test("a partial result is never taken for the whole: the next wave tries again, and makes the whole")
  func neverFinal() async throws {
    let world = World(["rpm-z": .fail])
    let (graph, ids) = Self.graph(failable: ["rpm-z"])
    _ = try await Self.run(world, graph, ids["release"])
    let plan = try Planner(graph: graph, cache: world.cache).plan([try #require(ids["release"])])
    #expect(Self.names(plan.toRun, graph) == ["rpm-z"])
    #expect(Self.names(plan.pending, graph) == ["image-z", "index", "release"])
    // It fails again: nothing but it runs, and what was made of the others is found.
    let (second, _) = try await Self.run(world, graph, ids["release"])
    #expect(second.status == .incomplete && second.ran.isEmpty)
    #expect(Self.names(second.cutOff, graph) == ["index", "release"])

    let mended = World()
    mended.cache.state.withLock { state in state = world.cache.state.withLock { $0 } }
    mended.store.blobs.withLock { blobs in blobs = world.store.blobs.withLock { $0 } }
    let (third, _) = try await Self.run(mended, graph, ids["release"])
    #expect(third.status == .finished && third.partial.isEmpty)
    #expect(Self.names(third.ran, graph) == ["image-z", "index", "release", "rpm-z"])
    let (fourth, _) = try await Self.run(mended, graph, ids["release"])
    #expect(fourth.ran.isEmpty && fourth.status == .finished)
  }

  @Test("where everything that it stands over failed, an index is skipped, and may be")
  func nothingLeft() async throws {
    let world = World(["rpm-x": .fail, "image-y": .fail, "rpm-z": .fail])
    let (graph, ids) = Self.graph(failable: ["rpm-x", "image-y", "rpm-z"])
    let (outcome, _) = try await Self.run(world, graph, ids["release"])
    #expect(outcome.status == .incomplete && !outcome.hasAllRoots)
    #expect(Self.names(outcome.skipped, graph) == ["image-x", "image-z", "index", "release"])
  }

  @Test("another failure is one: the index is skipped, whatever came first")
  func doomed() async throws {
    for failing in [["rpm-z", "image-y"], ["rpm-z", "rpm-y", "image-x"]] {
      let world = World(Dictionary(uniqueKeysWithValues: failing.map { ($0, .fail) }))
      let (graph, ids) = Self.graph(failable: ["rpm-z"])
      let (outcome, _) = try await Self.run(world, graph, ids["release"])
      #expect(outcome.status == .doomed && !outcome.succeeded)
      #expect(Self.names(outcome.skipped, graph).contains("index"))
    }
  }

  @Test("an allowed failure does not end a wave that stops at the first one")
  func failFast() async throws {
    let world = World(["rpm-x": .fail])
    let (graph, ids) = Self.graph(failable: ["rpm-x"])
    let (outcome, _) = try await Self.run(world, graph, ids["release"], keepGoing: false)
    #expect(outcome.status == .incomplete)
    #expect(Self.names(outcome.ran, graph) == ["image-y", "image-z", "index", "release", "rpm-y", "rpm-z"])
  }

  @Test("a root that may fail, and did")
  func failableRoot() async throws {
    let world = World(["rpm-z": .fail])
    let (graph, ids) = Self.graph(failable: ["rpm-z"])
    let (outcome, _) = try await Self.run(world, graph, ids["image-z"])
    #expect(outcome.status == .incomplete && outcome.succeeded && !outcome.hasAllRoots)
  }
}
