import GraphCore
import Store
import Testing

@testable import Report

@Suite("runs")
struct RunsReportTests {
  @Test(
    "the list has a line for each run: what it came to, how long it took, and how many nodes came to what")
  func list() {
    let start = TestHistory.midnight
    let rows = [
      RunsReport.Row(
        RecordedRun(
          id: 12, command: "build //app/...", started: start + 36_000, finished: start + 36_012,
          outcome: "done",
          upToDate: 30), outcomes: [.ran: 3, .cutOff: 5]),
      RunsReport.Row(
        RecordedRun(
          id: 11, command: "nightly", started: start + 32_400, finished: start + 36_400, outcome: "failed"),
        outcomes: [.ran: 40, .failed: 1, .skipped: 2]),
      RunsReport.Row(RecordedRun(id: 9, command: "build\n//x", started: start - 3600), outcomes: [:]),
    ]
    check(
      RunsReport.text(rows, color: false),
      """
      run  time                  outcome  took        nodes                        command
      12   2026-01-02T10:00:00Z  done     12 s        3 ran, 5 cut off, 30 cached  build //app/...
      11   2026-01-02T09:00:00Z  failed   1 h 06 min  40 ran, 1 failed, 2 skipped  nightly
      9    2026-01-01T23:00:00Z  running  0.0 s       none                         build //x

      """)
    #expect(RunsReport.text([], color: false) == "nothing has run yet\n")
  }

  @Test("one run is shown with its causes, the chain that decided how long it took, and every node")
  func show() throws {
    var world = World()
    try world.build()
    world.page = "goodbye"
    // As after a run in which the images failed, and one architecture was not asked for.
    try world.build { !$0.contains("aarch64") && !$0.contains("image") && !$0.contains("base/") }
    check(
      try RunReport(2, in: world.history.store()).text(verbose: false, color: false),
      """
      run 2: build
        outcome    done after 2.0 s, 5.0 s were expected, 2 jobs
        started    2026-01-02T01:00:00Z
        workspace  /home/me/index
        snapshot   20260102_01
        nodes      2 ran, 3 cached

      root causes
        input source/index.html (app/httpd/index.html): «hello» -> «goodbye»
          //app/httpd@latest:x86_64 1 copy
          and 1 node behind it

      nodes: 1 changed of their own, 1 behind them

      critical path, 2.0 s
        1.0 s  //app/httpd@latest:x86_64 1 copy
        1.0 s  //app/httpd@latest:x86_64 2 RUN make

      nodes
        ran  copy  x86_64  1.0 s  //app/httpd@latest:x86_64 1 copy
        ran  run   x86_64  1.0 s  //app/httpd@latest:x86_64 2 RUN make

      """)
    #expect(throws: GraphError.self) { try RunReport(99, in: world.history.store()) }
  }
}

@Suite("diff")
struct DifferenceTests {
  private func difference(_ old: Int64, _ new: Int64, _ world: World) throws -> String {
    let store = try world.history.store()
    return try GraphDifference(from: GraphSide(asOf: old, in: store), to: GraphSide(asOf: new, in: store))
      .text(verbose: false, color: false)
  }

  @Test("one edited file is one root cause for every architecture, and what follows is counted")
  func oneEdit() throws {
    let world = try World.rebuilt { $0.page = "goodbye" }
    check(
      try difference(1, 2, world),
      """
      root causes
        input source/index.html (app/httpd/index.html): «hello» -> «goodbye»
          //app/httpd@latest:aarch64 1 copy
          //app/httpd@latest:x86_64 1 copy
          and 4 nodes behind them

      nodes: 2 changed of their own, 4 behind them

      """)
    #expect(try difference(2, 2, world) == "no node differs\n")
  }

  @Test("a change of its own within the cascade is a root cause, without what only followed")
  func within() throws {
    let world = try World.rebuilt {
      $0.page = "goodbye"
      $0.language = "C"
    }
    check(
      try difference(1, 2, world),
      """
      root causes
        input source/index.html (app/httpd/index.html): «hello» -> «goodbye»
          //app/httpd@latest:aarch64 1 copy
          //app/httpd@latest:x86_64 1 copy
          and 4 nodes behind them
        environment LANG: 'C.UTF-8' -> 'C'
          //app/httpd@latest:aarch64 2 RUN make
          //app/httpd@latest:x86_64 2 RUN make
          and 2 nodes behind them

      nodes: 4 changed of their own, 2 behind them

      """)
  }

  @Test("the same key with another output is not reproducible")
  func notReproducible() throws {
    let world = try World.rebuilt { $0.copyOutput = "another" }
    check(
      try difference(1, 2, world),
      """
      root causes
        not reproducible: the same key made another output layer: #1 -> #2
          //app/httpd@latest:aarch64 1 copy
          //app/httpd@latest:x86_64 1 copy
          and 4 nodes behind them

      nodes: 4 behind them, 2 not reproducible

      """)
  }

  @Test("nodes of one side only are added and removed ones; two graphs compare as two runs do")
  func addedAndRemoved() throws {
    var world = World()
    let before = world.graph
    try world.build()
    world.page = "goodbye"
    let after = world.graph
    let graphs = try GraphDifference(from: GraphSide(before), to: GraphSide(after))
    #expect(graphs.changedCount == 6 && graphs.cascadeCount == 4 && graphs.causes.count == 1)
    let half = GraphSide(
      [
        "a": RecordedNode(
          node: "a", outcome: .ran, key: Key(digest: Digest(ofText: "a")), started: 0, durationSeconds: 0)
      ],
      try world.history.store()
    ) { _ in nil }
    let none = GraphSide([:], try world.history.store()) { _ in nil }
    check(
      try GraphDifference(from: half, to: none).text(verbose: false, color: false),
      """
      removed (1)
        a

      nodes: 1 removed

      """)
    check(
      try GraphDifference(from: none, to: half).text(verbose: false, color: false),
      """
      added (1)
        a

      nodes: 1 added

      """)
  }

  @Test("the report says what moved, and that it is not known where a snapshot is gone")
  func report() throws {
    let world = try World.rebuilt { $0.page = "goodbye" }
    let store = try world.history.store()
    let (old, new) = (try #require(try store.run(1)), try #require(try store.run(2)))
    let difference = try GraphDifference(
      from: GraphSide(asOf: 2, in: store), to: GraphSide(asOf: 2, in: store))
    check(
      DifferenceReport(
        old, new, moves: [.init(kind: "tool", subject: "rpm", old: "1", new: nil)], difference: difference
      ).text(verbose: false, color: false),
      """
      from run 1  2026-01-02T00:00:00Z  done  20260102_01  build
      to   run 2  2026-01-02T01:00:00Z  done  20260102_01  build

      moved
        tool rpm: 1 -> (none)

      no node differs

      """)
    #expect(
      DifferenceReport(old, new, moves: nil, difference: difference).text(verbose: false, color: false)
        .contains("what moved is not known: a snapshot of these runs is not kept\n"))
  }
}
