import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
  /// However graph ends: nothing that it started goes on, and what it had finished is there.
  @Suite("the end of graph")
  struct Endings {
    enum Ending: String, CaseIterable, Sendable {
      /// Typed at the terminal, which tells everybody in the foreground.
      case interrupted
      case terminated
      /// The terminal's window is closed.
      case hungUp
      case killed
    }

    /// What is running at that moment.
    enum Moment: String, CaseIterable, Sendable {
      /// A command in the sandbox, with a process that left its session and ignores what can be ignored.
      case action
      /// A program of the workspace on the host, with such a process, too.
      case resolver
      /// curl, which waits for a server that does not answer.
      case download
    }

    private static let resolver = """
      #!/bin/sh
      if test -e "$(dirname "$0")/wait"; then
        (trap '' TERM HUP INT; setsid sleep 54322 & ) ; sleep 54321
      fi
      printf 'x\\tfile\\t%s\\t5\\thttp://127.0.0.1:%s/file\\t1\\n' \\
        2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae "$1"
      """

    private func world(_ moment: Moment, port: UInt16) throws -> World {
      let script = "(trap '' TERM HUP INT; setsid sleep 54322 & ) ; sleep 54321; echo > {outputs.o}"
      let fetch =
        moment == .action ? "" : "fetch: {resolve: [resolver, '\(port)']}, "
      let world = try World(files: [
        "graph.yml": "name: endings\narches: [x86_64]\n",
        "graph.d/t.yml": """
        commands:
          - {name: //t/first, root: host, arches: noarch, command: [/bin/sh, -c, 'echo first > {outputs.o}'],
             outputs: {o: file}}
          - {name: //t/x, root: host, arches: noarch, inputs: {first: //t/first}, \(fetch)
             command: [/bin/sh, -c, "\(moment == .action ? script : "echo > {outputs.o}")"], outputs: {o: file}}
        """,
        "resolver": Self.resolver,
      ])
      chmod(world.workspace + "/resolver", 0o755)
      if moment == .resolver { try world.write("", to: "wait") }
      return world
    }

    /// The arguments of the processes that show that the moment has come.
    private func signs(of moment: Moment, port: UInt16) -> [String] {
      switch moment {
      case .action, .resolver: ["sleep 54321", "sleep 54322"]
      case .download: ["curl", "127.0.0.1:\(port)"]
      }
    }

    @Test("leaves nothing running and nothing half done", arguments: Ending.allCases, Moment.allCases)
    func end(ending: Ending, moment: Moment) async throws {
      let servers = try HostServers()
      let world = try world(moment, port: servers.port)
      let terminal = try Terminal()
      let signs = signs(of: moment, port: servers.port)
      let process = try terminal.start(world.graph("build"))
      for _ in 0..<6000 {
        let mine = try Processes.below(process)
        if try signs.allSatisfy({ sign in try Processes.holding(sign).contains { isOf(mine, $0) } }) { break }
        try await Task.sleep(for: .milliseconds(10))
      }
      let started = try Processes.below(process)
      for sign in signs {
        #expect(try Processes.holding(sign).contains { isOf(started, $0) }, "'\(sign)' does not run")
      }
      switch ending {
      case .interrupted: terminal.type("\u{3}")
      case .terminated: kill(process, SIGTERM)
      case .hungUp: terminal.close()
      case .killed: kill(process, SIGKILL)
      }
      var status: Int32 = 0
      while waitpid(process, &status, 0) < 0, errno == EINTR {}
      if ending != .killed { #expect(status >> 8 & 0xff == 130, "status \(status)") }
      // The kernel ends what is in a namespace after its first process, and a helper ends by itself.
      for _ in 0..<1000 where started.contains(where: Processes.isThere) {
        try await Task.sleep(for: .milliseconds(10))
      }
      let left = started.filter(Processes.isThere)
      let words = try left.flatMap { try Processes.holding("\($0)") }
      #expect(left == [], "\(words)")
      if ending != .hungUp { terminal.close() }
      // What was finished is kept, and the rest can be done.
      let outcomes = try await world.history(
        "SELECT DISTINCT node FROM run_nodes WHERE outcome = 'ran' ORDER BY node")
      if moment == .action { #expect(outcomes == ["//t/first command"]) }
      withExtendedLifetime(servers) {}
    }

    private func isOf(_ processes: [pid_t], _ line: String) -> Bool {
      line.split(separator: ":").first.flatMap { pid_t($0) }.map(processes.contains) ?? false
    }

    @Test("signals that whoever started graph ignores or holds back are no action's")
    func signals() async throws {
      let world = try World(files: [
        "graph.yml": "name: signals\narches: [x86_64]\n",
        "graph.d/t.yml": """
        commands:
          - {name: //t/x, root: host, arches: noarch, outputs: {o: file},
             command: [/bin/sh, -c, 'grep -E "Sig(Blk|Ign)" /proc/self/status > {outputs.o}']}
        """,
      ])
      var program = world.graph("build")
      program.words = ["sh", "-c", "trap '' PIPE HUP USR1 CHLD; exec \"$@\"", "sh"] + program.words
      try await program.check()
      try await world.graph("export", "//t/x", world.scratch + "/o").check()
      let text = try String(decoding: Data(contentsOf: URL(filePath: world.scratch + "/o")), as: UTF8.self)
      #expect(text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
    }

    @Test("a shell in a sandbox cannot type into the terminal that it was started from")
    func typing() async throws {
      let world = try World(files: [
        "graph.yml": "name: typing\narches: [x86_64]\n",
        "graph.d/t.yml": """
        commands:
          - {name: //t/x, root: host, arches: noarch, outputs: {o: file}, command: [/bin/sh, -c, 'echo > {outputs.o}']}
        """,
      ])
      let terminal = try Terminal()
      // 21522 is TIOCSTI. Status 7: refused, as it should be.
      let script = """
        import fcntl, sys
        try: fcntl.ioctl(0, 21522, b'x')
        except PermissionError: sys.exit(7)
        """
      let process = try terminal.start(
        world.graph("shell", "//t/x", "--step", "command", "--", "python3", "-c", script))
      var status: Int32 = 0
      while waitpid(process, &status, 0) < 0, errno == EINTR {}
      #expect(status >> 8 & 0xff == 7)
      terminal.close()
    }
  }
}
