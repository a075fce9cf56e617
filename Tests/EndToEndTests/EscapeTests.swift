import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
  /// `Tests/Intruder` is an action that tries everything, in each kind of root and as each kind of user.
  @Suite("an action that tries to get out", .enabled(if: geteuid() == 0))
  struct Escapes {
    /// Who runs graph.
    enum User: String, CaseIterable, Sendable {
      case root
      /// Without subordinate ids.
      case ordinary
      /// With a range of them.
      case subordinate
    }

    static let secret = ("7c1e3f-caller-", "secret-0b9a")

    private static let settings = "name: escapes\narches: [x86_64]\n"

    private static let index = """
      Projects:
        - {id: 1, app-id: app, job-id: a, git-url: ., git-path: a, git-branch: main, target-file: Dockerfile,
           desired-tag: latest, notify-email: a@example.org, depends-on: null}
      """

    /// The intruder beside a first action that leaves something everywhere, in the same folders and by the same helper.
    private static func commands(_ variables: [String: String]) -> String {
      let env = variables.sorted { $0.key < $1.key }.map { "\($0.key): '\($0.value)'" }.joined(
        separator: ", ")
      let leave = [
        "for d in /tmp /build /dev/shm /var/tmp /run /home; do echo x > $d/left; mkdir -p $d/a/b; done",
        "chmod 700 /build /tmp; chown 1:1 /tmp 2>/dev/null; ln -s /etc /build/link",
        "chmod 000 /build/a; ipcmk -M 4096 >/dev/null; echo done > /build/out/left",
        "(trap '' TERM HUP; setsid sleep 76543 &) ; true",
      ].joined(separator: "; ")
      return """
        commands:
          - name: //t/leave
            root: host
            arches: noarch
            command: [/bin/sh, -c, "\(leave)"]
            outputs: {left: file}
          - name: //t/host
            root: host
            arches: noarch
            inputs: {intruder: intruder, left: //t/leave}
            env: {\(env), HOST_INPUT: '{inputs.intruder}', HOST_WORK: /build}
            command: [/bin/sh, -c, "cp '{inputs.intruder}' /tmp/i && chmod +x /tmp/i && /tmp/i && rm /tmp/i && echo done > '{outputs.done}'"]
            outputs: {done: file}
        """
    }

    private static func dockerfile(_ variables: [String: String]) -> String {
      let env = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
      return """
        FROM scratch
        COPY intruder /intruder
        WORKDIR /work
        ENV HOST_INPUT=/input HOST_WORK=/work \(env)
        RUN --mount=type=bind,source=intruder,target=/input ["/intruder"]
        """
    }

    private func world(_ servers: HostServers) async throws -> World {
      let world = try World(files: [:])
      let variables = [
        "HOST_FILE": world.scratch + "/only-on-the-host", "HOST_PORT": "\(servers.port)",
        "HOST_SOCKET": servers.socketName, "HOST_PID": "\(getpid())", "HOST_MARKER_1": Self.secret.0,
        "HOST_MARKER_2": Self.secret.1,
      ]
      for (path, text) in [
        "graph.yml": Self.settings, "index.d/app.yml": Self.index, "a/cccp.yml": "job-id: a\n",
        "a/Dockerfile": Self.dockerfile(variables), "graph.d/t.yml": Self.commands(variables),
      ] { try world.write(text, to: path) }
      try Data("only the host has this\n".utf8).write(to: URL(filePath: world.scratch + "/only-on-the-host"))
      let programs = World.graph.components(separatedBy: "/").dropLast().joined(separator: "/")
      // Where everybody can start them.
      let script = """
        mkdir "$1/bin" && cp "$2/graph" "$2/graph-sandbox" "$1/bin" && cp "$2/intruder" "$3" && cp "$2/intruder" "$3/a"
        chmod -R a+rX "$1"
        """
      try await Program(["sh", "-euc", script, "sh", world.scratch, programs, world.workspace]).check()
      return world
    }

    /// `graph` with `words` as that user, whose variables hold the secret.
    private func graph(_ words: [String], as user: User, in world: World) -> Program {
      let graph = [world.scratch + "/bin/graph", words[0], "--store", world.store] + words.dropFirst()
      let drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
      // The ranges are the machine's, so they are replaced in a mount namespace only.
      let ranges = """
        mount --bind "$0/range" /etc/subuid && mount --bind "$0/range" /etc/subgid && exec "$@"
        """
      var program =
        switch user {
        case .root: Program(graph)
        case .ordinary: Program(drop + graph)
        case .subordinate: Program(["unshare", "-m", "sh", "-c", ranges, world.scratch] + drop + graph)
        }
      program.folder = world.workspace
      program.environment = ["HOME": world.scratch, "CALLER_SECRET": Self.secret.0 + Self.secret.1]
      return program
    }

    @Test(
      "reaches nothing of the host, of who started it, or of other actions, and leaves nothing running",
      arguments: User.allCases)
    func denied(user: User) async throws {
      let servers = try HostServers()
      let world = try await world(servers)
      try Data("65534:100000:65536\n".utf8).write(to: URL(filePath: world.scratch + "/range"))
      if user != .root {
        try await Program(["chown", "-R", "65534:65534", world.scratch]).check()
      }
      try await graph(["build", "-j1"], as: user, in: world).check()
      for (label, step) in [("//t/host", "command"), ("//app/a", "5 RUN")] {
        let log = try await graph(["log", label, step], as: user, in: world).check()
        let lines = log.split(separator: "\n")
        #expect(lines.filter { !$0.hasPrefix("denied ") } == [], "\(label) as \(user.rawValue)")
        #expect(lines.count == 27, "\(label) as \(user.rawValue)")
      }
      #expect(try Processes.holding("intruder-stays") == [])
      #expect(try Processes.holding("sleep 76543") == [])
      try await Program(["rm", "-rf", world.store]).check()
      withExtendedLifetime(servers) {}
    }

    @Test(
      "the store keeps what actions made from other users: a set-id program of an image is nobody's to run")
    func setIdPrograms() async throws {
      let servers = try HostServers()
      let world = try await world(servers)
      try world.write(
        "FROM scratch\nCOPY --chmod=4755 intruder /intruder\nRUN [\"/intruder\"]\n", to: "a/Dockerfile")
      try await Program(["rm", world.workspace + "/graph.d/t.yml"]).check()
      // Not whether the action succeeds: it is told nothing to try. Its layers are there either way.
      _ = try await world.graph("build").run()
      let script = "find \"$1\" -perm /6000 -type f -print -quit 2>/dev/null"
      let asRoot = try await Program(["sh", "-c", script, "sh", world.store]).check()
      #expect(asRoot.contains("/intruder"))
      let drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
      #expect(try await Program(drop + ["sh", "-c", script, "sh", world.store]).run().output == "")
    }
  }
}
