import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
  @Suite("registries")
  struct Registries {
    private static let password = "open sesame"

    @Test(
      "what is pushed has its digest, and a second push sends nothing; images share what they have in common")
    func digests() async throws {
      let world = try await World.tiny()
      let registry = try await DockerRegistry(in: world.scratch)
      try world.edit(
        "graph.yml", "name: tiny", "name: tiny\nregistries: {\"\(registry.name)\": {insecure: true}}")
      let words = ["export", "//app/...", "docker://\(registry.name)"]
      let first = try await world.graph(words).check()
      for label in ["//app/one@1", "//app/two@2.1"] {
        let name = label.replacing("//", with: "").replacing("@", with: ":")
        let digest = try await world.digest(of: label)
        #expect(first.contains("\(label) -> docker://\(registry.name)/\(name)@\(digest)"))
        #expect(try await self.digest(of: "\(registry.name)/\(name)", tls: false) == digest)
      }
      // Every manifest is there by its digest before the first tag is set.
      let puts = registry.uploads.filter { $0.contains("/manifests/") }
      #expect(tagsComeLast(puts), "\(puts)")
      let uploads = registry.uploads
      let second = try await world.graph(words).check()
      #expect(second.split(separator: "\n").allSatisfy { $0.hasSuffix("(unchanged)") }, "\(second)")
      #expect(registry.uploads == uploads)

      // A layer on top is all that is new.
      try world.write("another text\n", to: "images/two/text")
      let third = try await world.graph(words).check()
      #expect(third.contains("//app/one@1") && third.contains("(unchanged)"))
      let sent = registry.uploads.dropFirst(uploads.count).filter { $0.hasPrefix("PUT /v2/app/two/blobs/") }
      // One layer, which both architectures have, and a configuration for each.
      #expect(sent.count == 3, "\(sent)")
    }

    private func tagsComeLast(_ puts: [String]) -> Bool {
      guard let tag = puts.firstIndex(where: { $0.hasSuffix("/1") || $0.hasSuffix("/2.1") }) else {
        return false
      }
      // skopeo sends the images of an index again by digest before it sets the tag; all were there already.
      let before = Set(puts[..<tag].filter { $0.contains("sha256:") })
      return before == Set(puts.filter { $0.contains("sha256:") })
    }

    @Test("credentials are taken from where podman and docker keep them, and are in no log")
    func credentials() async throws {
      let world = try await World.tiny()
      let authority = try await Authority(in: world.scratch + "/authority")
      let registry = try await DockerRegistry(
        in: world.scratch,
        guarded: .init(authority: authority, user: "robot", password: Self.password))
      try FileManager.default.copyItem(atPath: authority.own, toPath: world.workspace + "/ca.crt")
      try world.edit(
        "graph.yml", "name: tiny", "name: tiny\nregistries: {\"\(registry.name)\": {ca: ca.crt}}")

      let encoded = Data("robot:\(Self.password)".utf8).base64EncodedString()
      let folder = world.scratch + "/credentials"
      try write(#"{"auths": {"\#(registry.name)": {"auth": "\#(encoded)"}}}"#, to: folder + "/auth.json")
      try write(#"{"credHelpers": {"\#(registry.name)": "test"}}"#, to: folder + "/helper.json")
      try write(
        """
        #!/bin/sh
        echo '{"ServerURL": "\(registry.name)", "Username": "robot", "Secret": "\(Self.password)"}'

        """, to: folder + "/bin/docker-credential-test")
      try await Program(["chmod", "755", folder + "/bin/docker-credential-test"]).check()
      for place in [
        "docker/config.json", "run/containers/auth.json", "home1/.docker/config.json",
        "home2/.config/containers/auth.json",
      ] {
        try await Program(["install", "-D", folder + "/auth.json", "\(folder)/\(place)"]).check()
      }
      let nowhere = [
        "HOME": folder + "/none", "XDG_RUNTIME_DIR": folder + "/none", "REGISTRY_AUTH_FILE": "",
        "DOCKER_CONFIG": "", "XDG_CONFIG_HOME": "",
      ]
      let destination = "docker://\(registry.name)/"
      var refused = world.graph("export", "//app/one", destination)
      refused.environment = nowhere
      let ended = try await refused.run()
      #expect(
        ended.status == 1 && ended.errors.contains("podman login \(registry.name)"), "\(ended.transcript)")

      let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
      let places: [(words: [String], environment: [String: String])] = [
        (["--authfile", folder + "/auth.json"], [:]),
        ([], ["REGISTRY_AUTH_FILE": folder + "/auth.json"]),
        ([], ["REGISTRY_AUTH_FILE": folder + "/helper.json", "PATH": "\(folder)/bin:\(path)"]),
        ([], ["DOCKER_CONFIG": folder + "/docker"]),
        ([], ["XDG_RUNTIME_DIR": folder + "/run"]),
        ([], ["HOME": folder + "/home1"]),
        ([], ["HOME": folder + "/home2"]),
      ]
      for (number, place) in places.enumerated() {
        // Each under a name of its own, so that each really sends.
        var program = world.graph(
          ["export"] + place.words + ["--log-level", "trace", "//app/one", "\(destination)\(number)/"])
        program.environment = nowhere.merging(place.environment) { $1 }
        let ended = try await program.run()
        #expect(ended.status == 0, "\(place)\n\(ended.transcript)")
        #expect(ended.errors.contains("skopeo") && !ended.transcript.contains(Self.password))
        #expect(!ended.transcript.contains(encoded))
      }
      // What needs the registry to build upon reads them from the same places.
      try world.write("FROM \(registry.name)/0/app/one:1\nLABEL a=b\n", to: "images/two/Dockerfile")
      var build = world.graph("build", "//app/two:x86_64")
      build.environment = nowhere.merging(["DOCKER_CONFIG": folder + "/docker"]) { $1 }
      try await build.check()
    }

    @Test("what is wrong with a registry is said, with a hint and the exit code that fits")
    func faults() async throws {
      let world = try await World.tiny()
      let authority = try await Authority(in: world.scratch + "/authority")
      let guarded = try await DockerRegistry(
        in: world.scratch, guarded: .init(authority: authority, user: "robot", password: Self.password))
      let plain = try await DockerRegistry(in: world.scratch)
      let free = try Loopback.freePort()
      let helper = world.scratch + "/helper.json"
      try write(#"{"credHelpers": {"\#(guarded.name)": "no-such"}}"#, to: helper)
      let certificates = world.scratch + "/certificates"
      try await Program(["install", "-D", authority.own, certificates + "/ca.crt"]).check()
      let cases: [(words: [String], environment: [String: String], status: Int32, says: String)] = [
        (["docker://\(guarded.name)/"], [:], 1, "{ca: FILE}"),
        (["--cert-dir", certificates, "docker://\(guarded.name)/"], [:], 1, "podman login"),
        (["--insecure", "docker://\(guarded.name)/"], [:], 1, "podman login"),
        (
          ["--cert-dir", certificates, "docker://\(guarded.name)/"], ["REGISTRY_AUTH_FILE": helper], 69,
          "credential helper"
        ),
        (["docker://\(plain.name)/"], [:], 1, "{insecure: true}"),
        (["docker://127.0.0.1:\(free)/"], [:], 75, "nothing answers"),
        (["--insecure", "docker://127.0.0.1:\(free)/"], [:], 75, "nothing answers"),
        (
          ["docker://0.0.0.0:\(free)/"], ["https_proxy": "http://me:\(Self.password)@127.0.0.1:\(free)"], 75,
          "proxy"
        ),
        (["--insecure", "docker://\(plain.name)/UPPER/"], [:], 64, "lower-case"),
        (["--authfile", "no-such", "docker://\(plain.name)/"], [:], 64, "no-such"),
        (["--cert-dir", "no-such", "docker://\(plain.name)/"], [:], 64, "no-such"),
      ]
      for item in cases {
        var program = world.graph(["export", "//app/one"] + item.words)
        program.environment = item.environment.merging(["HOME": world.scratch]) { first, _ in first }
        let ended = try await program.run()
        #expect(ended.status == item.status, "\(ended.transcript)")
        #expect(ended.errors.contains(item.says), "\(ended.transcript)")
        #expect(!ended.transcript.contains(Self.password))
      }
      // The same, where an image is built on one of a registry.
      try world.write("FROM \(plain.name)/no/such:1\n", to: "images/two/Dockerfile")
      try world.edit("graph.yml", "name: tiny", "name: tiny\nregistries: {\"\(plain.name)\": {}}")
      let ended = try await world.graph("check").run()
      #expect(ended.status == 1, "\(ended.transcript)")
      #expect(ended.errors.contains("images/two/Dockerfile:1:6: error: the registry"), "\(ended.transcript)")
      try world.edit("graph.yml", "{}}", "{insecure: true}}")
      #expect(try await world.graph("check").run().errors.contains("has no image"))
    }

    @Test("a proxy is used where the environment names one, and not for what no_proxy names")
    func proxy() async throws {
      let world = try await World.tiny()
      // Go's libraries go to loopback names directly, and 0.0.0.0, which leads here too, is none in their eyes.
      let registry = try await DockerRegistry(in: world.scratch, called: "0.0.0.0")
      let port = try Loopback.freePort()
      let settings = world.scratch + "/tinyproxy.conf"
      try write("Port \(port)\nListen 127.0.0.1\nTimeout 60\nLogLevel Connect\nMaxClients 20\n", to: settings)
      let proxy = try Program(["tinyproxy", "-d", "-c", settings]).start()
      defer { proxy.send(SIGKILL) }
      try await Program([
        "curl", "--silent", "--output", "/dev/null", "--max-time", "30", "--retry", "100", "--retry-delay",
        "0",
        "--retry-max-time", "30", "--retry-all-errors", "http://127.0.0.1:\(port)/",
      ]).check()
      try world.edit(
        "graph.yml", "name: tiny", "name: tiny\nregistries: {\"\(registry.name)\": {insecure: true}}")
      let address = "http://127.0.0.1:\(port)"
      for names in [["http_proxy", "https_proxy", "no_proxy"], ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]] {
        let before = asked(proxy, registry)
        // Of one architecture, because tinyproxy passes on one line of skopeo's Accept only, which is not the index's.
        var direct = world.graph(
          "export", "//app/one:x86_64", "docker://\(registry.name)/\(names[2].lowercased())")
        direct.environment = [names[0]: address, names[1]: address, names[2]: "0.0.0.0"]
        try await direct.check()
        #expect(asked(proxy, registry) == before)
        var through = world.graph(
          "export", "//app/one:x86_64", "docker://\(registry.name)/\(names[0].lowercased())")
        through.environment = [names[0]: address, names[1]: address]
        try await through.check()
        #expect(asked(proxy, registry) > before)
      }
      let before = asked(proxy, registry)
      try world.write("FROM \(registry.name)/no_proxy:1\nLABEL a=b\n", to: "images/two/Dockerfile")
      var build = world.graph("build", "//app/two:x86_64")
      build.environment = ["http_proxy": address, "https_proxy": address]
      try await build.check()
      #expect(asked(proxy, registry) > before)
    }

    private func asked(_ proxy: Program.Running, _ registry: DockerRegistry) -> Int {
      proxy.said.split(separator: "\n").filter { $0.contains("Request") && $0.contains(registry.name) }.count
    }

    @Test("where one of several images cannot be pushed, no tag moves")
    func allOrNone() async throws {
      let world = try await World.tiny()
      let registry = try await DockerRegistry(in: world.scratch)
      // A file where the registry would make the folder of an image.
      let repositories = registry.folder + "/docker/registry/v2/repositories/app"
      try write("in the way\n", to: repositories + "/two")
      let words = ["export", "--insecure", "//app/...", "docker://\(registry.name)/"]
      let ended = try await world.graph(words).run()
      #expect(ended.status == 75, "\(ended.transcript)")
      #expect(access(repositories + "/one/_manifests/tags/1", F_OK) != 0)
      try FileManager.default.removeItem(atPath: repositories + "/two")
      try await world.graph(words).check()
      #expect(access(repositories + "/one/_manifests/tags/1", F_OK) == 0)
      // An image that fails to build keeps the others from being published, too.
      try world.write("changed\n", to: "images/two/text")
      try world.write("FROM app/one:1\nRUN exit 3\n", to: "images/three/Dockerfile")
      try world.write("job-id: three\n", to: "images/three/cccp.yml")
      try world.write(
        try world.read("index.d/app.yml") + """
            - {id: 3, app-id: app, job-id: three, git-url: images/three, git-path: /, target-file: Dockerfile,
               desired-tag: 1, notify-email: release@example.org, depends-on: app/one:1}

          """, to: "index.d/app.yml")
      let uploads = registry.uploads
      let failed = try await world.graph(words).run()
      #expect(failed.status == 1, "\(failed.transcript)")
      #expect(registry.uploads == uploads)
    }

    @Test("Ctrl-C ends a push; no tag moves, nothing stays, and the next push ends it")
    func interrupted() async throws {
      let world = try await World.tiny()
      try await world.graph("build").check()
      let registry = try await DockerRegistry(in: world.scratch)
      registry.send(SIGSTOP)
      let words = ["export", "--insecure", "//app/one", "docker://\(registry.name)/"]
      let program = try world.graph(words).start()
      var isPushing = false
      for _ in 0..<3_000 where !isPushing {
        isPushing =
          try await Program(["pgrep", "--full", "^[^ ]*skopeo .*\(registry.name)"]).run().status == 0
        if !isPushing { try await Task.sleep(for: .milliseconds(10)) }
      }
      try #require(isPushing)
      program.send(SIGINT)
      let ended = await program.end()
      #expect(ended.status == 130, "\(ended.transcript)")
      registry.send(SIGCONT)
      #expect(!registry.uploads.contains { $0.hasPrefix("PUT") && $0.hasSuffix("/manifests/1") })
      #expect(try FileManager.default.contentsOfDirectory(atPath: world.store + "/scratch").isEmpty)
      try await world.graph(words).check()
      let digest = try await world.digest(of: "//app/one")
      #expect(try await self.digest(of: "\(registry.name)/app/one:1", tls: false) == digest)
    }

    @Test(
      "--format docker is what registries before OCI take: gzip layers, Docker's types, the same image ids")
    func dockerFormat() async throws {
      let world = try await World.tiny()
      let registry = try await DockerRegistry(in: world.scratch)
      let words = ["export", "--insecure", "//app/two", "docker://\(registry.name)/"]
      try await world.graph(words).check()
      try await world.graph(words.dropLast() + ["--format", "docker", "docker://\(registry.name)/old/"])
        .check()
      let again = try await world.graph(
        words.dropLast() + ["--format", "docker", "docker://\(registry.name)/old/"]
      ).check()
      #expect(again.hasSuffix("(unchanged)"))
      let index = try await inspect(["--raw"], "\(registry.name)/old/app/two:2.1")
      #expect(index.contains("docker.distribution.manifest.list.v2") && !index.contains("vnd.oci"))
      let manifests = index.matches(of: /"sha256:[0-9a-f]{64}"/)
      #expect(manifests.count == 2)
      for manifest in manifests {
        let digest = manifest.0.dropFirst().dropLast()
        let text = try await inspect(["--raw"], "\(registry.name)/old/app/two@\(digest)")
        #expect(text.contains("image.rootfs.diff.tar.gzip") && !text.contains("vnd.oci"))
      }
      for architecture in ["amd64", "arm64"] {
        func configuration(_ name: String) async throws -> String {
          try await Program([
            "skopeo", "--override-arch", architecture, "inspect", "--tls-verify=false", "--config", "--raw",
            "docker://\(registry.name)/\(name):2.1",
          ]).check()
        }
        let now = try await configuration("app/two")
        #expect(try await configuration("old/app/two") == now)
      }
    }

    private func inspect(_ options: [String], _ name: String) async throws -> String {
      try await Program(["skopeo", "inspect", "--tls-verify=false"] + options + ["docker://\(name)"]).check()
    }

    private func digest(of name: String, tls: Bool) async throws -> String {
      let bytes = try await Program([
        "sh", "-c", "skopeo inspect --tls-verify=\(tls) --raw docker://\(name) | sha256sum",
      ]).check()
      return "sha256:\(bytes.prefix(64))"
    }

    private func write(_ text: String, to path: String) throws {
      let parent = path.split(separator: "/").dropLast().joined(separator: "/")
      try FileManager.default.createDirectory(atPath: "/\(parent)", withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(filePath: path))
    }
  }
}
