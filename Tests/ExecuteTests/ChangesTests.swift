import FoundationEssentials
import GraphCore
import Testing

@testable import Execute

@Suite("what a command changed", .enabled(if: FileManager.default.fileExists(atPath: World.busybox)))
struct ChangesTests {
  /// Changes of every kind that a layer can hold.
  static let script = """
    rm /data/gone; rm -r /data/sub; mkdir /data/sub; echo new > /data/sub/new
    echo tool > /tool; chown 33:33 /tool; chmod 4755 /tool; ln /tool /tool2; ln -s /nowhere /link; mkfifo /pipe
    mkdir /dir; chmod 1777 /dir; touch -d @1000000000 /old; mkdir -p /cache/deep; touch /cache/deep/x /lock; chmod 600 /data/kept
    """

  @Test("is captured with full metadata")
  func kinds() async throws {
    let world = try World()
    let layer = try world.store.readLayer(
      try await world.changes(Self.script, discards: ["/cache/", "/lock"]))
    let tool = Layer.Entry.Content.file(Digest(ofText: "tool\n"))
    let expected = [
      world.entry("cache", .directory, 0o755),
      world.entry("data", .directory, 0o755, owner: 5, group: 7),
      world.entry("data/gone", .whiteout, 0),
      world.entry("data/kept", .file(Digest(ofText: "kept\n")), 0o600, owner: 5, group: 7),
      world.entry("data/sub", .opaqueDirectory, 0o755),
      world.entry("data/sub/new", .file(Digest(ofText: "new\n")), 0o644),
      world.entry("dir", .directory, 0o1777),
      world.entry("link", .symlink(target: "/nowhere"), 0o777),
      world.entry("old", .file(Digest(ofText: "")), 0o644, modified: 1_000_000_000),
      world.entry("pipe", .fifo, 0o644),
      world.entry("tool", tool, 0o4755, owner: 33, group: 33),
      world.entry("tool2", .hardlink(target: "tool"), 0o4755, owner: 33, group: 33),
    ]
    #expect(layer.entries == expected)
  }

  @Test("keeps a group that was chosen in a folder which hands on its own")
  func setGroupFolder() async throws {
    let world = try World()
    let script =
      "rm -r /data/sub; mkdir /data/sub; chown 0:9 /data/sub; chmod 2755 /data/sub; cd /data/sub; touch a b; chown 0:0 b"
    let layer = try world.store.readLayer(try await world.changes(script))
    let groups = layer.entries.filter { $0.path.hasPrefix("data/sub") }.map(\.group)
    #expect(groups == [9, 9, 0])
  }

  @Test("is the same at another time, and usable as a layer at once")
  func reproducible() async throws {
    let world = try World()
    let first = try await world.changes(Self.script)
    let second = try await world.changes("sleep 1; " + Self.script)
    #expect(first == second)
    // The adopted folder, and one checked out anew from the recipe, look the same.
    let other = try World()
    for digest in try world.store.readLayer(first).fileDigests {
      _ = try other.store.write(try world.store.read(digest))
    }
    _ = try other.store.write(try world.store.read(first.digest))
    let look =
      "stat -c '%n %f %u %g %Y %s' /data /data/* /data/sub/* /tool /dir /old; ls /data /cache; cat /tool2"
    let adopted = try await world.run(look, on: [try world.base(), first]).text
    let checkedOut = try await other.run(look, on: [try other.base(), first]).text
    #expect(adopted == checkedOut)
    #expect(adopted.contains("/tool 89ed 33 33 1700000000 5\n"))
  }

  @Test(
    "keeps extended attributes, not the overlay's own",
    .enabled(
      if: FileManager.default.fileExists(atPath: "/usr/bin/setfattr")
        || FileManager.default.fileExists(atPath: "/usr/bin/python3")))
  func attributes() async throws {
    let world = try World()
    let base = try world.base()
    let script = "import os; os.setxattr('/target/data/kept', 'user.note', b'a b'); os.mkdir('/target/made')"
    let artifact = try await world.changes(
      "/usr/bin/python3 -c \"\(script)\"", on: [base], root: .hostWithLayers(target: "/target"))
    let layer = try world.store.readLayer(artifact)
    #expect(layer.entries.map(\.path) == ["data", "data/kept", "made"])
    #expect(
      layer.entries[1].attributes == [Layer.Entry.Attribute(name: "user.note", value: Array("a b".utf8))])
    #expect(layer.entries[0].attributes.isEmpty)
  }

  @Test(
    "keeps the capabilities of a program as the image format has them",
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/python3")))
  func capabilities() async throws {
    let world = try World()
    // struct vfs_cap_data of version 2, effective, CAP_NET_BIND_SERVICE: no user namespace's id in it.
    let value: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0] + [UInt8](repeating: 0, count: 12)
    let artifact = try await world.changes(
      "/usr/bin/python3 -c \"import os; os.setxattr('/t/bin/busybox', 'security.capability', bytes(\(value)))\"",
      root: .hostWithLayers(target: "/t"))
    let entry = try #require(try world.store.readLayer(artifact).entries.last)
    #expect(entry.attributes == [Layer.Entry.Attribute(name: "security.capability", value: value)])
  }

  @Test("nothing is mounted in a root that tools from outside work on")
  func toolsFromOutside() async throws {
    let world = try World()
    let artifact = try await world.changes(
      "mkdir /root2/proc /root2/dev && rm /root2/data/gone", root: .hostWithLayers(target: "/root2"))
    let layer = try world.store.readLayer(artifact)
    #expect(layer.entries.map(\.path) == ["data", "data/gone", "dev", "proc"])
  }

  @Test("a large file and a long name survive")
  func large() async throws {
    let world = try World()
    let name = String(repeating: "n", count: 120)
    let artifact = try await world.changes(
      "i=0; while [ $i -lt 12 ]; do cat /bin/busybox; i=$((i+1)); done > /\(name)")
    let entry = try #require(try world.store.readLayer(artifact).entries.first)
    let program = try world.store.read(
      try #require(try world.store.readLayer(try world.base()).fileDigests.first))
    #expect(entry.path == name)
    #expect(entry.content == .file(Digest(of: (0..<12).flatMap { _ in program })))
  }

  @Test("a name that is no text is refused in plain words")
  func badName() async throws {
    let world = try World()
    await #expect {
      try await world.changes("touch \"$(printf '\\377x')\"")
    } throws: { ($0 as? ActionFailed)?.reason.hasPrefix("left a file whose name is no UTF-8") == true }
  }

  @Test("outputs at paths are files and trees", arguments: [Command.Root.host, .layers])
  func paths(root: Command.Root) async throws {
    let world = try World()
    let executed = try await world.run(
      "mkdir -p /o/d/e; echo 1 > /o/file; echo 2 > /o/d/e/x; chmod 700 /o/d/e/x; ln -s e/x /o/d/l",
      collects: [
        Command.Collect(output: "file", from: .path("/o/file")),
        Command.Collect(output: "tree", from: .path("/o/d")),
      ], root: root, outputs: [Action.Output("file", .blob), Action.Output("tree", .tree)])
    #expect(executed.outputs["file"] == Artifact(.blob, Digest(ofText: "1\n")))
    let tree = try world.store.readLayer(try #require(executed.outputs["tree"]))
    #expect(tree.entries.map(\.path) == ["e", "e/x", "l"])
    #expect(tree.entries.map(\.mode) == [0o755, 0o755, 0o777])
    #expect(tree.isTree)
  }
}
