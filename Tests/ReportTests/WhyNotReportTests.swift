import FoundationEssentials
import GraphCore
import Store
import Testing

@testable import Report

@Suite("why-not")
struct WhyNotReportTests {
  private let image = "//app/httpd@latest:x86_64 image"
  private let make = "//app/httpd@latest:x86_64 2 RUN make"
  private let copy = "//app/httpd@latest:x86_64 1 copy"
  private let inputs = GraphInputs(
    [
      GraphInput(.file, "app/httpd/index.html", digest: "1", size: 1, readers: []),
      GraphInput(.tool, "rpm", digest: "2", size: 1, readers: []),
      GraphInput(.fetched, "https://example.org/a", digest: "3", size: 1, readers: []),
      GraphInput(.fetched, "https://example.org/b", digest: "4", size: 1, readers: []),
    ], unknownLocks: [])

  private func report(_ name: String, _ world: World, _ findings: [InputFinding] = []) throws -> WhyNotReport
  {
    let node = world.node(name)
    return try WhyNotReport(
      node, plan: Planner(graph: world.graph, cache: world.cache).plan([node]),
      history: world.history.store(),
      inputs: inputs, snapshot: "20260102_01", findings: findings)
  }

  @Test("what is up to date names its result, what made it, its leaf inputs and what is pinned")
  func upToDate() throws {
    let world = World()
    try world.build()
    check(
      try report(image, world).text(color: false),
      """
      //app/httpd@latest:x86_64 image does not run: it is up to date
        result: key #1, made in run 1 (2026-01-02T00:00:00Z) in 1.0 s by 'build'
        each of its 4 leaf inputs is equal to that of the result: 1 file, 2 downloads, 1 tool
        pinned by snapshot 20260102_01: 2 downloads, 1 tool
          what moved upstream since then is not seen before --refresh; 'graph plan --refresh' says what would run

      """)
  }

