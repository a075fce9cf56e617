import FoundationEssentials
import Glibc
import GraphCore
import Testing

@testable import Execute

/// A world whose commands mount something.
struct MountWorld {
  let world: World
  let base: Artifact
  var sources: MountSources

  init() throws {
    world = try World()
    base = try world.base()
    // The folder that stands in for a store makes a checkout once, and not for several at a time.
    _ = try world.store.layer(base)
    sources = MountSources(cacheFolder: world.folder + "/caches")
  }

  var folder: String { world.folder }

  /// Runs `script` on the base layer, with the layer of its changes as output.
  func run(
    _ script: String, _ mounts: [Command.Mount], inputs: [(role: String, artifact: Artifact)] = [],
    architecture: Architecture? = nil, workingDirectory: String = "/", root: Command.Root = .layers
  ) async throws -> (text: String, layer: Layer) {
    let executor = LocalExecutor(
      store: world.store, checkouts: world.store, operations: [], scratch: world.folder + "/scratch",
      helpers: world.helpers, limits: world.limits, emulators: Emulators(), mounts: sources
    ) { _, _ in [] }
    let isImage = root == .layers
    let inputs = (isImage ? [(role: "layer/00", artifact: base)] : []) + inputs
    let action = Action(
      rule: .init("run", version: 1), architecture: architecture,
      inputs: inputs.map { Input($0.role, .output(NodeID(index: 0), "made")) },
      outputs: isImage ? [.init("layer", .layer)] : [],
      command: Command(
        argv: ["/bin/sh", "-c", script], workingDirectory: workingDirectory, root: root, mounts: mounts,
        collects: isImage ? [.init(output: "layer", from: .changes)] : []),
      limits: .init(timeoutSeconds: 60))
    let executed = try await executor.execute(try world.task(action, inputs: inputs.map(\.artifact)))
    return (
      executed.text, try executed.outputs["layer"].map { try world.store.readLayer($0) } ?? Layer(entries: [])
    )
  }

  /// A tree with `source/` as operations make it.
  func tree(_ files: [String: String]) throws -> Artifact {
    var entries = [Layer.Entry(path: "source", content: .directory, mode: 0o755)]
    for (path, text) in files {
      let digest = try world.store.write(Array(text.utf8))
      entries.append(
        Layer.Entry(
          path: path.isEmpty ? "source" : "source/\(path)", content: .file(digest),
          mode: path.hasSuffix(".sh") ? 0o755 : 0o644))
    }
    if files[""] != nil { entries.removeFirst() }
    return try world.store.write(Layer(entries: entries).asTree, as: .tree)
  }

  /// The files below a folder whose bytes hold `text`.
  static func files(holding text: String, below folder: String) -> [String] {
    let wanted = Array(text.utf8)
    var found: [String] = []
    var status = stat()
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      let path = "\(folder)/\(name)"
      guard lstat(path, &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: found += files(holding: text, below: path)
      case S_IFREG:
        if FileManager.default.contents(atPath: path)?.firstRange(of: wanted) != nil { found.append(path) }
      default: continue
      }
    }
    return found
  }
}

extension Command.Mount {
  static func bind(_ target: String, _ role: String = "mount/00", rw: Bool = false) -> Self {
    Self(target: target, .bind(.init(role: role, path: "source"), isWritable: rw))
  }

  static func cache(
    _ target: String, id: String = "c", _ sharing: Cache.Sharing = .shared, ro: Bool = false,
    access: Access = .init(mode: 0o755), content: Content? = nil
  ) -> Self {
    Self(
      target: target,
      .cache(.init(id: id, sharing: sharing, isReadOnly: ro, access: access, content: content)))
  }

  static func secret(
    _ target: String, id: String = "token", required: Bool = true, access: Access = .init(mode: 0o400),
    env: String? = nil
  ) -> Self {
    Self(
      target: target,
      .secret(.init(id: id, isRequired: required, access: access, environmentName: env)))
  }
}

