import FoundationEssentials
import Glibc
import GraphCore
import Testing

extension EndToEnd {
  @Suite("the store's own commands")
  struct StoreCommands {
    /// A small and a large output in a chain, and some actions beside it.
    private static func world() async throws -> World {
      let world = try World(files: [
        "graph.yml": "name: store\narches: [\(Architecture.host)]\n",
        "graph.d/commands.yml": """
        commands:
          - name: //part/{item}
            root: host
            tools: [sh, cat, seq]
            inputs: {data: data}
            command: [sh, -c, "cat {inputs.data} >{outputs.text}; seq {item}00 {item}99 >>{outputs.text}"]
            outputs: {text: file}
            for-each: [\((10...25).map(String.init).joined(separator: ", "))]
          - name: //image/large
            root: host
            tools: [sh, cat]
            inputs: {large: large, text: //part/10}
            command: [sh, -c, "cat {inputs.text} {inputs.large} >{outputs.image}"]
            outputs: {image: file}

        """,
        "data": "version 1\n",
      ])
      // The same programs, one behind the other, which is large and shrinks.
      try await Program([
        "sh", "-c", "cat /bin/bash /bin/tar /bin/ls >\"$1\"", "sh", world.workspace + "/large",
      ]).check()
      return world
    }

    private func set(_ version: Int, of world: World) throws {
      try world.write("version \(version)\n", to: "data")
    }

    private func json(_ text: String) throws -> [String: JSON] {
      try JSONDecoder().decode([String: JSON].self, from: Data(text.utf8))
    }

    @Test(
      "gc: a forecast, then the same; the newest build stays whole, pins stay, and why still explains the oldest"
    )
    func collection() async throws {
      let world = try await Self.world()
      for version in 1...4 {
        try set(version, of: world)
        try await world.build()
        if version == 2 { try await world.graph("pin", "second", "//image/large").check() }
      }
      let limits = ["--keep-runs", "1", "--keep-days", "0"]
      let forecast = try await world.graph(["gc", "--dry-run"] + limits).check()
      #expect(forecast.contains("would remove") && forecast.contains("//part/"))
      #expect(try await world.graph("pin").check().hasPrefix("second  "))
      let before = try json(try await world.graph(["gc", "--dry-run", "--json"] + limits).check())
      let after = try json(try await world.graph(["gc", "--json"] + limits).check())
      #expect(before["forgotten"] == after["forgotten"] && before["kept"] == after["kept"])
      #expect(try await world.graph(["gc"] + limits).check().hasPrefix("removed 0 bytes"))
      #expect(try await world.build().isEmpty)
      // What the pin keeps is there; the rest of its version is not.
      try set(2, of: world)
      #expect(try await world.build() == Set((10...25).map { "//part/\($0):\(Architecture.host) command" }))
      #expect(try await world.graph("why", "//image/large", "--run", "1").run().status == 0)
      let missing = try await world.graph("unpin", "secnd").run()
      #expect(missing.status == 64 && missing.errors.contains("did you mean 'second'?"))
      try await world.graph("unpin", "second").check()
      #expect(try await world.graph("pin").check() == "nothing is pinned")
    }

    @Test("gc beside a running build, again and again: nothing that it made or found is lost")
    func besideBuild() async throws {
      let world = try await Self.world()
      try await world.build()
      try set(2, of: world)
      let build = try world.graph("build", "-j", "2").start()
      var collections = 0
      while kill(build.process, 0) == 0, collections < 200 {
        try await world.graph("gc", "--keep-runs", "0", "--keep-days", "0").check()
        collections += 1
      }
      let ended = await build.end()
      #expect(ended.status == 0, "\(ended.transcript)")
      #expect(collections > 0)
      #expect(try await world.build().isEmpty)
      #expect(try await world.graph("fsck").run().status == 0)
      print("store: \(collections) collections beside one build")
    }

    @Test("a new version of a large output is stored as its difference, and stats says so")
    func sharing() async throws {
      let world = try await Self.world()
      for version in 1...2 {
        try set(version, of: world)
        try await world.build("//image/large")
      }
      let text = try await world.graph("store", "stats").check()
      #expect(text.contains("difference") && text.contains("//image/large"))
      let stats = try json(try await world.graph("store", "stats", "--json").check())
      guard case .array(let forms)? = stats["forms"] else {
        Issue.record("no forms")
        return
      }
      let differences = forms.compactMap { form -> (Int, Int)? in
        guard case .object(let members) = form, members["name"] == .string("difference"),
          case .number(let blobs)? = members["blobs"], case .number(let bytes)? = members["storedBytes"]
        else { return nil }
        return (Int(blobs), Int(bytes))
      }
      let difference = try #require(differences.first)
      #expect(difference.0 == 1 && difference.1 < 20_000)
    }

