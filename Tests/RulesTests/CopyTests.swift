import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

/// COPY as a whole: a context of texts, a root of layers, and what the layer holds.
@Suite("COPY and WORKDIR")
struct CopyTests {
  static let etc: [Layer.Entry] = [
    StackedRootTests.folder("etc"),
    StackedRootTests.file("etc/passwd", "root:x:0:0:::\napp:x:1001:1002:::\n"),
    StackedRootTests.file("etc/group", "app:x:1002:\nweb:x:33:\n"), StackedRootTests.folder("usr/lib"),
    StackedRootTests.link("lib", "usr/lib"), StackedRootTests.folder("tmp", mode: 0o1777),
    StackedRootTests.link("link", "etc/target"), StackedRootTests.folder("srv", mode: 0o700),
  ]

  static let context = [
    "f": "F", "g": "G", "d/a": "A", "d/b/c": "C", "d/l": "-> a", "=odd": "O", "one/x.txt": "1",
    "two/x.txt": "2",
    "a b": "S", "q.c": "Q",
  ]

  static func copy(
    _ sources: [String], _ destination: String, owner: String = "", mode: String = "", folder: String = "/"
  ) async throws -> [String] {
    let context = try TestFolder(context)
    defer { context.remove() }
    let tree = LocalSourceTree(root: context.path, origin: "", digests: Digests())
    let place = GraphCore.SourceLocation(file: "Dockerfile", line: 1, column: 1)
    let collected = try CopySources.collect(
      sources.map { Located($0, at: place) }, from: tree, context: "", listing: try tree.list("") ?? [])
    guard case .success(let found) = collected else { return ["refused"] }
    let store = MemoryBlobs()
    for text in Self.context.values { try store.write(Array(text.utf8)) }
    for text in ["a"] { try store.write(Array(text.utf8)) }
    for text in ["root:x:0:0:::\napp:x:1001:1002:::\n", "app:x:1002:\nweb:x:33:\n"] {
      try store.write(Array(text.utf8))
    }
    let root = try store.write(Layer(entries: etc), as: .layer)
    let inputs = [Input("layer/00", .leaf(Leaf(root, .bytes([]), origin: "root")))] + found.inputs
    let action = Action(
      rule: CopyOperation.rule,
      arguments: [
        .init("entries", found.entries), .init("destination", destination),
        .init("working-directory", folder),
        .init("owner", owner), .init("mode", mode),
      ], inputs: inputs, outputs: [.init("layer", .layer)])
    let artifacts = try #require(Planner.inputs(of: action, outputs: { _ in nil }))
    let task = ActionTask(
      node: Node(label: Label(package: "a", name: "b"), step: "c", action: action),
      key: Preimage(action, inputNames: artifacts.map(\.description)).key, inputs: artifacts)
    let outputs = try await CopyOperation().run(task, store: store)
    let layer = try store.readLayer(try #require(outputs["layer"]))
    return try layer.entries.map { entry in
      let owner = entry.owner == 0 && entry.group == 0 ? "" : " \(entry.owner):\(entry.group)"
      let content =
        switch entry.content {
        case .file(let digest): "=\(try store.readText(digest))"
        case .symlink(let target): "->\(target)"
        default: "/"
        }
      return "\(entry.path)\(content) \(String(entry.mode, radix: 8))\(owner)"
    }
  }

  struct Digests: FileDigests {
    func digest(ofFileAt path: String) throws -> Digest { Digest(of: try TestFolder.read(path)) }
  }

  @Test(
    "what a COPY makes",
    arguments: [
      (["f"], "/n", "", ["n=F 644"]), (["f"], "/n/", "", ["n/ 755", "n/f=F 644"]),
      (["f"], "/usr/lib", "", ["usr/ 755", "usr/lib/ 755", "usr/lib/f=F 644"]),
      (["f"], "/lib/", "", ["usr/ 755", "usr/lib/ 755", "usr/lib/f=F 644"]),
      (["f"], "/tmp/x", "", ["tmp/ 1777", "tmp/x=F 644"]),
      (["f"], "/srv/x", "app", ["srv/ 700", "srv/x=F 644 1001:1002"]),
      (["f", "g"], "/n/", "", ["n/ 755", "n/f=F 644", "n/g=G 644"]),
      (["f"], "/link", "", ["etc/ 755", "etc/target=F 644"]),
      (["d"], "/n", "", ["n/ 755", "n/a=A 644", "n/b/ 755", "n/b/c=C 644", "n/l->a 777"]),
      (["d/"], "/tmp/", "", ["tmp/ 1777", "tmp/a=A 644", "tmp/b/ 755", "tmp/b/c=C 644", "tmp/l->a 777"]),
      (["d/b/c"], "/x/y/z", "", ["x/ 755", "x/y/ 755", "x/y/z=C 644"]),
      (["=odd"], "/", "", ["=odd=O 644"]), (["*/x.txt"], "/n/", "", ["n/ 755", "n/x.txt=2 644"]),
      (
        ["?"], "/n/", "",
        ["n/ 755", "n/a=A 644", "n/b/ 755", "n/b/c=C 644", "n/f=F 644", "n/g=G 644", "n/l->a 777"]
      ),
      (["[f-g]"], "/n/", "", ["n/ 755", "n/f=F 644", "n/g=G 644"]),
      (["*.c"], "/n/", "", ["n/ 755", "n/q.c=Q 644"]),
      (["a b"], "/n", "", ["n=S 644"]), (["f"], "/n", "app:web", ["n=F 644 1001:33"]),
      (["f"], "/n", "7", ["n=F 644 7:7"]),
      (["f"], "/n", "7:0", ["n=F 644 7:0"]), (["none"], "/n", "", ["refused"]),
      (["*.none"], "/n", "", ["refused"]),
      (["../f"], "/n", "", ["refused"]), (["/f"], "/n", "", ["n=F 644"]),
      (["./d/../f"], "/n", "", ["n=F 644"]),
    ] as [([String], String, String, [String])])
  func table(sources: [String], destination: String, owner: String, expected: [String]) async throws {
    #expect(try await Self.copy(sources, destination, owner: owner) == expected)
  }

  @Test("--chmod, and a destination relative to WORKDIR")
  func modes() async throws {
    #expect(try await Self.copy(["f"], "n", mode: "4711", folder: "/tmp") == ["tmp/ 1777", "tmp/n=F 4711"])
    #expect(try await Self.copy(["f"], ".", folder: "/tmp") == ["tmp/ 1777", "tmp/f=F 644"])
  }

  @Test(
    "what cannot be is a failure and no layer",
    arguments: [
      (["f"], "/etc/passwd/x", "", ""), (["d"], "/etc/passwd", "", ""), (["f"], "/n", "nobody", ""),
      (["f"], "/n", "app:nobody", ""), (["f"], "/n", "", "u+x"), (["f"], "/n", "", "99"),
    ] as [([String], String, String, String)])
  func failures(sources: [String], destination: String, owner: String, mode: String) async throws {
    await #expect(throws: ActionFailed.self) {
      _ = try await Self.copy(sources, destination, owner: owner, mode: mode)
    }
  }
}
