import Glibc
import GraphCore
import Testing

@testable import Report

@Suite("plain reporter")
struct PlainReporterTests {
  @Test("one line for each finished node; a failure comes with all that is needed to look into it")
  func lines() throws {
    let world = World()
    let recording = try Recording()
    let reporter = PlainReporter(graph: world.graph, fileDescriptor: recording.writer, color: false)
    try world.failingRun().forEach(reporter.handle)
    reporter.tick()
    reporter.finish()
    check(
      String(decoding: recording.bytes, as: UTF8.self),
      """
      8 nodes: 2 cached, 2 run, 4 pending; about 12 s
      [1/6] ran 0.3 s //app/httpd@latest:aarch64 1 copy
      waiting for another run that makes //app/httpd@latest:x86_64 1 copy
      [2/6] ran 1.2 s //app/httpd@latest:x86_64 1 copy
      [3/6] failed 1 min 15 s //app/httpd@latest:aarch64 2 RUN make: exited with status 2
        declared: app/httpd/Dockerfile:3:1
        command:  /bin/sh -c 'make all'
        hint:     see the log
        rerun:    graph shell //app/httpd@latest:aarch64 --step '2 RUN make'
      ---- log of //app/httpd@latest:aarch64 2 RUN make, 45 bytes ----
      cc -c main.c
      error: no main^G
      �k
      ---- end of the log of //app/httpd@latest:aarch64 2 RUN make ----
      [4/6] skipped //app/httpd@latest:aarch64 image: //app/httpd@latest:aarch64 2 RUN make failed
      restarted: blob #1 was lost or damaged; what made it runs again
      [5/6] cut off //app/httpd@latest:x86_64 2 RUN make
      [5/6] interrupted 3.0 s //app/httpd@latest:x86_64 image

      """)
  }

  @Test("a plan without work says nothing")
  func nothing() throws {
    let world = World()
    try world.build()
    let recording = try Recording()
    let reporter = PlainReporter(graph: world.graph, fileDescriptor: recording.writer, color: false)
    reporter.handle(.planned(try world.plan(), estimateSeconds: 0))
    #expect(recording.bytes.isEmpty)
  }

  @Test("a reader that went away fails nothing")
  func closedReader() throws {
    // A broken pipe ends a process by default; the program ignores that signal, as this test does.
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    let world = World()
    let reporter = PlainReporter(graph: world.graph, fileDescriptor: ends[1], color: false)
    try world.failingRun().forEach(reporter.handle)
    close(ends[1])
  }

  @Test("events from eight tasks at once: every line, and every log, stays whole", arguments: [false, true])
  func concurrent(isTerminal: Bool) async throws {
    let world = World()
    let graph = world.graph
    let recording = try Recording()
    // The block of a terminal may be drawn between messages, and never within one.
    let reporter: any Reporter =
      isTerminal
      ? ProgressReporter(graph: graph, fileDescriptor: recording.writer, color: false, now: monotonicSeconds)
      {
        TerminalSize(columns: 200, rows: 50)
      } : PlainReporter(graph: graph, fileDescriptor: recording.writer, color: false)
    let log = (0..<400).map { "log line \($0) of it\n" }.joined()
    let failure = Failure(.deterministic, "exited with status 2", log: Array(log.utf8))
    reporter.handle(.planned(try world.plan(), estimateSeconds: 1))
    await withTaskGroup(of: Void.self) { group in
      for id in graph.order {
        group.addTask {
          for round in 0..<5 {
            reporter.handle(.started(id))
            reporter.tick()
            reporter.handle(.finished(id, .failed(failure), seconds: Double(round)))
          }
        }
      }
    }
    reporter.finish()
    let bytes = recording.bytes
    let text = isTerminal ? Screen.transcript(bytes) : String(decoding: bytes, as: UTF8.self)
    let header = "---- log of "
    var pieces = text.split(separator: header, omittingEmptySubsequences: false)
    pieces.removeFirst()
    #expect(pieces.count == graph.nodes.count * 5)
    for piece in pieces {
      let body = piece.drop { $0 != "\n" }.dropFirst()
      #expect(body.hasPrefix(log + "---- end of the log of "))
    }
  }
}

@Suite("choice of reporter")
struct MakeReporterTests {
  @Test(
    "a redrawn block on terminals that may show one, plain lines else",
    arguments: [
      (true, [:], true), (true, ["TERM": "xterm"], true), (true, ["NO_COLOR": ""], true),
      (true, ["CI": ""], true),
      (false, ["TERM": "xterm"], false), (true, ["TERM": "dumb"], false), (true, ["NO_COLOR": "1"], false),
      (true, ["CI": "true"], false),
    ] as [(Bool, [String: String], Bool)])
  func choice(isTerminal: Bool, environment: [String: String], isInteractive: Bool) {
    let reporter = makeReporter(
      graph: World().graph, fileDescriptor: 1, isTerminal: isTerminal, environment: environment)
    #expect((reporter is ProgressReporter) == isInteractive)
  }
}

