import FoundationEssentials
import Glibc
import GraphCore
import Testing

@testable import Execute

@Suite("leaf inputs")
struct LeafTests {
  @Test("come into the store when they are needed")
  func imports() throws {
    let world = try World()
    let importer = LeafImporter(store: world.store) { mirror, object in Array("\(mirror) \(object)".utf8) }
    let path = world.folder + "/source"
    try Data("text".utf8).write(to: URL(filePath: path))
    let file = Leaf(Artifact(.blob, Digest(ofText: "text")), .file(path: path), origin: "source")
    let git = Leaf(Artifact(.blob, Digest(ofText: "m o")), .gitBlob(mirror: "m", object: "o"), origin: "m@o")
    let layer = Layer(entries: [world.entry("f", .file(Digest(ofText: "text")), 0o644)]).asTree
    let tree = Leaf(
      Artifact(.tree, layer.digest), .tree(layer, files: [Digest(ofText: "text"): file.content]), origin: "d")
    for leaf in [tree, git, .text("bytes", origin: "graph.yml")] {
      try importer.importLeaf(leaf)
      #expect(try world.store.contains(leaf.artifact.digest))
    }
    #expect(try world.store.readText(Digest(ofText: "text")) == "text")
  }

  @Test("that changed since the plan end the run")
  func changed() throws {
    let world = try World()
    let path = world.folder + "/source"
    try Data("other".utf8).write(to: URL(filePath: path))
    let importer = LeafImporter(store: world.store) { _, _ in Array("other".utf8) }
    let artifact = Artifact(.blob, Digest(ofText: "planned"))
    for content in [Leaf.Content.file(path: path), .bytes([1]), .gitBlob(mirror: "m", object: "o")] {
      #expect(throws: ChangedSource.self) {
        try importer.importLeaf(Leaf(artifact, content, origin: "source"))
      }
    }
  }

  @Test("that are tools are compared and not copied; another tool names the command that mends it")
  func tools() throws {
    let world = try World()
    let path = world.folder + "/tool"
    try Data("v1".utf8).write(to: URL(filePath: path))
    let importer = LeafImporter(store: world.store) { _, _ in [] }
    let leaf = Leaf(Artifact(.blob, Digest(ofText: "v1")), .tool(path: path), origin: "rpm")
    try importer.importLeaf(leaf)
    #expect(try !world.store.contains(leaf.artifact.digest))
    try Data("v2".utf8).write(to: URL(filePath: path))
    #expect {
      try importer.importLeaf(leaf)
    } throws: { error in
      let failure = error as? GraphError
      return failure?.kind == .environment && failure?.message.contains("'rpm'") == true
        && failure?.hint?.contains("--refresh") == true
    }
  }

  /// How a file is changed while an action runs.
  enum Change: String, CaseIterable, Sendable {
    case written, replaced, removed, touched
    /// And put back, so that size and content are what they were.
    case restored
  }

  @Test(
    "that change while the action runs are noticed, and nothing is recorded",
    .enabled(if: FileManager.default.fileExists(atPath: World.busybox)), arguments: Change.allCases,
    [false, true])
  func changedMeanwhile(change: Change, isTool: Bool) async throws {
    let world = try World()
    let path = world.folder + "/source"
    try Data("before".utf8).write(to: URL(filePath: path))
    let digest = Digest(ofText: "before")
    let leaf = Leaf(
      Artifact(.blob, digest), isTool ? .tool(path: path) : .file(path: path), origin: "source")
    // The action says that it runs, and goes on when the file has changed.
    let sources = MountSources(cacheFolder: world.folder + "/caches")
    let executor = LocalExecutor(
      store: world.store, checkouts: world.store, operations: [], scratch: world.folder + "/scratch",
      helpers: world.helpers, limits: world.limits, emulators: Emulators(), mounts: sources
    ) { _, _ in [] }
    let action = Action(
      rule: .init("run", version: 1), inputs: [Input("tool/source", .leaf(leaf))], outputs: [],
      command: Command(
        argv: ["/bin/sh", "-c", "touch /c/started; while ! test -e /c/changed; do sleep 0.01; done"],
        root: .host,
        mounts: [
          .init(
            target: "/c",
            .cache(.init(id: "c", access: .init(mode: 0o777))))
        ], collects: []))
    let task = try world.task(action, inputs: [leaf.artifact])
    let run = Task { try await executor.execute(task) }
    let cache = try await Self.folder(with: "started", below: world.folder + "/caches")
    switch change {
    case .written: try Self.write("after", to: path)
    case .replaced:
      try Data("before".utf8).write(to: URL(filePath: path + ".new"))
      rename(path + ".new", path)
    case .removed: unlink(path)
    case .touched: utimes(path, nil)
    case .restored:
      var times = stat()
      stat(path, &times)
      try Self.write("after!", to: path)
      try Self.write("before", to: path)
      utimensat(AT_FDCWD, path, [times.st_atim, times.st_mtim], 0)
    }
    try Data().write(to: URL(filePath: cache + "/changed"))
    await #expect {
      _ = try await run.value
    } throws: { error in
      if isTool {
        let failure = error as? GraphError
        return failure?.kind == .environment
          && failure?.message.contains("changed while it was being used") == true
      }
      return (error as? ChangedSource)?.description == "'source' changed while it was being used"
    }
  }

  /// In place, as an editor may do it.
  private static func write(_ text: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_TRUNC)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count)
  }

  /// Waits for a file of that name, and returns the folder that it is in.
  private static func folder(with name: String, below folder: String) async throws -> String {
    for _ in 0..<3000 {
      let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
      if let path = paths.first(where: { $0.hasSuffix("/" + name) }) {
        return "\(folder)/\(path.dropLast(name.count + 1))"
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("no \(name) within half a minute")
    return folder
  }

  @Test("an action without a command is its rule's operation")
  func operations() async throws {
    struct Upper: GraphCore.Operation {
      let rule = Action.Rule("upper", version: 1)
      func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
        let text = try store.readText(try #require(task.input("text")).digest)
        return ["text": Artifact(.blob, try store.write(Array(text.uppercased().utf8)))]
      }
    }
    let world = try World(operations: [Upper()])
    let leaf = Leaf.text("abc", origin: "graph.yml")
    for (name, known) in [("upper", true), ("lower", false)] {
      let action = Action(
        rule: Action.Rule(name, version: 1), inputs: [Input("text", .leaf(leaf))],
        outputs: [Action.Output("text", .blob)])
      let task = try world.task(action, inputs: [leaf.artifact])
      if known {
        #expect(
          try await world.executor.execute(task).outputs == ["text": Artifact(.blob, Digest(ofText: "ABC"))])
      } else {
        await #expect { try await world.executor.execute(task) } throws: { ($0 as? GraphError)?.kind == .bug }
      }
    }
  }
}