@Suite("mounts of a command", .enabled(if: FileManager.default.fileExists(atPath: World.busybox)))
struct MountTests {
  @Test("show an input read-only, or writable and thrown away; no mountpoint is a change")
  func bind() async throws {
    let world = try MountWorld()
    let tree = try world.tree(["a": "a\n", "run.sh": "#!/bin/sh\necho ran\n"])
    let file = try world.tree(["": "one\n"])
    let (text, layer) = try await world.run(
      """
      cat /new/ro/a; ./run.sh; echo x 2>/dev/null > /new/ro/b || echo refused
      cat a; rm a; echo more > b; cat b; ls; echo two >> /one; cat /one; touch /made
      stat -c %a /new/ro /new/ro/run.sh
      """,
      [.bind("/new/ro"), .bind("/src", rw: true), .bind("/one", "mount/01", rw: true)],
      inputs: [("mount/00", tree), ("mount/01", file)], workingDirectory: "/src")
    #expect(
      text == """
        a
        ran
        refused
        a
        more
        b
        run.sh
        one
        two
        755
        755

        """)
    #expect(layer.entries.map(\.path) == ["made"])
    let again = try await world.run("cat /src/*", [.bind("/src")], inputs: [("mount/00", tree)])
    #expect(again.text == "a\n#!/bin/sh\necho ran\n")
  }

  @Test("of a layer have its owners and modes")
  func layers() async throws {
    let world = try MountWorld()
    let store = world.world.store
    let digest = try store.write(Array("x".utf8))
    let layer = try store.write(
      Layer(entries: [
        Layer.Entry(path: "source", content: .directory, mode: 0o750, owner: 5, group: 6, modified: 7),
        Layer.Entry(
          path: "source/f", content: .file(digest), mode: 0o4711, owner: 8, group: 9, modified: 10),
      ]), as: .layer)
    let (text, changes) = try await world.run(
      "cd /m; stat -c %a:%u:%g:%Y . f; cd /w; stat -c %a:%u:%g:%Y . f; echo > new",
      [.bind("/m"), .bind("/w", rw: true)], inputs: [("mount/00", layer)])
    let expected = geteuid() == 0 ? "750:5:6:7\n4711:8:9:10\n" : ""
    if geteuid() == 0 { #expect(text == expected + expected) }
    #expect(changes.entries.isEmpty)
  }

  @Test("of memory are empty, of their size, and leave nothing")
  func memory() async throws {
    let world = try MountWorld()
    let (text, layer) = try await world.run(
      """
      stat -c %a /data /scratch; ls /data; echo x > /data/x; cat /data/x
      (cat /dev/zero > /scratch/full) 2>/dev/null || stat -c %s /scratch/full
      """,
      [
        .init(target: "/data", .memory(sizeBytes: nil)),
        .init(target: "/scratch", .memory(sizeBytes: 65536)),
      ])
    #expect(text == "1777\n1777\nx\n65536\n")
    #expect(layer.entries.isEmpty)
  }

  @Test("below others are mounted on them")
  func nested() async throws {
    let world = try MountWorld()
    let tree = try world.tree(["a": "a\n"])
    let mounts: [Command.Mount] = [.bind("/src", rw: true), .cache("/src/target")]
    let inputs = [(role: "mount/00", artifact: tree)]
    _ = try await world.run("echo kept > /src/target/x; echo lost > /src/y", mounts, inputs: inputs)
    let (text, layer) = try await world.run("cat /src/target/x; ls /src", mounts, inputs: inputs)
    #expect(text == "kept\na\ntarget\n")
    #expect(layer.entries.isEmpty)
    await #expect {
      _ = try await world.run("true", [.bind("/src"), .cache("/src/target")], inputs: inputs)
    } throws: {
      ($0 as? ActionFailed)?.reason == "mountpoint '/src/target': Read-only file system"
    }
  }

  // MARK: Caches

  @Test("of caches outlive the action, each for its id, architecture and first content")
  func caches() async throws {
    let world = try MountWorld()
    func read(_ mount: Command.Mount, architecture: Architecture? = nil) async throws -> String {
      let (text, layer) = try await world.run(
        "cat /c/* 2>/dev/null; true", [mount],
        inputs: [("mount/00", try world.tree(["first": "first\n"]))], architecture: architecture)
      #expect(layer.entries.isEmpty)
      return text
    }
    #expect(try await read(.cache("/c")) == "")
    #expect(try await world.run("echo a > /c/a", [.cache("/c")]).layer.entries.isEmpty)
    #expect(try await read(.cache("/c")) == "a\n")
    #expect(try await read(.cache("/c", .locked)) == "a\n")
    #expect(try await read(.cache("/c", .private)) == "a\n")
    #expect(try await read(.cache("/c", id: "other")) == "")
    #expect(try await read(.cache("/c"), architecture: .host) == "")
    let content = Command.Mount.Content(role: "mount/00", path: "source")
    #expect(try await read(.cache("/c", content: content)) == "first\n")
    await #expect(throws: ActionFailed.self) {
      try await world.run("echo x > /c/x", [.cache("/c", ro: true)])
    }
    let folders = CacheFolders(folder: world.folder + "/caches", helpers: world.world.helpers)
    let cleaned = try await folders.removeAll()
    #expect(cleaned.removed == 4 && cleaned.inUse == 0)
    #expect(try await read(.cache("/c")) == "")
  }

  @Test("of a new cache have the mode and owner that are asked for")
  func cacheAccess() async throws {
    let world = try MountWorld()
    let access = Command.Mount.Access(mode: 0o2770, user: 33, group: 34)
    let mount = Command.Mount.cache("/c", access: access)
    let expected = geteuid() == 0 ? "2770:33:34\n" : "2770:0:0\n"
    #expect(try await world.run("stat -c %a:%u:%g /c", [mount]).text == expected)
    // A cache that is there stays as it is.
    #expect(try await world.run("stat -c %a:%u:%g /c", [.cache("/c")]).text == expected)
  }

  @Test("of locked caches wait for each other; shared ones do not, and private ones have their own")
  func sharing() async throws {
    let world = try MountWorld()
    // Each fails where another is inside with it.
    let alone = "mkdir /c/busy && sleep 0.1 && rm -r /c/busy"
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 { group.addTask { _ = try await world.run(alone, [.cache("/c", .locked)]) } }
      try await group.waitForAll()
    }
    // Each waits for the other inside the shared cache, so they end only if both are there at once.
    func together(_ own: String, _ other: String) -> String {
      "touch /c/\(own) /p/\(own); while ! test -e /c/\(other); do sleep 0.01; done; ls /p"
    }
    let mounts: [Command.Mount] = [.cache("/c", id: "shared"), .cache("/p", id: "private", .private)]
    async let first = world.run(together("one", "two"), mounts)
    async let second = world.run(together("two", "one"), mounts)
    #expect(try await [first.text, second.text] == ["one\n", "two\n"])
  }

  @Test("of a cache in use are not removed, and a waiting action can be cancelled")
  func cacheInUse() async throws {
    let world = try MountWorld()
    let folders = CacheFolders(folder: world.folder + "/caches", helpers: world.world.helpers)
    let request = CacheFolders.Request(
      id: "c", architecture: nil, sharing: .locked, access: .init(mode: 0o755), content: nil)
    var lease: CacheFolders.Lease? = try await folders.lease(request)
    try #require(lease != nil)
    let first = try await folders.removeAll()
    #expect(first.removed == 0 && first.inUse == 1)
    let waiting = Task { try await world.run("true", [.cache("/c")]) }
    try await Task.sleep(for: .milliseconds(50))
    waiting.cancel()
    await #expect(throws: CancellationError.self) { _ = try await waiting.value }
    lease = nil
    let last = try await folders.removeAll()
    #expect(last.removed == 1 && last.inUse == 0)
  }

  // MARK: SSH

  @Test(
    "of an agent reach it from inside, through a socket of their own",
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/ssh-agent")))
  func agent() async throws {
    var world = try MountWorld()
    let host = world.world
    let socket = world.folder + "/agent"
    let key = world.folder + "/key"
    _ = try await host.host(["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "mine", "-f", key])
    let agent = Task { try await host.host(["/usr/bin/ssh-agent", "-D", "-a", socket]) }
    defer { agent.cancel() }
    for _ in 0..<500 where !FileManager.default.fileExists(atPath: socket) {
      try await Task.sleep(for: .milliseconds(10))
    }
    _ = try await host.host(["/usr/bin/env", "SSH_AUTH_SOCK=\(socket)", "/usr/bin/ssh-add", "-q", key])
    try world.sources.addAgent("default", environment: ["SSH_AUTH_SOCK": socket], folder: "/")
    let mount = Command.Mount(
      target: "/run/buildkit/ssh_agent.0", .agent(.init(id: "default", isRequired: true)))
    let script = """
      export SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0
      stat -c %a:%u:%F $SSH_AUTH_SOCK; ssh-add -l; ssh-add -L
      """
    let text = try await world.run(script, [mount], root: .host).text
    let publicKey = String(
      decoding: try #require(FileManager.default.contents(atPath: key + ".pub")), as: UTF8.self)
    #expect(text.hasPrefix("600:0:socket\n256 ") && text.hasSuffix(publicKey))
  }
}