@Suite("terminals")
struct TerminalTests {
  @Test("the size is the terminal's own; what is no terminal has the usual one")
  func size() throws {
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    try #require(terminal >= 0)
    defer { close(terminal) }
    var size = winsize(ws_row: 33, ws_col: 121, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    #expect(TerminalSize(ofTerminal: terminal) == TerminalSize(columns: 121, rows: 33))
    #expect(TerminalSize(ofTerminal: try Recording().writer) == .usual)
  }

  @Test("through a pseudo-terminal the block is drawn, replaced and taken away")
  func pseudoTerminal() throws {
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)
    try #require(terminal >= 0)
    defer { close(terminal) }
    // TIOCSPTLCK and TIOCGPTN of asm-generic/ioctls.h: macros that Swift cannot import, as is grantpt(3).
    var (isLocked, number): (Int32, UInt32) = (0, 0)
    try #require(ioctl(terminal, 0x4004_5431, &isLocked) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0)
    let user = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(user >= 0)
    defer { close(user) }
    var size = winsize(ws_row: 20, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    let world = World()
    let clock = TestClock()
    let reporter = makeReporter(
      graph: world.graph, fileDescriptor: user, isTerminal: isatty(user) == 1, environment: [:],
      now: { clock.now })
    var screen = Screen(columns: 100, rows: 20)
    // The kernel hands over what was written a moment later, from a worker of its own.
    func readScreen(until isExpected: (Screen) -> Bool) {
      var buffer = [UInt8](repeating: 0, count: 65536)
      for _ in 0..<10_000 {
        let count = read(terminal, &buffer, buffer.count)
        screen.write(Array(buffer.prefix(max(0, count))))
        if isExpected(screen) { return }
        usleep(1000)
      }
    }
    reporter.handle(.planned(try world.plan(), estimateSeconds: 30))
    reporter.handle(.started(world.roots[0]))
    clock.advance(1)
    reporter.tick()
    readScreen { $0.lines.count == 2 }
    #expect(screen.lines.count == 2 && screen.lines.last == "  1.0 s  //app/httpd@latest:aarch64 image")
    reporter.finish()
    readScreen { $0.lines.isEmpty }
    #expect(screen.lines.isEmpty && screen.unknown.isEmpty)
  }

  @Test("a terminal that became narrower has wrapped the old block, which is taken away whole")
  func narrower() throws {
    let world = World()
    let recording = try Recording()
    let clock = TestClock()
    let width = TestClock()
    width.advance(80)
    let reporter = ProgressReporter(
      graph: world.graph, fileDescriptor: recording.writer, color: false, now: { clock.now }
    ) { TerminalSize(columns: Int(width.now), rows: 24) }
    reporter.handle(.planned(try world.plan(), estimateSeconds: 30))
    width.advance(-40)
    reporter.finish()
    #expect(String(decoding: recording.bytes, as: UTF8.self).hasSuffix("\r\u{1b}[2A\u{1b}[J"))
  }
}

extension World {
  /// A run in which the page was edited, one script fails, and the other architecture's image is cut off.
  func failingRun() throws -> [BuildEvent] {
    var world = self
    try world.build()
    world.page = "goodbye"
    let result = ActionResult(
      outputs: ["layer": Artifact(.layer, Digest(ofText: "made"))],
      provenance: .init(durationSeconds: 1, finished: 0))
    let failure = Failure(
      .deterministic, "exited with status 2", hint: "see the log",
      log: Array("cc -c main.c\r\n\u{1b}[31merror\u{1b}[0m: no \u{1b}[2Jmain\u{7}\n".utf8) + [0xff, 0x6b])
    let (arm, intel) = ("//app/httpd@latest:aarch64", "//app/httpd@latest:x86_64")
    return [
      .planned(try world.plan(), estimateSeconds: 12),
      .started(world.node("\(arm) 1 copy")), .started(world.node("\(intel) 1 copy")),
      .finished(world.node("\(arm) 1 copy"), .ran(result), seconds: 0.25),
      .started(world.node("\(arm) 2 RUN make")),
      .waiting(world.node("\(intel) 1 copy")),
      .finished(world.node("\(intel) 1 copy"), .ran(result), seconds: 1.2),
      .finished(world.node("\(arm) 2 RUN make"), .failed(failure), seconds: 75),
      .finished(world.node("\(arm) image"), .skipped(because: world.node("\(arm) 2 RUN make")), seconds: 0),
      .restarted(reason: "blob 0123456789ab was lost or damaged; what made it runs again"),
      .finished(world.node("\(intel) 2 RUN make"), .cutOff(result), seconds: 0),
      .finished(world.node("\(intel) image"), .cancelled, seconds: 3),
    ]
  }
}
