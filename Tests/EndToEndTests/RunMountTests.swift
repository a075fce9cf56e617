import FoundationEssentials
import Testing

extension EndToEnd {
  @Suite("what a RUN mounts")
  struct RunMounts {
    static let token = "a-token-that-nobody-may-see"

    private static let dockerfile = """
      FROM scratch
      COPY busybox /bin/busybox
      RUN ["/bin/busybox", "--install", "-s", "/bin"]
      RUN --mount=type=secret,id=token,required --mount=target=/src,source=page --mount=type=cache,target=/cache \\
          cat /run/secrets/token /src; echo >> /cache/runs; cp /src /page; wc -l < /cache/runs
      """

    private static let index = """
      Projects:
        - id: 1
          app-id: app
          job-id: a
          git-url: .
          git-path: a
          git-branch: main
          target-file: Dockerfile
          desired-tag: latest
          notify-email: a@example.org
          depends-on: null
      """

    private func world() async throws -> World {
      let world = try World(files: [
        "graph.yml": "name: mounts\narches: [x86_64]\n", "index.d/app.yml": Self.index,
        "a/Dockerfile": Self.dockerfile, "a/cccp.yml": "job-id: a\n", "a/page": "page\n",
      ])
      try await Program(["cp", "/usr/bin/busybox", world.workspace + "/a/busybox"]).check()
      return world
    }

    @Test(
      "a secret is asked for, used and nowhere after that; a cache stays; an edit of what is bound runs it")
    func mounts() async throws {
      let world = try await world()
      let label = "//app/a:x86_64"
      func graph(_ words: String...) -> Program {
        var program = world.graph(words)
        program.environment["TOKEN"] = Self.token
        return program
      }
      let refused = try await graph("build").run()
      #expect(refused.status == 1, "\(refused.transcript)")
      #expect(refused.errors.contains("a/Dockerfile:4:1"), "\(refused.transcript)")
      #expect(refused.errors.contains("needs the secret 'token', which was not given"))
      #expect(refused.errors.contains("give it with --secret id=token,src=FILE, or env=VARIABLE"))
      let plan = try await graph("plan", label).check()
      #expect(plan.contains("(opaque, cache)"), "\(plan)")
      let secret = "id=token,env=TOKEN"
      var said = try await graph("build", "--secret", secret).check()
      said += try await graph("log", label, "4 RUN").check()
      #expect(said.hasSuffix("***page\n1"), "\(said)")
      try world.write("another page\n", to: "a/page")
      #expect(try await world.planned().contains("//app/a@latest:x86_64 4 RUN"))
      said += try await graph("build", "--secret", secret).check()
      said += try await graph("log", label, "4 RUN").check()
      #expect(said.hasSuffix("***another page\n2"), "\(said)")
      // The result is there, whoever has the secret.
      said += try await graph("build").check()
      said += try await graph("why", label, "--step", "4 RUN").check()
      #expect(!said.contains(Self.token))
      let found = try await Program(["grep", "-rlF", Self.token, world.store, world.workspace]).run()
      #expect(found.status == 1 && found.output == "", "\(found.transcript)")
      // What is in a layer is compressed in an export alone: its recipe names what it holds.
      try await graph("export", label, world.scratch + "/image").check()
      let files = try await Program([
        "sh", "-c",
        "for b in \(world.scratch)/image/blobs/sha256/*; do zstd -dqc $b 2>/dev/null | tar -t 2>/dev/null; done",
      ]).check()
      #expect(
        files.contains("page") && !files.contains("run/") && !files.contains("cache")
          && !files.contains("src"))

      let shell = try await graph(
        "shell", label, "--step", "4 RUN", "--secret", secret, "--", "/bin/sh", "-c",
        "cat /run/secrets/token /src; wc -l < /cache/runs"
      ).run()
      #expect(shell.output == Self.token + "another page\n2\n", "\(shell.transcript)")
      #expect(!shell.errors.contains(Self.token))
      #expect(try await graph("clean").check().contains("and 1 cache;"))
    }
  }
}
