import FoundationEssentials
import Glibc
import GraphCore
import Testing

/// An image of the example, and what tells that it works.
struct Start: Sendable, CustomTestStringConvertible {
  let image: String
  var arguments: [String] = []
  /// A page that its server has, in place of what it prints.
  var page: (path: String, port: UInt16)?
  var status: Int32 = 0
  /// Part of the page or output; `MACHINE` is what `uname -m` says.
  let says: String

  var testDescription: String { ([image] + arguments).joined(separator: " ") }
}

let starts = [
  Start(image: "//base/core", arguments: ["/usr/bin/uname", "-m"], says: "MACHINE"),
  Start(image: "//library/core@7", arguments: ["/bin/bash", "-c", "uname -m"], says: "MACHINE"),
  Start(image: "//library/core@7-debug", arguments: ["/usr/bin/jq", "-n", "[6 * 7]"], says: "42"),
  Start(
    image: "//library/python",
    arguments: ["/usr/bin/python3", "-c", "import os; print(2**70, os.uname().machine)"],
    says: "1180591620717411303424 MACHINE"),
  Start(image: "//library/lighttpd", page: ("/nothing", 8080), says: "404"),
  Start(image: "//app/httpd", page: ("/", 8080), says: "<"),
  Start(image: "//app/docs", page: ("/pages.inc", 8080), says: "install.html"),
  Start(image: "//app/downloads", page: ("/README.txt", 8080), says: ""),
  Start(image: "//app/report", says: "Sales by region"),
  // Nothing answers where it asks.
  Start(image: "//app/smoke", status: 1, says: "\"ok\":false"),
]

extension EndToEnd {
  @Suite("every architecture")
  struct EveryArchitecture {
    static let withPackages = ["x86_64", "i686", "aarch64", "armhfp", "ppc64le", "s390x"]

    @Test("every image starts and does its work", arguments: starts, withPackages)
    func works(start: Start, architecture: String) async throws {
      let world = try await World.everywhere()
      let machine = try #require(Architecture(architecture)).names.machine
      let expected = start.says.replacing("MACHINE", with: machine)
      let label = "\(start.image):\(architecture)"
      guard let page = start.page else {
        let ended = try await world.graph(
          ["run", label] + (start.arguments.isEmpty ? [] : ["--"]) + start.arguments
        )
        .run()
        #expect(ended.status == start.status && ended.output.contains(expected), "\(ended.transcript)")
        return
      }
      let port = try Loopback.freePort()
      let server = try world.graph("run", "--publish", "\(port):\(page.port)", label).start()
      let text = try await Loopback.answer(port: port, page.path)
      server.send(SIGINT)
      let ended = await server.end()
      #expect(text.contains(expected), "\(text)\n\(ended.transcript)")
    }

    @Test("content without programs is made for architectures that have no packages, and its index lists all")
    func withoutPackages() async throws {
      let world = try await World.everywhere()
      let layout = try await world.export("//data/timetable")
      let index = try await Program(["skopeo", "inspect", "--raw", "oci:\(layout)"]).check()
      for architecture in Architecture.all where World.architectures.contains("\(architecture)") {
        #expect(index.contains("\"architecture\":\"\(architecture.names.oci)\""), "\(architecture): \(index)")
      }
      #expect(index.contains("\"variant\":\"v7\"") && index.matches(of: /"architecture"/).count == 8)
      let plan = try await world.graph("plan", "--verbose", "//data/...").check()
      #expect(plan.contains("//data/timetable@1:ppc64 ") && plan.contains("//data/timetable@1:riscv64 "))
    }

    @Test(
      "what is not made for an architecture is told, with the reason and its place, and asking for it is wrong usage"
    )
    func unsupported() async throws {
      let world = try await World.everywhere()
      let list = try await world.graph("ls", "-l", "//app/httpd").check()
      let line =
        "unsupported //app/httpd@2.4:riscv64  image: it needs //library/core@7, and that needs //repo/os, whose 'not' takes it away (graph.d/system.yml:5:10) (images/httpd/Dockerfile:1:6)"
      #expect(list.contains(line), "\(list)")
      for command in [["check"], ["plan", "//app/httpd"]] {
        let text = try await world.graph(command).check()
        #expect(
          text.contains("needs //repo/os, whose 'not' takes it away (graph.d/system.yml:5:10)"), "\(text)")
      }
      let plan = try await world.graph("plan", "--json", "//app/httpd").check()
      #expect(plan.contains("\"label\" : \"//app/httpd@2.4:riscv64\""))
      for command in ["build", "plan", "run", "ls"] {
        let ended = try await world.graph(command, "//app/httpd:riscv64").run()
        #expect(ended.status == 64, "\(ended.transcript)")
        #expect(ended.errors.contains("//app/httpd@2.4:riscv64 is not made: it needs //library/core@7"))
      }
      let elsewhere = try await world.graph("build", "//app/httpd:armel").run()
      #expect(elsewhere.status == 64 && elsewhere.errors.contains("the workspace is not built for armel"))
    }

