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