  @Test("what was cut off says which node made the same of other inputs")
  func cutOff() throws {
    var world = World()
    world.copyOutput = "the same"
    try world.build()
    world.page = "goodbye"
    // What stands on the copy finds its results: they are not made again.
    try world.build { $0.contains("copy") }
    try world.cutOff(image, make)
    check(
      try report(image, world).text(color: false),
      """
      //app/httpd@latest:x86_64 image does not run: it is up to date
        result: key #1, made in run 1 (2026-01-02T00:00:00Z) in 1.0 s by 'build'
        its leaf inputs (1 file, 2 downloads, 1 tool) are not all those of the result: what differs was cut off
        cut off: //app/httpd@latest:x86_64 1 copy made in run 2 what it had made in run 1, of other inputs
          //app/httpd@latest:x86_64 1 copy ran in run 2 (2026-01-02T01:00:00Z) because
            input source/index.html (app/httpd/index.html): «hello» -> «goodbye»  <- changed here
        pinned by snapshot 20260102_01: 2 downloads, 1 tool
          what moved upstream since then is not seen before --refresh; 'graph plan --refresh' says what would run

      """)
    let store = try world.history.store()
    #expect(
      try WhyNotReport(image, inRun: 3, history: store).text(color: false).hasPrefix(
        "\(image) did not run in run 3: what it reads came out as it was for a result that was there\n  result: key "
      ))
    #expect(
      try WhyNotReport(copy, inRun: 3, history: store).text(color: false).hasPrefix(
        "\(copy) did not run in run 3: its result was there\n  result: key "))
  }

  @Test("what was skipped says because of which failure, now and in a run of the past")
  func skipped() throws {
    let world = World()
    let graph = world.graph
    func record(_ name: String, _ outcome: RecordedNode.Outcome, _ message: String?) -> HistoryEntry {
      HistoryEntry(
        RecordedNode(node: name, outcome: outcome, started: 0, durationSeconds: 1, message: message),
        NodeDescription(graph[world.node(name)], in: graph))
    }
    try world.history.add(
      [record(make, .failed, "exited with status 2"), record(image, .skipped, make)], wanted: [image],
      outcome: "failed")
    let text = "\(image) did not run in run 1: \(make) failed, exited with status 2\n"
    #expect(try report(image, world).text(color: false).hasPrefix(text))
    let store = try world.history.store()
    #expect(try WhyNotReport(image, inRun: 1, history: store).text(color: false) == text)
    #expect(
      try WhyNotReport(make, inRun: 1, history: store).text(color: false)
        == "\(make) did run in run 1; 'graph why --run 1' says why\n")
  }

  @Test("what does run says so, and a run that was about something else says that")
  func others() throws {
    var world = World()
    #expect(
      try report(copy, world).text(color: false).hasPrefix("\(copy) does run (new); 'graph why' says more\n"))
    try world.build()
    world.page = "goodbye"
    #expect(
      try report(image, world).text(color: false).hasPrefix(
        "\(image) is pending (waits): it runs unless what it reads comes out as before; 'graph why' says more\n"
      ))
    let store = try world.history.store()
    try world.history.add([], wanted: ["//base/small:aarch64 packages"], command: "build //base/small")
    #expect(
      try WhyNotReport(image, inRun: 2, history: store).text(color: false).hasPrefix(
        "\(image) did not run in run 2: 'build //base/small' does not need it\n"))
    #expect(
      try WhyNotReport("//app/none x", inRun: 2, history: store).text(color: false)
        == "//app/none x is not in the history up to then\n")
  }

  @Test("a file that was changed says what it has to do with the target")
  func files() throws {
    let world = World()
    try world.build()
    let label = try Label("//app/httpd@latest")
    let page = InputFinding.Reader(node: world.node(copy), role: "source/index.html")
    let cases: [(InputFinding.Verdict, String)] = [
      (
        .input(Digest(ofText: "hello"), readers: [page]),
        """
        'x' is an input, and its content «hello» is what the result was made of; times, owners and a file written anew do not count
            read by //app/httpd@latest:x86_64 1 copy
        """
      ),
      (
        .manifest,
        "'x' is a manifest: what it says counts, and not its bytes; comments, order of keys and layout change nothing"
      ),
      (
        .ignored(by: ".dockerignore", label),
        "'x' is in the build context of \(label), and '.dockerignore' leaves it out"
      ),
      (
        .notTaken(label, context: "app/httpd", instructions: ["1 copy", "3 ADD y"]),
        "'x' is in the build context of \(label) ('app/httpd'), and none of its instructions takes it: '1 copy', '3 ADD y'"
      ),
      (.elsewhere([label]), "'x' is no input of this target; it is one of \(label)"),
      (
        .pinned(
          label, url: "https://example.org/a.git", branch: "main", commit: String(repeating: "f", count: 13)),
        """
        'x' is no input: the source of \(label) is commit \(String(repeating: "f", count: 12)) of https://example.org/a.git (main), and not a folder
            commit and push it, then use --refresh
        """
      ),
      (.unread, "'x' is an input of no target; 'graph inputs' lists what is one"),
      (.outside, "'x' is outside the workspace: no action sees it"),
      (.missing(near: "y"), "there is no 'x'; did you mean 'y'?"),
    ]
    for (verdict, golden) in cases {
      let text = try report(image, world, [InputFinding(path: "x", verdict: verdict)]).text(color: false)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(5)
      let expected = golden.replacing("«hello»", with: Digest(ofText: "hello").short)
      #expect(lines.joined(separator: "\n") == "  \(expected)\n", "\(text)")
    }
    var edited = world
    edited.page = "goodbye"
    let text = try report(
      image, edited, [InputFinding(path: "x", verdict: .input(Digest(ofText: "goodbye"), readers: [page]))]
    ).text(color: false)
    #expect(text.contains("is new: what reads it runs\n    read by \(copy)\n"))
  }

  @Test("the document has every member")
  func document() throws {
    var world = World()
    world.copyOutput = "the same"
    try world.build()
    world.page = "goodbye"
    try world.build { $0.contains("copy") }
    try world.cutOff(image, make)
    let page = InputFinding.Reader(node: world.node(copy), role: "source/index.html")
    let finding = InputFinding(path: "x", verdict: .input(Digest(ofText: "goodbye"), readers: [page]))
    try DocumentTests.check(
      WhyNotReport.json([try report(image, world, [finding])], notMade: []),
      """
      nodes[].name nodes[].verdict nodes[].run nodes[].reason nodes[].because nodes[].message nodes[].result.key
      nodes[].result.deepKey nodes[].result.run nodes[].result.time nodes[].result.command nodes[].result.seconds
      nodes[].result.emulator nodes[].result.equalLeaves nodes[].leaves.file nodes[].pins.snapshot
      nodes[].pins.counts.tool nodes[].cutOffs[].node nodes[].cutOffs[].run nodes[].cutOffs[].before
      nodes[].cutOffs[].steps nodes[].inputs[].path nodes[].inputs[].verdict nodes[].inputs[].digest nodes[].inputs[].by
      nodes[].inputs[].labels nodes[].inputs[].readers[].node nodes[].inputs[].readers[].equal notMade
      """)
  }
}
