import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
  @Suite("usage and surroundings")
  struct Usage {
    struct Case: Sendable, CustomTestStringConvertible {
      let words: [String]
      let status: Int32
      let says: String
      init(_ words: String..., status: Int32, says: String) {
        (self.words, self.status, self.says) = (words, status, says)
      }
      var testDescription: String { words.joined(separator: " ") }
    }

    private static let cases = [
      Case("build", "//app/htpd:aarch64", status: 64, says: "//app/httpd"),
      Case("build", "app/httpd", status: 64, says: "//"),
      Case("build", "//app/httpd:arm65", status: 64, says: "arm65"),
      Case("build", "--no-such-flag", status: 64, says: "--no-such-flag"),
      Case("build", "-j", "0", status: 64, says: "-j"),
      Case("build", "--refresh", "--offline", status: 64, says: "--offline"),
      Case("plan", "--snapshot", "20010101_01", status: 64, says: "20010101_01"),
      Case("run", "//rpm/bash:x86_64", status: 64, says: "image"),
      Case("no-such-command", status: 64, says: "no-such-command"),
      Case("--version", status: 0, says: "graph "),
      Case("check", status: 0, says: ""),
      Case("build", "-j2", "//app/httpd:x86_64", status: 0, says: ""),
      Case("build", "//app/...", status: 0, says: ""),
    ]

    @Test("exit codes of right and wrong usage")
    func exitCodes() async throws {
      let world = try await World.warm()
      for item in Self.cases {
        let program =
          item.words[0].hasPrefix("-") || item.words[0].hasPrefix("no-")
          ? Program([World.graph] + item.words) : world.graph(item.words)
        let ended = try await program.run()
        #expect(ended.status == item.status, "\(ended.transcript)")
        #expect((ended.output + ended.errors).contains(item.says), "\(ended.transcript)")
      }
    }

    @Test("--offline without a snapshot is exit code 69, and leaves no snapshot")
    func offline() async throws {
      let world = try await World.fresh()
      let ended = try await world.graph("build", "--offline", "//app/httpd:aarch64").run()
      #expect(ended.status == 69, "\(ended.transcript)")
      #expect(ended.errors.contains("--offline"))
      #expect(try await world.graph("snapshot", "show").check() == "")
    }

    @Test("a store of another version, and a folder that is no store, are exit code 75 and stay as they are")
    func otherStore() async throws {
      let world = try await World.fresh()
      try await Program(["mkdir", world.store]).check()
      try Data("99\n".utf8).write(to: URL(filePath: world.store + "/VERSION"))
      for command in ["plan", "build", "clean"] {
        let ended = try await world.graph(command).run()
        #expect(ended.status == 75, "\(ended.transcript)")
        #expect(ended.errors.contains("has version '99' and this graph uses version"))
        #expect(ended.errors.contains("hint: "))
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: world.store).filter { $0 != "locks" } == [
          "VERSION"
        ])
      try await Program(["mv", world.store + "/VERSION", world.store + "/letters"]).check()
      let ended = try await world.graph("build").run()
      #expect(ended.status == 75, "\(ended.transcript)")
      #expect(ended.errors.contains("is not a store"))
    }

    @Test("the store is in XDG_CACHE_HOME, and the workspace is found from a folder inside it")
    func places() async throws {
      let world = try await World.warm()
      let cache = world.scratch + "/cache"
      try await Program(["mkdir", cache]).check()
      try await Program(["mv", world.store, cache + "/graph"]).check()
      var plan = Program([World.graph, "plan", "--exit-code", "//app/httpd:x86_64"])
      plan.folder = world.workspace + "/images/httpd"
      plan.environment = ["XDG_CACHE_HOME": cache, "HOME": world.scratch]
      try await plan.check()
      plan.words = [
        World.graph, "plan", "--exit-code", "--directory", world.workspace, "--store", cache + "/graph",
      ]
      plan.folder = "/"
      plan.environment = ["XDG_CACHE_HOME": "", "HOME": world.scratch]
      try await plan.check()
      var elsewhere = Program([World.graph, "plan"])
      elsewhere.folder = world.scratch
      let ended = try await elsewhere.run()
      #expect(ended.errors.contains("graph.yml"), "\(ended.transcript)")
      #expect(ended.status == 1)
    }

    @Test("a failed RUN is exit code 1, shows what it printed, and does not stop what does not need it")
    func failedAction() async throws {
      let world = try await World.warm()
      try world.edit("images/httpd/Dockerfile", "httpd -t", "echo told-before-it-failed && exit 7")
      try world.edit("images/report/sales.csv", "\n", "\n\n")
      let ended = try await world.graph("build", "//app/...:x86_64").run()
      #expect(ended.status == 1, "\(ended.transcript)")
      #expect(ended.errors.contains("told-before-it-failed"))
      let ran = try await world.ran()
      #expect(ran.contains("//app/report@latest:x86_64 image"))
      #expect(!ran.contains("//app/httpd@2.4:x86_64 image"))
      let log = try await world.graph("log", "//app/httpd@2.4:x86_64").run()
      #expect((log.output + log.errors).contains("told-before-it-failed"), "\(log.transcript)")
    }
  }
}
