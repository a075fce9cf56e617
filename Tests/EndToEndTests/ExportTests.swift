import FoundationEssentials
import Glibc
import GraphCore
import Testing

extension EndToEnd {
  @Suite("what other tools make of an export")
  struct Exports {
    @Test(
      "skopeo inspects and copies one architecture and the index of all, with both compressions",
      arguments: ["zstd", "gzip"])
    func skopeo(compression: String) async throws {
      let world = try await World.warm()
      if compression == "gzip" {
        try world.write(try world.read("graph.yml") + "\ncompression: gzip\n", to: "graph.yml")
      }
      let registry = try await DockerRegistry(in: world.scratch)
      let one = try await world.export("//app/httpd:aarch64")
      let inspected = try await Program(["skopeo", "inspect", "--raw", "oci:\(one)"]).check()
      #expect(inspected.contains("tar+\(compression)"))
      let facts = try await Program(["skopeo", "inspect", "oci:\(one)"]).check()
      #expect(facts.contains("\"Architecture\": \"arm64\""))
      #expect(facts.contains("\"architecture\": \"aarch64\""))
      try await copy(["oci:\(one)", "docker://\(registry.name)/app/httpd:2.4"])
      #expect(
        try await digest("docker://\(registry.name)/app/httpd:2.4") == world.digest(of: "//app/httpd:aarch64")
      )

      let all = try await world.export("//app/httpd")
      try await copy(["--all", "oci:\(all)", "docker://\(registry.name)/app/httpd:all"])
      let index = try await Program([
        "skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(registry.name)/app/httpd:all",
      ]).check()
      #expect(index.contains("\"arm64\"") && index.contains("\"amd64\""))
    }

    @Test("podman takes the foreign image and runs the native one, which serves its page inside")
    func podman() async throws {
      let world = try await World.warm()
      let native = try await world.export("//app/httpd:\(Architecture.host)")
      let foreign = try await world.export(
        "//app/httpd:\(Architecture.host.description == "aarch64" ? "x86_64" : "aarch64")")
      // In a mount namespace of its own with cgroups of version 2 only, which podman insists on, and without asking
      // for limits above those it has: so it runs in containers too. Its store is our own folder.
      let script = """
        if mountpoint -q /sys/fs/cgroup; then umount -R /sys/fs/cgroup; fi
        mount -t cgroup2 none /sys/fs/cgroup
        podman() {
          command podman --root "$1/root" --runroot "$1/run" --tmpdir "$1/tmp" --storage-driver overlay \
            --events-backend file "${@:2}"
        }
        podman "$1" pull --quiet "oci:$3" >&2
        image=$(podman "$1" pull --quiet "oci:$2")
        podman "$1" run --rm --network=none --cgroups=disabled --ulimit nofile=20000:20000 \
          --ulimit nproc=10000:10000 "$image" /bin/bash -c '
          /usr/sbin/httpd && sleep 1 && exec 3<>/dev/tcp/127.0.0.1/8080 && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 &&
            cat <&3'
        """
      let ended = try await Program([
        "unshare", "--mount", "bash", "-euc", script, "bash", world.scratch + "/podman", native, foreign,
      ]).run()
      #expect(ended.status == 0, "\(ended.transcript)")
      #expect(ended.output.contains("200 OK"), "\(ended.transcript)")
      #expect(ended.output.contains(try world.read("images/httpd/index.html").prefix(20)))
    }

    @Test("an image of a registry is pinned by digest, built upon, and needs the registry only once")
    func externalBase() async throws {
      let world = try await World.warm()
      let layout = try await world.export("//library/core@7")
      do {
        let registry = try await DockerRegistry(in: world.scratch)
        try await copy(["--all", "oci:\(layout)", "docker://\(registry.name)/core:7"])
        try world.edit(
          "graph.yml", "registries:", "registries:\n  \"\(registry.name)\": {insecure: true}")
        try world.edit(
          "images/downloads/Dockerfile", "registry.example.org/lighttpd:1.4", "\(registry.name)/core:7")
        try await world.build("//app/downloads")
        let manifest = try await world.digest(of: "//library/core@7:x86_64").replacing("sha256:", with: "")
        let isPinned = try await world.graph("snapshot", "show", "newest").check().contains(manifest)
        #expect(isPinned, "the snapshot does not hold the digest that the tag had")
      }
      // The registry is gone now.
      let before = try await world.digest(of: "//app/downloads")
      try world.write("something else\n", to: "images/downloads/files/README.txt")
      let ran = try await world.build("--offline", "//app/downloads")
      #expect(ran.contains("//app/downloads@latest:x86_64 image"))
      #expect(try await world.digest(of: "//app/downloads") != before)
      let refreshed = try await world.graph("build", "--refresh", "//app/downloads").run()
      #expect(refreshed.status != 0, "\(refreshed.transcript)")
    }

    private func copy(_ words: [String]) async throws {
      try await Program(
        ["skopeo", "copy", "--quiet", "--dest-tls-verify=false", "--preserve-digests"] + words
      ).check()
    }

    private func digest(_ image: String) async throws -> String {
      try await Program([
        "skopeo", "inspect", "--override-arch=arm64", "--tls-verify=false", "--format", "{{.Digest}}", image,
      ]).check()
    }
  }

  @Suite("sources in git")
  struct GitSources {
    @Test("a commit that changes no content runs only the stamp; one that does rebuilds")
    func commits() async throws {
      let world = try await World.warm()
      let repository = world.scratch + "/source"
      try await git(
        repository,
        """
        git init -q -b main . && mkdir site && echo one > site/page && echo 'job-id: pages' > site/cccp.yml
        printf '%s\\n' 'FROM registry.example.org/core:7' 'RUN mkdir /srv/pages' 'COPY page /srv/pages/' > site/Dockerfile
        git add . && git commit -q -m first
        """)
      try world.write(
        try world.read("index.d/app.yml") + """

            - id: 6
              app-id: app
              job-id: pages
              git-url: file://\(repository)
              git-path: site
              git-branch: main
              target-file: Dockerfile
              desired-tag: latest
              notify-email: release@example.org
              build-context: ./
              depends-on: library/core:7

          """, to: "index.d/app.yml")
      let label = "//app/pages:x86_64"
      let first = try await world.build(label)
      #expect(first.contains("//app/pages@latest:x86_64 2 RUN"))

      try await git(repository, "echo unrelated > README && git add . && git commit -q -m second")
      #expect(try await world.build(label) == [], "the snapshot holds the branch where it was")
      #expect(try await world.build("--refresh", label) == ["//app/pages@latest:x86_64 image"])
      let layout = try await world.export(label)
      let commit = try await git(repository, "git rev-parse HEAD")
      try await Program(["grep", "-rqF", commit, layout + "/blobs"]).check()

      try await git(repository, "echo two > site/page && git add . && git commit -q -m third")
      let third = try await world.build("--refresh", label)
      #expect(
        third == [
          "//app/pages@latest:x86_64 3 COPY", "//app/pages@latest:x86_64 3 pack",
          "//app/pages@latest:x86_64 image",
        ])
    }

    @discardableResult
    private func git(_ repository: String, _ script: String) async throws -> String {
      try await Program(["mkdir", "-p", repository]).check()
      var program = Program(["sh", "-ec", script])
      program.folder = repository
      program.environment = [
        "HOME": repository, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
      ]
      return try await program.check()
    }
  }
}
