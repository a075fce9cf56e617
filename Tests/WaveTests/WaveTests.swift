import GraphCore
import Synchronization
import Testing

@testable import Execute

@Suite("waves", .timeLimit(.minutes(30)))
struct WaveTests {
  static let diamond = [("a", ""), ("b", "a"), ("c", "a"), ("d", "b c"), ("e", "")]

  static func names(_ ids: [NodeID], _ graph: Graph) -> [String] { ids.map { graph[$0].label.name }.sorted() }

  @Test("each node of a diamond runs once, producers first, and a second wave runs nothing")
  func diamond() async throws {
    let world = World()
    let (graph, ids) = graph(Self.diamond)
    let roots = [try #require(ids["d"])]
    let outcome = try await world.wave(graph).run(roots, events: Lines())
    let ran = world.executor.ran
    #expect(ran.sorted() == ["a", "b", "c", "d"] && ran.first == "a" && ran.last == "d")
    #expect(try outcome.succeeded && outcome.outputs(of: roots[0])?["out"] != nil)
    let again = try await world.wave(graph).run(roots, events: Lines())
    #expect(world.executor.ran.count == 4 && again.succeeded && again.ran.isEmpty && again.cutOff.isEmpty)
  }

  @Test("what failed skips what needs it; with keep-going the rest runs")
  func keepGoing() async throws {
    let world = World(["b": .fail])
    let (graph, _) = graph(Self.diamond)
    let lines = Lines()
    let outcome = try await world.wave(graph).run(graph.order, events: lines)
    #expect(world.executor.ran.sorted() == ["a", "b", "c", "e"])
    #expect(Self.names(outcome.skipped, graph) == ["d"] && !outcome.succeeded && outcome.interrupted.isEmpty)
    #expect(outcome.failures.map(\.failure.kind) == [.deterministic])
    #expect(outcome.failures.first?.failure.log == Array("boom\n".utf8))
    #expect(lines.lines.withLock { $0 }.contains("skipped 3 because of 1"))
    // A failure is no result: the next wave tries again, and only that.
    _ = try await world.wave(graph).run(graph.order, events: Lines())
    #expect(world.executor.ran.dropFirst(4) == ["b"])
  }

  @Test("fail-fast starts nothing more")
  func failFast() async throws {
    let chain = [("a", ""), ("b", ""), ("c", "b"), ("d", "c")]
    let world = World(["a": .fail])
    let (graph, _) = graph(chain)
    let outcome = try await world.wave(graph, jobs: 1, keepGoing: false).run(
      graph.order.reversed(), events: Lines())
    let ran = world.executor.ran
    #expect(ran.last == "a" && !outcome.succeeded && outcome.interrupted.isEmpty)
    #expect(ran.count < 4)
  }

  @Test("a blob that was lost is made again, in the same wave")
  func lost() async throws {
    let world = World(["c": .missing(of: "a", times: 1)])
    let (graph, ids) = graph([("a", ""), ("b", "a"), ("c", "a b")])
    let lines = Lines()
    let outcome = try await world.wave(graph).run([try #require(ids["c"])], events: lines)
    #expect(outcome.succeeded)
    #expect(world.executor.ran == ["a", "b", "c", "a", "c"])
    #expect(lines.lines.withLock { $0 }.filter { $0 == "restarted" }.count == 1)
    let text = lines.lines.withLock { $0 }
    #expect(
      text.filter { $0.hasPrefix("started") }.count
        == text.filter { $0.hasPrefix("ran") || $0.hasPrefix("cancelled") }.count)
  }

  @Test("a store that keeps losing is given up on")
  func losing() async throws {
    let world = World(["b": .missing(of: "a", times: .max)])
    let (graph, ids) = graph([("a", ""), ("b", "a")])
    await #expect(throws: GraphError.self) {
      try await world.wave(graph).run([try #require(ids["b"])], events: Lines())
    }
    #expect(world.executor.ran.count == 2 * (Wave.restartsMax + 1))
  }

  @Test("cancelling lists what was running, and what was finished stays")
  func cancel() async throws {
    let world = World(["b": .never, "c": .never])
    let (graph, ids) = graph(Self.diamond)
    let root = try #require(ids["d"])
    let lines = Lines()
    let task = Task { try await world.wave(graph).run([root], events: lines) }
    while lines.started.withLock({ $0 }) < 3 { await Task.yield() }
    task.cancel()
    let outcome = try await task.value
    #expect(Self.names(outcome.interrupted.map(\.node), graph) == ["b", "c"])
    #expect(Self.names(outcome.ran, graph) == ["a"] && !outcome.succeeded && outcome.failures.isEmpty)
  }

  @Test("a wave that was cancelled before it began has not succeeded")
  func cancelEarly() async throws {
    let world = World()
    let (graph, _) = graph(Self.diamond)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await world.wave(graph).run(graph.order, events: Lines())
    }
    task.cancel()
    #expect(try await !task.value.succeeded)
    #expect(world.executor.ran.isEmpty)
  }

  @Test(
    "no more than the jobs and the memory allow at once",
    arguments: [(1, 100_000, 1), (3, 100_000, 3), (8, 512, 2), (8, 1, 1)])
  func limits(jobs: Int, memory: Int, most: Int) async throws {
    let world = World()
    let (graph, _) = graph((0..<12).map { ("n\($0)", "") })
    let outcome = try await world.wave(graph, jobs: jobs, memory: memory).run(graph.order, events: Lines())
    #expect(outcome.succeeded && outcome.ran.count == 12)
    let state = world.executor.state.withLock { ($0.runningMost, $0.claimedMost) }
    #expect(state.0 <= most && (state.1 <= memory || state.0 == 1))
    if jobs > 1, most > 1 { #expect(state.0 > 1, "nothing ran beside anything else") }
  }

  @Test("what has the longest work behind it starts first")
  func priorities() async throws {
    let world = World()
    // history says that 'slow' takes 100 s; 'lead' leads to it.
    let (graph, _) = graph([("x", ""), ("lead", ""), ("y", ""), ("mid", "x"), ("slow", "lead")])
    _ = try await world.wave(graph, jobs: 1).run(graph.order, events: Lines())
    #expect(
      world.executor.ran == ["lead", "slow", "x", "y", "mid"]
        || world.executor.ran == ["lead", "slow", "x", "mid", "y"])
  }

  @Test("an equal result cuts off what stands on it")
  func cutOff() async throws {
    let world = World(["a": .makes("same")])
    let nodes = [("a", ""), ("b", "a"), ("c", "b")]
    let (first, ids) = graph(nodes)
    let root = try #require(ids["c"])
    _ = try await world.wave(first).run([root], events: Lines())
    let (second, _) = graph(nodes, version: "2")
    let outcome = try await world.wave(second).run([root], events: Lines())
    #expect(Self.names(outcome.ran, second) == ["a"] && Self.names(outcome.cutOff, second) == ["b", "c"])
    #expect(outcome.succeeded)
    // And it is remembered: the next plan has nothing to do.
    #expect(try !Planner(graph: second, cache: world.cache).plan([root]).hasWork)
  }

  @Test("an edit that is taken back runs nothing, and the next reason starts from there")
  func takenBack() async throws {
    let world = World()
    let nodes = [("a", ""), ("b", "a")]
    for version in ["1", "2", "1"] {
      let (graph, ids) = graph(nodes, version: version)
      let root = try #require(ids["b"])
      _ = try await world.wave(graph).run([root], events: Lines())
    }
    #expect(world.executor.ran == ["a", "b", "a", "b"])
    let (third, ids) = graph(nodes, version: "3")
    let plan = try Planner(graph: third, cache: world.cache).plan([try #require(ids["b"])])
    guard case .changed(let changes)? = plan.reason(try #require(ids["a"])) else {
      Issue.record("no reason")
      return
    }
    #expect(changes.map(\.old) == [Artifact(.blob, Digest(ofText: "a 1")).description])
  }

  @Test("two waves at once do the work of one")
  func twoWaves() async throws {
    let world = World()
    let (graph, _) = graph(Self.diamond + (0..<10).map { ("n\($0)", "a") })
    async let one = world.wave(graph).run(graph.order, events: Lines())
    async let two = world.wave(graph).run(graph.order, events: Lines())
    let (first, second) = try await (one, two)
    #expect(first.succeeded && second.succeeded)
    #expect(world.executor.ran.count == graph.nodes.count)
    for id in graph.order { #expect(try first.outputs(of: id) == second.outputs(of: id)) }
  }

  @Test("an executor that makes another kind than declared is our bug, and no result")
  func wrongKind() async throws {
    let world = World(["a": .wrongKind])
    let (graph, _) = graph([("a", "")])
    let outcome = try await world.wave(graph).run(graph.order, events: Lines())
    #expect(outcome.failures.map(\.failure.kind) == [.bug])
    #expect(world.cache.state.withLock { $0.results.isEmpty })
  }
}

@Suite("commits")
struct CommitTests {
  @Test("results are committed together while others run, in order, and none is reported before it is")
  func batches() async throws {
    let world = World()
    let (graph, _) = graph((0..<200).map { ("n\($0)", $0 < 20 ? "" : "n\($0 - 20)") })
    let lines = Lines()
    let outcome = try await world.wave(graph, jobs: 8).run(graph.order, events: lines)
    #expect(outcome.succeeded && outcome.ran.count == 200)
    let order = world.cache.state.withLock { $0.committed }
    #expect(Set(order).count == 200)
    for id in graph.order {
      for producer in graph.dependencies(of: id) {
        let (one, other) = (graph.name(of: producer), graph.name(of: id))
        #expect(try #require(order.firstIndex(of: one)) < #require(order.firstIndex(of: other)))
      }
    }
    #expect(outcome.marks.settled.nodes == Array(graph.order))
  }

  @Test("a result that cannot be committed is a failure, and nothing that stands on it counts")
  func refused() async throws {
    let world = World()
    let (graph, ids) = graph([("a", ""), ("b", "a"), ("c", "b"), ("d", "")])
    world.cache.state.withLock { $0.refused = ["//t/a run", "//t/b run", "//t/c run"] }
    let outcome = try await world.wave(graph, jobs: 1).run(graph.order, events: Lines())
    let last = try #require(ids["d"])
    #expect(!outcome.succeeded && outcome.ran == [last])
    #expect(outcome.failures.contains { graph.name(of: $0.node) == "//t/a run" })
    #expect(outcome.failures.allSatisfy { $0.failure.kind == .environment })
    #expect(world.cache.state.withLock { $0.results.count } == 1)
    world.cache.state.withLock { $0.refused = [] }
    let again = try await world.wave(graph).run(graph.order, events: Lines())
    #expect(again.succeeded && again.ran.count == 3)
  }
}
