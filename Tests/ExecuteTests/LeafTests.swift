import FoundationEssentials
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
