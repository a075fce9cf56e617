import GraphCore
import Testing

@testable import Report

@Suite("progress reporter")
struct ProgressReporterTests {
  /// What is on a terminal after some steps; each step gets the reporter and the clock.
  private func screen(
    columns: Int = 100, rows: Int = 24, _ steps: (ProgressReporter, TestClock) throws -> Void
  ) throws -> Screen {
    let recording = try Recording()
    let clock = TestClock()
    let reporter = ProgressReporter(
      graph: World().graph, fileDescriptor: recording.writer, color: true, now: { clock.now }
    ) { TerminalSize(columns: columns, rows: rows) }
    try steps(reporter, clock)
    var screen = Screen(columns: columns, rows: rows)
    screen.write(recording.bytes)
    #expect(screen.unknown.isEmpty)
    return screen
  }

  private let arm = "//app/httpd@latest:aarch64"
  private let intel = "//app/httpd@latest:x86_64"

  @Test("the block shows what is done, what runs, longest first, and what is left")
  func block() throws {
    let world = World()
    let screen = try screen { reporter, clock in
      reporter.handle(.planned(try world.plan(), estimateSeconds: 30))
      reporter.handle(.started(world.node("\(intel) 1 copy")))
      clock.advance(2.5)
      reporter.handle(.started(world.node("\(arm) 1 copy")))
      reporter.handle(.finished(world.node("//base/small:x86_64 packages"), .cancelled, seconds: 1))
      clock.advance(10)
      reporter.tick()
    }
    check(
      screen.lines.joined(separator: "\n"),
      """
      [------------------------] 0/8  0 cached  2 running  6 left  about 18 s
        13 s  //app/httpd@latest:x86_64 1 copy
        10 s  //app/httpd@latest:aarch64 1 copy
      """)
  }

  @Test("a failure scrolls by above the block, whole, and the block ends with the run")
  func failure() throws {
    let world = World()
    let events = try world.failingRun()
    let during = try screen { reporter, _ in events.forEach(reporter.handle) }
    check(
      during.lines.joined(separator: "\n"),
      """
      failed 1 min 15 s //app/httpd@latest:aarch64 2 RUN make: exited with status 2
        declared: app/httpd/Dockerfile:3:1
        command:  /bin/sh -c 'make all'
        hint:     see the log
        rerun:    graph shell //app/httpd@latest:aarch64 --step '2 RUN make'
      ---- log of //app/httpd@latest:aarch64 2 RUN make, 45 bytes ----
      cc -c main.c
      error: no main^G
      �k
      ---- end of the log of //app/httpd@latest:aarch64 2 RUN make ----
      restarted: blob #1 was lost or damaged; what made it runs again
      [################--------] 4/6  2 cached  0 running  2 left  1 failed  about 12 s
      """)
    let after = try screen { reporter, _ in
      events.forEach(reporter.handle)
      reporter.finish()
      reporter.tick()
    }
    #expect(after.lines.allSatisfy { !$0.hasPrefix("[") })
    #expect(after.lines.contains { $0.hasPrefix("failed 1 min 15 s \(arm) 2 RUN make") })
  }

  @Test(
    "lines are cut to the terminal, and what has no room is counted",
    arguments: [(40, 4), (12, 3), (2, 2), (1, 1)])
  func small(columns: Int, rows: Int) throws {
    let world = World()
    let screen = try screen(columns: columns, rows: rows) { reporter, clock in
      reporter.handle(.planned(try world.plan(), estimateSeconds: 30))
      for id in world.graph.order { reporter.handle(.started(id)) }
      for _ in 0..<20 {
        clock.advance(1)
        reporter.tick()
      }
    }
    #expect(screen.scrolled.isEmpty)
    #expect(screen.lines.count <= rows - 1)
    #expect(screen.lines.allSatisfy { $0.count < columns })
    if columns == 40 {
      check(
        screen.lines.joined(separator: "\n"),
        """
        [------------------------] 0/8  0 cach…
          20 s  //base/small:aarch64 packages
          and 7 more
        """)
    }
  }

  @Test("it draws at most every 50 ms, and ticks bring the time on")
  func throttle() throws {
    let world = World()
    let recording = try Recording()
    let clock = TestClock()
    let reporter = ProgressReporter(
      graph: world.graph, fileDescriptor: recording.writer, color: false, now: { clock.now }
    ) { .usual }
    reporter.handle(.planned(try world.plan(), estimateSeconds: 30))
    for id in world.graph.order {
      clock.advance(0.001)
      reporter.handle(.started(id))
      reporter.tick()
    }
    clock.advance(0.05)
    reporter.tick()
    reporter.tick()
    let text = String(decoding: recording.bytes, as: UTF8.self)
    #expect(text.split(separator: "\u{1b}[J", omittingEmptySubsequences: false).count - 1 == 2)
  }

  @Test("a result that was lost and is made again adds to the work")
  func restart() throws {
    let world = World()
    try world.build()
    var edited = world
    edited.page = "goodbye"
    let plan = try edited.plan()
    var state = RunState(graph: world.graph)
    state.apply(.planned(plan, estimateSeconds: 1), now: 0)
    #expect(state.total == 6 && state.cached == 2 && state.left == 6)
    let base = world.node("//base/small:x86_64 packages")
    state.apply(.started(base), now: 1)
    #expect(state.total == 7 && state.running[base] == 1)
    let result = ActionResult(outputs: [:], provenance: .init(durationSeconds: 1, finished: 0))
    state.apply(.finished(base, .ran(result), seconds: 1), now: 2)
    state.apply(.finished(base, .cutOff(result), seconds: 1), now: 3)
    #expect(state.total == 7 && state.done.count == 1 && state.left == 6)
  }
}
