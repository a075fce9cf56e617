import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
  @Suite("limits of inputs")
  struct Limits {
    /// A workspace that is refused, and the beginnings of what has to be said.
    struct Case: Sendable, CustomTestStringConvertible {
      let testDescription: String
      let prepare: @Sendable (World) throws -> Void
      let says: [String]
      init(_ name: String, _ says: String..., prepare: @escaping @Sendable (World) throws -> Void) {
        (testDescription, self.says, self.prepare) = (name, says, prepare)
      }
    }

    static func entry(_ key: String, _ value: String) -> String {
      var lines = [
        "id": "1", "app-id": "app", "job-id": "a", "git-url": ".", "git-path": "a",
        "target-file": "Dockerfile",
        "desired-tag": "1", "notify-email": "a@b", "depends-on": "null",
      ]
      lines[key] = value
      return "Projects:\n  - {"
        + lines.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        + "}\n"
    }

    static let manifests = [
      "graph.yml", "index.d/app.yml", "graph.d/x.yml", "a/cccp.yml", "a/container.yaml",
    ]

    static func everywhere(_ world: World, _ bytes: [UInt8]) throws {
      for name in manifests.dropFirst() + ["a/Dockerfile"] {
        if name != "index.d/app.yml" {
          try Data(bytes).write(to: URL(filePath: "\(world.workspace)/\(name)"))
        }
      }
      try Data(bytes).write(to: URL(filePath: "\(world.workspace)/index.d/b.yml"))
    }

    static let bomb: String = {
      var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
      for level in 1...12 {
        let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
        text += "a\(level): &a\(level) [\(items)]\n"
      }
      return text
    }()

    static let cases = [
      Case(
        "aliases that multiply", "index.d/b.yml:6:", "graph.d/x.yml:6:", "a/cccp.yml:6:",
        "a/container.yaml:6:"
      ) { try everywhere($0, Array(bomb.utf8)) },
      Case(
        "files of 100 MB", "index.d/b.yml:1:1: error: the file is larger than 8 MiB",
        "graph.d/x.yml:1:1: error: the file is larger than 8 MiB",
        "index.d/app.yml:2:63: error: 'a/cccp.yml' is larger than 8 MiB"
      ) { try everywhere($0, Array(repeating: UInt8(ascii: "#"), count: 100_000_000)) },
      Case("a Dockerfile of 100 MB", "index.d/app.yml:2:128: error: 'a/Dockerfile' is larger than 8 MiB") {
        try Data(repeating: UInt8(ascii: "\n"), count: 100_000_000)
          .write(to: URL(filePath: $0.workspace + "/a/Dockerfile"))
      },
      Case("a Dockerfile of 2 MB", "a/Dockerfile:1:1: error: the file is larger than 1 MiB") {
        try Data(repeating: UInt8(ascii: "\n"), count: 2_000_000)
          .write(to: URL(filePath: $0.workspace + "/a/Dockerfile"))
      },
      Case(
        "10,000 levels of lists", "index.d/b.yml:1:201: error: lists and mappings are nested deeper than 200",
        "graph.d/x.yml:1:201: ", "a/cccp.yml:1:201: ", "a/container.yaml:1:201: "
      ) { try everywhere($0, Array(repeating: UInt8(ascii: "["), count: 10_000)) },
      Case("10,000 levels of mappings", "index.d/b.yml:1:", "a/cccp.yml:1:") {
        try everywhere($0, Array(String(repeating: "{a: ", count: 10_000).utf8))
      },
      Case("10,000 levels of dashes", "index.d/b.yml:1:401: error: ") {
        try everywhere($0, Array((String(repeating: "- ", count: 10_000) + "a\n").utf8))
      },
      Case(
        "bytes that are no text", "index.d/b.yml:1:4: error: byte 0xff is not UTF-8",
        "graph.d/x.yml:1:4: error: ",
        "a/cccp.yml:1:4: error: ", "a/container.yaml:1:4: error: ", "a/Dockerfile:1:4: error: byte 0xff"
      ) { try everywhere($0, [0x61, 0x3a, 0x20, 0xff]) },
      Case("nothing but line ends", "index.d/b.yml:1:1: error: the file has no 'Projects'") {
        try everywhere($0, Array(repeating: 0x0a, count: 1_000_000))
      },
      Case("a million values", "index.d/b.yml:1:") {
        try $0.write("Projects: [" + String(repeating: "a,", count: 1_500_000) + "]\n", to: "index.d/b.yml")
      },
      Case("a hundred thousand keys", "index.d/b.yml:2:1: error: unknown key 'k0'") {
        try $0.write(
          "Projects: []\n" + (0..<100_000).map { "k\($0): 1\n" }.joined(), to: "index.d/b.yml")
      },
      Case(
        "a hundred thousand parents", "index.d/app.yml:2:31: error: 'depends-on' lists more than 1000 images"
      ) {
        try $0.write(
          entry("depends-on", "[\((0..<100_000).map { "a/b\($0):1" }.joined(separator: ","))]"),
          to: "index.d/app.yml")
      },
      Case(
        "a hundred thousand instructions",
        "a/Dockerfile:1:1: error: the Dockerfile has more than 5000 instructions"
      ) {
        try $0.write("FROM scratch\n" + String(repeating: "ENV a=b\n", count: 100_000), to: "a/Dockerfile")
      },
      Case("here-documents that never end", "a/Dockerfile:2:") {
        try $0.write("FROM scratch\n" + String(repeating: "RUN <<A\n", count: 100_000), to: "a/Dockerfile")
      },
      Case(
        "a pipe in place of each file", "index.d/b.yml:1:1: error: ", "graph.d/x.yml:1:1: error: ",
        "index.d/app.yml:2:"
      ) {
        for name in ["index.d/b.yml", "graph.d/x.yml", "a/Dockerfile", "a/cccp.yml"] {
          unlink("\($0.workspace)/\(name)")
          try #require(mkfifo("\($0.workspace)/\(name)", 0o644) == 0)
        }
      },
      Case(
        "a link to an endless device", "index.d/b.yml:1:1: error: 'index.d/b.yml' leads out of the workspace"
      ) {
        try #require(symlink("/dev/zero", $0.workspace + "/index.d/b.yml") == 0)
      },
      Case(
        "index.d is a link out of the workspace", "index.d:1:1: error: 'index.d' leads out of the workspace"
      ) {
        try FileManager.default.removeItem(atPath: $0.workspace + "/index.d")
        try #require(symlink("/etc", $0.workspace + "/index.d") == 0)
      },
      Case(
        "graph.d is a link out of the workspace", "graph.d:1:1: error: 'graph.d' leads out of the workspace"
      ) {
        try FileManager.default.removeItem(atPath: $0.workspace + "/graph.d")
        try #require(symlink("/etc", $0.workspace + "/graph.d") == 0)
      },
      Case("a Dockerfile that is a link out of the workspace", "index.d/app.yml:2:") {
        unlink($0.workspace + "/a/Dockerfile")
        try #require(symlink("/etc/passwd", $0.workspace + "/a/Dockerfile") == 0)
      },
      Case("a context that is a link out of the workspace", "index.d/app.yml:2:34: error: ") {
        try #require(symlink("/etc", $0.workspace + "/a/out") == 0)
        try $0.write(entry("build-context", "out"), to: "index.d/app.yml")
      },
      Case(
        "a git-path that leaves", "index.d/app.yml:2:63: error: git-path '../../etc' leaves the repository"
      ) {
        try $0.write(entry("git-path", "../../etc"), to: "index.d/app.yml")
      },
      Case("an app-id with control characters", "index.d/app.yml:2:14: error: app-id 'a\u{fffd}[31mb'") {
        try $0.write(entry("app-id", "\"a\\e[31mb\""), to: "index.d/app.yml")
      },
    ]

    @Test(
      "what is too large, too deep, endless or outside is refused quickly, with little memory",
      arguments: cases)
    func refused(item: Case) async throws {
      let world = try World(files: [
        "graph.yml": "name: d\narches: [x86_64]\n", "index.d/app.yml": Self.entry("id", "1"),
        "a/Dockerfile": "FROM scratch\n", "a/cccp.yml": "job-id: a\n", "graph.d/x.yml": "bases: []\n",
      ])
      try item.prepare(world)
      let ended = try await Self.measured(world, "check")
      #expect(ended.program.status == 1, "\(ended.program.transcript.prefix(2000))")
      let lines = ended.program.errors.split(separator: "\n")
      for text in item.says {
        #expect(lines.contains { $0.hasPrefix(text) }, "'\(text)' in \(ended.program.errors.prefix(2000))")
      }
      // No control character of an input reaches the terminal.
      #expect(!ended.program.errors.utf8.contains { $0 < 0x20 && $0 != 0x0a && $0 != 0x09 || $0 == 0x7f })
      #expect(ended.seconds < 60 && ended.megabytes < 400, "\(ended.seconds) s, \(ended.megabytes) MB")
      print("limits: \(item.testDescription): \(ended.seconds) s, \(ended.megabytes) MB")
    }

    @Test(
      "no address of a git repository runs anything",
      arguments: [
        "--upload-pack=touch MARKER", "-oProxyCommand=touch MARKER", "ext::sh -c 'touch MARKER'",
        "ssh://-oProxyCommand=touch%20MARKER/x",
        "-oProxyCommand=touch:MARKER", "git@-oProxyCommand=touch MARKER:x", "https://h/x;touch MARKER",
        "h:x;touch MARKER",
        "https://h/$(touch MARKER)", "h:`touch MARKER`", "file::touch MARKER", "fd::17",
        "https://h/x\\ntouch MARKER",
        "|touch MARKER", "h:-x",
      ])
    func addresses(address: String) async throws {
      let world = try World(files: ["graph.yml": "name: d\narches: [x86_64]\n"])
      let marker = world.scratch + "/marker"
      let url = address.replacing("MARKER", with: marker).replacing("\"", with: "\\\"")
      for text in ["\"\(url)\"", "\"\(url)\", git-branch: \"\(url)\""] {
        try world.write(Self.entry("git-url", text), to: "index.d/app.yml")
        for command in ["check", "build"] {
          let ended = try await world.graph(command).run()
          #expect(ended.status == 1, "\(ended.transcript)")
          #expect(ended.errors.contains("index.d/app.yml:2:"), "\(ended.transcript)")
        }
        #expect(access(marker, F_OK) != 0, "\(address) ran")
      }
    }

    struct Measured {
      let program: Program.Ended
      let seconds: Double
      let megabytes: Double
    }

    /// Runs a subcommand, and says how long it took and how much memory it held at most.
    static func measured(_ world: World, _ word: String) async throws -> Measured {
      var program = world.graph(word)
      let facts = world.scratch + "/facts"
      program.words =
        [
          "/usr/bin/python3", "-c",
          """
          import resource, subprocess, sys, time
          begin = time.monotonic()
          status = subprocess.run(sys.argv[2:], timeout=120).returncode
          used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
          open(sys.argv[1], "w").write(f"{time.monotonic() - begin:.2f} {used:.1f}")
          sys.exit(status)
          """, facts,
        ] + program.words
      let ended = try await program.run()
      let text = try String(contentsOf: URL(filePath: facts), encoding: .utf8)
      let numbers = text.split(separator: " ").compactMap { Double(String($0)) }
      try #require(numbers.count == 2)
      return Measured(program: ended, seconds: numbers[0], megabytes: numbers[1])
    }
  }
}
