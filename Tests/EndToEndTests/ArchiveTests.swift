import FoundationEssentials
import GraphCore
import Testing

extension EndToEnd {
  @Suite("archives, layouts and engines")
  struct Archives {
    @Test("archives are the same bytes each time, and skopeo finds the same image in them")
    func archives() async throws {
      let world = try await World.tiny()
      let digest = try await world.digest(of: "//app/two:aarch64")
      for transport in ["oci-archive", "docker-archive"] {
        let files = ["\(world.scratch)/\(transport)-1.tar", "\(world.scratch)/\(transport)-2.tar"]
        for file in files {
          try await world.graph("export", "//app/two:aarch64", "\(transport):\(file)").check()
        }
        try await Program(["cmp", files[0], files[1]]).check()
        let facts = try await Program(["skopeo", "inspect", "\(transport):\(files[0])"]).check()
        #expect(facts.contains("\"Architecture\": \"arm64\"") && facts.contains("\"kind\": \"second\""))
        if transport == "oci-archive" { #expect(facts.contains(digest)) }
      }
      let members = try await Program(["tar", "-tf", "\(world.scratch)/docker-archive-1.tar"]).check()
      #expect(members.split(separator: "\n").filter { $0.hasSuffix(".tar") }.count == 2)
      // Layers are plain archives there, of which one begins with the file that it holds.
      let plain = try await Program([
        "bash", "-euc",
        "for m in $(tar -tf \"$1\" | grep 'tar$'); do tar -xOf \"$1\" \"$m\" | tar -t; done", "bash",
        "\(world.scratch)/docker-archive-1.tar",
      ]).check()
      #expect(plain.contains("bin/sh") && plain.contains("text"))
    }

    @Test("a docker-archive holds several images, each layer once, and goes down a pipe")
    func several() async throws {
      let world = try await World.tiny()
      let file = world.scratch + "/all.tar"
      let script = "\"$@\" | tee \"$0\" | tar -xO manifest.json"
      try await world.graph("build").check()
      let words = world.graph("export", "//app/...:x86_64", "docker-archive:/dev/stdout").words
      var program = Program(["bash", "-euo", "pipefail", "-c", script, file] + words)
      program.folder = world.workspace
      let manifest = try await program.check()
      #expect(manifest.contains("\"app/one:1\"") && manifest.contains("\"app/two:2.1\""))
      let layers = try await Program(["tar", "-tf", file]).check().split(separator: "\n")
      #expect(layers.filter { $0.hasSuffix(".tar") }.count == 2)
      let one = try await Program(["skopeo", "inspect", "docker-archive:\(file):app/one:1"]).check()
      #expect(one.contains("\"Architecture\": \"amd64\""))
      let refused = try await world.graph("export", "//app/...:x86_64", "docker-archive:\(file)").run()
      #expect(refused.status == 64 && refused.errors.contains("is there already"), "\(refused.transcript)")
    }

    @Test("oci: adds images to a layout, each under its name, and keeps what is there")
    func layout() async throws {
      let world = try await World.tiny()
      let layout = world.scratch + "/layout"
      try await world.graph("export", "//app/one:x86_64", "oci:\(layout):only").check()
      let names = "oci:\(layout):{published-name}-{tag}"
      try await world.graph("export", "//app/...", names).check()
      try await world.graph("export", "//app/...", names).check()
      let tags = try await Program(["skopeo", "list-tags", "oci:\(layout)"]).run()
      // Only newer versions of skopeo list them.
      let index = try String(decoding: Data(contentsOf: URL(filePath: layout + "/index.json")), as: UTF8.self)
      #expect(tags.status != 0 || tags.output.contains("app/two-2.1"))
      #expect(index.matches(of: /"org.opencontainers.image.ref.name":"[^"]*"/).count == 3)
      for (name, label) in [
        ("only", "//app/one:x86_64"), ("app/one-1", "//app/one"), ("app/two-2.1", "//app/two"),
      ] {
        let text = try await Program([
          "sh", "-c", "skopeo inspect --raw oci:\(layout):\(name) | sha256sum",
        ]).check()
        #expect(try await world.digest(of: label) == "sha256:\(text.prefix(64))")
      }
      let folder = world.scratch + "/folder"
      try await world.graph("export", "//app/two", "dir:\(folder)").check()
      let copy = world.scratch + "/copy"
      try await Program(["skopeo", "copy", "--quiet", "--all", "dir:\(folder)", "oci:\(copy):2.1"]).check()
      let other = try await world.graph("export", "//app/one", "oci:\(folder)").run()
      #expect(other.status == 64 && other.errors.contains("no OCI layout"), "\(other.transcript)")
    }

    @Test("what cannot be exported so is exit code 64, and says how to write it")
    func usage() async throws {
      let world = try await World.tiny()
      let cases: [(words: [String], says: String)] = [
        (["//app/one", "docker-archive:a.tar"], "//app/one@1:"),
        (["//app/...", "oci:a:same"], "would both be called 'same'"),
        (["//app/...", "oci-archive:a.tar"], "takes one"),
        (["//app/...", "a"], "takes one"),
        (["//app/one", "oci:a:{name}"], "{published-name}"),
        (["//app/one", "oci:a:{arch}"], "has no one architecture"),
        (["//app/one", "oci:"], "names no path"),
        (["//app/one", "docker://"], "names no registry"),
        (["//app/one", "docker://me:secret@r.example/a:1"], "podman login"),
        (["//app/one", "docker://app/one:1"], "begins with no registry"),
        (["//app/one", "containers-storage:a"], "graph load"),
        (["//app/one", "https://r.example/a"], "docker://REGISTRY"),
        (["//app/one", "--format", "docker", "oci:a"], "--format docker"),
        (["//app/one", "--insecure", "oci:a"], "--insecure"),
        (["//app/one"], "destination"),
      ]
      for item in cases {
        let ended = try await world.graph(["export"] + item.words).run()
        #expect(ended.status == 64, "\(ended.transcript)")
        #expect(ended.errors.contains(item.says), "\(ended.transcript)")
        #expect(!ended.errors.contains("secret"))
      }
    }

    @Test(
      "load gives podman the native image, which runs, and a foreign one, under their names; a second load copies nothing"
    )
    func podman() async throws {
      let world = try await World.tiny()
      try await world.graph("build").check()
      let storage = world.scratch + "/podman"
      try Data(
        """
        [storage]
        driver = "overlay"
        graphroot = "\(storage)/root"
        runroot = "\(storage)/run"

        """.utf8
      ).write(to: URL(filePath: world.scratch + "/storage.conf"))
      let foreign = "//app/two:\(Architecture.host.name == "aarch64" ? "x86_64" : "aarch64")"
      // In a mount namespace of its own with cgroups of version 2 only, which podman insists on.
      let script = """
        if mountpoint -q /sys/fs/cgroup; then umount -R /sys/fs/cgroup; fi
        mount -t cgroup2 none /sys/fs/cgroup
        load() { "$graph" load --store "$store" "$@"; }
        load //app/one "$foreign"
        echo again
        load //app/one "$foreign"
        echo names
        podman images --format '{{.Repository}}:{{.Tag}} {{.Digest}}'
        podman run --rm --network=none --cgroups=disabled --ulimit nofile=20000:20000 --ulimit nproc=10000:10000 \
          localhost/app/one:1
        """
      var program = Program(["unshare", "--mount", "bash", "-euc", script])
      program.folder = world.workspace
      program.environment = [
        "graph": World.graph, "store": world.store, "foreign": foreign,
        "CONTAINERS_STORAGE_CONF": world.scratch + "/storage.conf",
      ]
      let ended = try await program.run()
      #expect(ended.status == 0, "\(ended.transcript)")
      let parts = ended.output.split(separator: "again\n")
      try #require(parts.count == 2, "\(ended.transcript)")
      let other = foreign.replacing("//app/two:", with: "")
      #expect(parts[0].contains("//app/one@1:\(Architecture.host) -> localhost/app/one:1\n"))
      #expect(parts[0].contains("-> localhost/app/two:2.1-\(other)\n") && !parts[0].contains("unchanged"))
      #expect(
        parts[1].split(separator: "names\n")[0].split(separator: "\n").allSatisfy {
          $0.hasSuffix("(unchanged)")
        })
      // The manifest is the one that is published, so that a push by podman sends nothing that is there.
      #expect(parts[1].contains("localhost/app/two:2.1-\(other) \(try await world.digest(of: foreign))"))
      #expect(parts[1].hasSuffix("it runs\n"))
    }
  }
}
