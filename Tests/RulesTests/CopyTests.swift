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
    _ sources: [String], _ destination: String, owner: String? = nil, mode: String? = nil,
    excluding: [String] = [], keepsParents: Bool = false
  ) async throws -> [String] {
    let context = try TestFolder(context)
    defer { context.remove() }
    let tree = LocalSourceTree(root: context.path, origin: "", digests: Digests())
    let files = ContextFiles(tree, "", listing: try tree.list("") ?? [])
    guard
      let selection = try? FileSelection(
        sources, in: files.root, called: "the context", isContext: true, excluding: PathPatterns(excluding),
        keepsParents: keepsParents)
    else { return ["refused"] }
    var found = CopySources()
    try found.add(selection, of: files, unpacks: false)
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
      arguments: [.init("entries", found.entries), .init("destination", destination)]
        + (owner.map { [.init("owner", $0)] } ?? []) + (mode.map { [.init("mode", $0)] } ?? []),
      inputs: inputs, outputs: [.init("layer", .layer)])
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
    #expect(try await Self.copy(["f"], "/tmp/n", mode: "4711") == ["tmp/ 1777", "tmp/n=F 4711"])
    #expect(try await Self.copy(["f"], "/tmp/.") == ["tmp/ 1777", "tmp/f=F 644"])
    #expect(
      try await Self.copy(["d/b"], "/n", mode: "u=rwX,go=") == ["n/ 755", "n/c=C 600"],
      "the destination itself is no part of what is copied")
    #expect(try await Self.copy(["d"], "/n", mode: "go-rwx").contains("n/b/ 700"))
  }

  @Test(
    "--chmod as chmod takes it",
    arguments: [
      ("755", 0o644, false, 0o755), ("0", 0o4755, false, 0), ("7777", 0, false, 0o7777),
      ("u=rwX,go=rX", 0o600, false, 0o644), ("u=rwX,go=rX", 0o710, false, 0o755),
      ("u=rwX,go=rX", 0o600, true, 0o755), ("a+x", 0o644, false, 0o755), ("+x", 0o644, false, 0o755),
      ("+w", 0o444, false, 0o644), ("a+w", 0o444, false, 0o666), ("go-rwx", 0o4775, false, 0o4700),
      ("u+s,g+s,+t", 0o755, false, 0o7755), ("g=u", 0o740, false, 0o770), ("o=g,u-w", 0o651, false, 0o455),
      ("ug=rw,o=", 0o777, false, 0o660), ("u=rw+x", 0, false, 0o700), ("a=", 0o7777, false, 0),
      ("u=", 0o4755, false, 0o055), ("=rw,+X", 0o644, false, 0o644),
    ] as [(String, UInt16, Bool, UInt16)])
  func chmod(text: String, mode: UInt16, isFolder: Bool, expected: UInt16) throws {
    #expect(try #require(FileMode(text)).applied(to: mode, isFolder: isFolder) == expected)
  }

  @Test(
    "what is no mode",
    arguments: ["", "8", "10000", "99", "u", "rwx", "u=q", "u+x,", "+ux", "u=ug", "-0x1", "٣"])
  func noMode(text: String) {
    #expect(FileMode(text) == nil)
  }

  @Test(
    "--parents keeps the folders of each path, from the pivot on",
    arguments: [
      (["d/b/c"], ["n/ 755", "n/d/ 755", "n/d/b/ 755", "n/d/b/c=C 644"]),
      (["./d/./b/c"], ["n/ 755", "n/b/ 755", "n/b/c=C 644"]),
      (["d/b"], ["n/ 755", "n/d/ 755", "n/d/b/ 755", "n/d/b/c=C 644"]),
      (["one/x.txt", "two/./x.txt"], ["n/ 755", "n/one/ 755", "n/one/x.txt=1 644", "n/x.txt=2 644"]),
      (["*/x.txt"], ["n/ 755", "n/one/ 755", "n/one/x.txt=1 644", "n/two/ 755", "n/two/x.txt=2 644"]),
      (["**/c"], ["n/ 755", "n/d/ 755", "n/d/b/ 755", "n/d/b/c=C 644"]),
      (["d*/./**/c"], ["n/ 755", "n/b/ 755", "n/b/c=C 644"]),
      (["d/l"], ["n/ 755", "n/d/ 755", "n/d/l->a 777"]), (["d/none"], ["refused"]), (["../d"], ["refused"]),
    ] as [([String], [String])])
  func parents(sources: [String], expected: [String]) async throws {
    #expect(try await Self.copy(sources, "/n", keepsParents: true) == expected)
  }

  @Test(
    "--exclude is about paths below what a source names",
    arguments: [
      (["d"], ["b"], ["n/ 755", "n/a=A 644", "n/l->a 777"]),
      (["d"], ["*/c", "l", "a"], ["n/ 755", "n/b/ 755"]),
      (["."], ["*", "!one"], ["n/ 755", "n/one/ 755", "n/one/x.txt=1 644"]),
      (["one", "two"], ["*.txt"], ["n/ 755"]), (["[fg]"], ["g"], ["n/ 755", "n/f=F 644"]),
      (["d"], ["**"], ["n/ 755"]), (["d"], ["**/c"], ["n/ 755", "n/a=A 644", "n/b/ 755", "n/l->a 777"]),
      (["d"], ["b", "!b/c"], ["n/ 755", "n/a=A 644", "n/b/ 755", "n/b/c=C 644", "n/l->a 777"]),
    ] as [([String], [String], [String])])
  func exclude(sources: [String], patterns: [String], expected: [String]) async throws {
    #expect(try await Self.copy(sources, "/n/", excluding: patterns) == expected)
  }

  @Test("a link that is in the way is followed for a folder, and replaced by a file")
  func linksInTheWay() async throws {
    // `lib` of the root is a link to usr/lib, `link` one to a file.
    #expect(
      try await Self.copy(["d"], "/lib", excluding: ["*", "!a"]) == [
        "usr/ 755", "usr/lib/ 755", "usr/lib/a=A 644",
      ])
    #expect(try await Self.copy(["f"], "/lib/f").contains("usr/lib/f=F 644"))
  }

  @Test("patterns match deep paths and hostile ones in reasonable time")
  func patterns() {
    #expect(
      PathPattern("**/a/**/b*").matches("x/a/y/z/bb") && !PathPattern("**/a/**/b*").matches("x/a/y/z/c"))
    #expect(PathPattern("a/**").matches("a") && PathPattern("**").matches("x/y"))
    #expect(PathPattern("a/*").matchesOrContains("a/b/c/d") && !PathPattern("a/*").matchesOrContains("a"))
    #expect(PathPattern("\\*x").split.literal.isEmpty && PathPattern("a/b/*").split.literal == "a/b")
    let deep = Array(repeating: "a", count: 60).joined(separator: "/")
    #expect(!PathPattern(Array(repeating: "**", count: 30).joined(separator: "/") + "/b").matches(deep))
    #expect(!PathPattern(String(repeating: "*a", count: 30) + "b").matches(String(repeating: "a", count: 60)))
  }

  @Test(
    "what cannot be is a failure and no layer",
    arguments: [
      (["f"], "/etc/passwd/x", ""), (["d"], "/etc/passwd", ""), (["f"], "/n", "nobody"),
      (["f"], "/n", "app:nobody"),
    ] as [([String], String, String)])
  func failures(sources: [String], destination: String, owner: String) async throws {
    await #expect(throws: ActionFailed.self) {
      _ = try await Self.copy(sources, destination, owner: owner)
    }
  }
}