    @Test("fsck finds a damaged blob, says so with exit code 1, and mends it; the next build makes it again")
    func check() async throws {
      let world = try await Self.world()
      try await world.build()
      #expect(try await world.graph("fsck").check().contains("nothing is damaged"))
      let file = try await Program(["find", world.store + "/blobs", "-type", "f", "-size", "+100k"]).check()
        .split(separator: "\n").first.map(String.init)
      try await Program([
        "sh", "-c", "chmod 644 \"$1\"; printf XYZ | dd of=\"$1\" bs=1 seek=9999 conv=notrunc status=none",
        "sh",
        try #require(file),
      ]).check()
      let found = try await world.graph("fsck").run()
      #expect(found.status == 1 && found.output.contains("graph fsck --repair"))
      #expect(try json(try await world.graph("fsck", "--json").run().output)["isSound"] == .boolean(false))
      let repaired = try await world.graph("fsck", "--repair").run()
      #expect(repaired.status == 0, "\(repaired.transcript)")
      #expect(try await world.graph("fsck").run().status == 0)
      #expect(try await !world.build().isEmpty)
      #expect(try await world.build().isEmpty)
    }

    @Test(
      "a database that cannot be read is moved aside in one line, and the command begins again",
      arguments: ["graph.db", "blobs.db"], [0, 3])
    func damagedDatabase(name: String, page: Int) async throws {
      let world = try await Self.world()
      try await world.build("//image/large")
      try await world.graph("export", "//image/large", world.scratch + "/right").check()
      try await Program([
        "sh", "-c",
        """
        sqlite3 "$1" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
        dd if=/dev/urandom of="$1" bs=4096 seek=$2 count=20 conv=notrunc status=none
        """, "sh", "\(world.store)/\(name)", "\(page)",
      ]).check()
      try set(2, of: world)
      try set(1, of: world)
      let build = try await world.graph("export", "//image/large", world.scratch + "/again").run()
      #expect(build.status == 0, "\(build.transcript)")
      try await Program(["cmp", world.scratch + "/right", world.scratch + "/again"]).check()
      if build.errors.contains("was damaged") {
        #expect(build.errors.split(separator: "\n").filter { $0.contains("was damaged") }.count == 1)
      }
      #expect(try await world.graph("fsck", "--repair").run().status == 0)
      #expect(try await world.graph("fsck").run().status == 0)
    }

    @Test("files are added and printed, whole and in part; what is no digest or not there is said")
    func addAndPrint() async throws {
      let world = try await Self.world()
      let file = world.workspace + "/large"
      let digest = try await world.graph("store", "add", file).check()
      #expect(try await world.graph("store", "add", file).check() == digest)
      let script = """
        "$1" store cat --store "$2" "$3" | cmp - "$4" &&
        "$1" store cat --store "$2" "$3" --from 1000000 --count 5000 >"$4.part" &&
        tail -c +1000001 "$4" | head -c 5000 | cmp - "$4.part"
        """
      try await Program(["sh", "-c", script, "sh", World.graph, world.store, digest, file]).check()
      #expect(try await world.graph("store", "cat", "x").run().status == 64)
      #expect(try await world.graph("store", "cat", Digest(of: [1]).description).run().status == 75)
      // Nothing names it.
      #expect(try await world.graph("gc").check().contains("that no result names"))
      let none = try await world.graph(["fsck"], store: world.scratch + "/none").run()
      #expect(none.status == 75 && none.errors.contains("there is no store"))
    }

    @Test("packages and compressed layers are stored as they are, but for what becomes clearly smaller")
    func incompressible() async throws {
      let store = try await ColdBuild.shared.world().store
      // Of a package, gzip, xz and zstd: what their content begins with. (The names of time zones are a third of
      // their package, and do shrink.)
      let script = """
        raw=0
        for file in $(find "$1/blobs" -type f); do
          case $file in *.zst) read="zstd -qdc";; *) read=cat;; esac
          case $($read "$file" 2>/dev/null | head -c 4 | od -An -tx1 | tr -d ' ') in
            edabeedb|1f8b*|fd377a58|28b52ffd)
              if [ "$read" = cat ]; then raw=$((raw + 1)); continue; fi
              stored=$(stat -c %s "$file") size=$(zstd -qdc "$file" | wc -c)
              [ $((stored * 10)) -lt $((size * 9)) ] || echo "$stored of $size: $file";;
          esac
        done
        [ $raw -gt 9 ] || echo "only $raw are stored as they are"
        """
      let wrong = try await Program(["bash", "-c", script, "bash", store]).check()
      #expect(wrong == "")
    }
  }
}

/// A JSON document as it is.
private enum JSON: Decodable, Equatable {
  case object([String: JSON])
  case array([JSON])
  case string(String)
  case number(Double)
  case boolean(Bool)
  case null

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let boolean = try? value.decode(Bool.self) {
      self = .boolean(boolean)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .string(text)
    } else if let array = try? value.decode([JSON].self) {
      self = .array(array)
    } else {
      self = .object(try value.decode([String: JSON].self))
    }
  }
}