    @Test("package versions are compared over architectures, once for each set of locks")
    func compared() async throws {
      let world = try await World.everywhere()
      let compared = try await world.history(
        "SELECT DISTINCT node FROM run_nodes WHERE node LIKE '% compare' AND outcome IN ('ran', 'cut off')")
      #expect(
        Set(compared).isSuperset(of: ["//base/core compare", "//app/httpd@2.4 compare"]), "\(compared)")
    }

    @Test("a build of one architecture resolves nothing for others, and has no index")
    func oneAlone() async throws {
      let world = try World(files: [
        "graph.yml": "name: d\narches: [x86_64, aarch64, s390x]\n",
        "resolve": "#!/bin/sh\necho \"$1\" >> \"$(dirname \"$0\")/asked\"\nexit 1\n",
        "graph.d/t.yml": """
        commands:
          - name: //tools/a
            root: host
            fetch: {resolve: [resolve, "{arch}"]}
            command: [cp, "{fetch}", "{outputs.out}"]
            outputs: {out: file}

        """,
      ])
      try await Program(["chmod", "+x", world.workspace + "/resolve"]).check()
      let ended = try await world.graph("build", "//tools/a:aarch64").run()
      #expect(ended.status == 1)
      #expect(try world.read("asked") == "aarch64\n")
    }
  }

  @Suite("failures that are allowed")
  struct AllowedFailures {
    @Test(
      "a failure where it is allowed leaves the architecture out of the index, with exit code 0, until it is mended"
    )
    func incomplete() async throws {
      let world = try World(files: [
        "graph.yml": "name: d\narches: [x86_64, aarch64, s390x]\n",
        "graph.d/t.yml": """
        images:
          - {name: //app/a, failable: [s390x]}

        """,
        "index.d/app.yml": """
        Projects:
          - {id: 1, app-id: app, job-id: a, git-url: ., git-path: a, target-file: Dockerfile, desired-tag: 1,
             notify-email: a@example.org}

        """,
        "a/cccp.yml": "job-id: a\n",
        "a/Dockerfile": "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH/ /file/\nCOPY more /file/\n",
        "a/more": "2", "a/amd64/x": "1", "a/arm64/x": "1",
        // A file cannot take the place of this folder, which only the action finds out.
        "a/s390x/more/y": "1",
      ])
      let built = try await world.graph("build").run()
      #expect(built.status == 0, "\(built.transcript)")
      #expect(built.output.contains("INCOMPLETE: ") && built.output.contains("failed as they may"))
      #expect(built.output.matches(of: /\/\/app\/a@1  +index  [0-9a-f]{64} without s390x/).count == 1)
      #expect(try await world.history("SELECT outcome FROM runs") == ["incomplete"])
      let partial = try await world.digest(of: "//app/a")
      let exported = try await world.graph("export", "//app/a", world.scratch + "/partial").run()
      #expect(
        exported.status == 0 && exported.errors.contains("//app/a@1 is without s390x"),
        "\(exported.transcript)")
      #expect(try await world.graph("export", "//app/a:s390x", world.scratch + "/none").run().status != 0)
      let plan = try await world.graph("plan", "--exit-code").run()
      #expect(plan.status == 2, "what failed is tried again: \(plan.transcript)")

      try FileManager.default.removeItem(atPath: "\(world.workspace)/a/s390x")
      try world.write("1", to: "a/s390x/x")
      let mended = try await world.graph("build").run()
      #expect(mended.status == 0 && !mended.output.contains("INCOMPLETE"), "\(mended.transcript)")
      #expect(try await world.digest(of: "//app/a") != partial)
      #expect(try await world.graph("plan", "--exit-code").run().status == 0)
    }
  }
}
