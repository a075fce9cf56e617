import GraphCore
import Testing

@testable import Report

@Suite("build summary")
struct BuildSummaryTests {
  @Test("after a failure: what was built, what took long, what failed and where it was declared")
  func failed() throws {
    let recorder = RunRecorder()
    try World().failingRun().forEach(recorder.handle)
    check(
      BuildSummary.text(recorder.record, wallSeconds: 80, color: false),
      """
      built
        //app/httpd@latest:aarch64  image  not built
        //app/httpd@latest:x86_64   image  not built
      longest
        1.2 s  //app/httpd@latest:x86_64 1 copy
        0.3 s  //app/httpd@latest:aarch64 1 copy
      failed
        app/httpd/Dockerfile:3:1: //app/httpd@latest:aarch64 2 RUN make: exited with status 2
      interrupted
        3.0 s  //app/httpd@latest:x86_64 image
      2 ran, 1 cut off, 2 cached, 1 failed, 1 skipped, 1 interrupted in 1 min 20 s

      """)
  }

  @Test("after nothing to do: the roots and the count")
  func nothing() throws {
    let world = World()
    try world.build()
    let recorder = RunRecorder()
    EventBroadcast([recorder]).handle(.planned(try world.plan(), estimateSeconds: 0))
    let lines = BuildSummary.text(recorder.record, wallSeconds: 0.01, color: false).split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines.last == "0 ran, 8 cached in 0.0 s")
    let result = try world.plan().result(of: world.roots[0])
    #expect(lines[1] == "  //app/httpd@latest:aarch64  image  \(result.outputs["image"]?.digest.hex ?? "")")
  }

  @Test("what ran before a restart stays ran, though it is only found again after")
  func restart() throws {
    var record = RunRecord()
    let id = NodeID(index: 0)
    let result = ActionResult(outputs: [:], provenance: .init(durationSeconds: 1, finished: 0))
    record.apply(.finished(id, .ran(result), seconds: 1))
    record.apply(.restarted(reason: "lost"))
    record.apply(.finished(id, .cutOff(result), seconds: 0))
    #expect(record.ran == [id] && record.cutOff.isEmpty && record.restarts == ["lost"])
  }

  @Test("without a plan there is nothing to say")
  func empty() { #expect(BuildSummary.text(RunRecord(), wallSeconds: 1, color: false).isEmpty) }
}

@Suite("history lists")
struct LogReportTests {
  private let runs = [
    LogReport.Run(
      number: 12, time: "2024-05-01T10:00:00Z", command: "build //app/...", outcome: "done",
      counts: .init(ran: 3, cutOff: 5, cached: 30), wallSeconds: 12),
    LogReport.Run(
      number: 11, time: "2024-05-01T09:00:00Z", command: "nightly", outcome: "failed",
      counts: .init(ran: 40, failed: 1, skipped: 2), wallSeconds: 4000),
    LogReport.Run(
      number: 9, time: "2024-04-30T09:00:00Z", command: "build\n//x", outcome: "interrupted", counts: .init(),
      wallSeconds: 0.2),
  ]
  private let nodes = [
    LogReport.NodeRow(
      run: 12, time: "2024-05-01T10:00:00Z", node: "//app/httpd@latest:aarch64 3 install", outcome: "ran",
      seconds: 1.2,
      key: Key(digest: Digest(ofText: "key")), log: Digest(ofText: "log")),
    LogReport.NodeRow(run: 11, time: "2024-05-01T09:00:00Z", node: "//a/b x", outcome: "skipped", seconds: 0),
  ]

  @Test("runs")
  func runList() {
    check(
      LogReport.text(runs, color: false),
      """
      run  time                  outcome      took        nodes                        command
      12   2024-05-01T10:00:00Z  done         12 s        3 ran, 5 cut off, 30 cached  build //app/...
      11   2024-05-01T09:00:00Z  failed       1 h 06 min  40 ran, 1 failed, 2 skipped  nightly
      9    2024-04-30T09:00:00Z  interrupted  0.2 s       none                         build //x

      """)
    #expect(LogReport.text([LogReport.Run](), color: false) == "nothing has run yet\n")
  }

  @Test("nodes")
  func nodeList() {
    check(
      LogReport.text(nodes, color: false),
      """
      run  time                  outcome  took   key           node
      12   2024-05-01T10:00:00Z  ran      1.2 s  «key»  //app/httpd@latest:aarch64 3 install
      11   2024-05-01T09:00:00Z  skipped  0.0 s  -             //a/b x

      """)
  }

  @Test("documents")
  func documents() {
    check(
      LogReport.json([runs[0]]),
      """
      {
        "runs" : [
          {
            "command" : "build //app/...",
            "counts" : {
              "cached" : 30,
              "cutOff" : 5,
              "failed" : 0,
              "interrupted" : 0,
              "ran" : 3,
              "skipped" : 0
            },
            "number" : 12,
            "outcome" : "done",
            "time" : "2024-05-01T10:00:00Z",
            "wallSeconds" : 12
          }
        ],
        "schema" : 1
      }

      """)
    check(
      LogReport.json([nodes[1]]),
      """
      {
        "nodes" : [
          {
            "key" : null,
            "log" : null,
            "node" : "//a/b x",
            "outcome" : "skipped",
            "run" : 11,
            "seconds" : 0,
            "time" : "2024-05-01T09:00:00Z"
          }
        ],
        "schema" : 1
      }

      """)
  }
}
