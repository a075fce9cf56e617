import FoundationEssentials
import GraphCore
import Manifests
import Testing

@testable import Resolve
@testable import Rules

/// Compiles `FROM base/minimal`, `WORKDIR /src` and a RUN for x86_64, in an image with a few files in its context.
struct RunWorkspace {
  var files = ["a": "a\n", "lib/b": "b\n", "lib/c": "c\n"]
  var before = ""
  var run: Dockerfile.Run

  static let place = GraphCore.SourceLocation(file: "a/Dockerfile", line: 3, column: 5)

  init(_ mounts: [Dockerfile.Mount], run: Dockerfile.Run = .init(form: .shell("make"))) {
    self.run = run
    self.run.mounts = mounts
  }

  func compile() async throws -> (graph: Graph, problems: [String]) {
    var workspace = TextWorkspace()
    workspace.files["graph.yml"] = "name: demo\narches: [x86_64]\n"
    workspace.addBase()
    workspace.add(image: "a", "FROM base/minimal\nWORKDIR /src\n\(before)RUN placeholder\n", files: files)
    let run = run
    workspace.edit = { $0.replacingRuns(with: run) }
    let (compiled, problems) = try await workspace.compile()
    return (compiled.graph, problems)
  }

  /// The action of the RUN.
  func action() async throws -> Action {
    let (graph, problems) = try await compile()
    try #require(problems.isEmpty, "\(problems)")
    return try #require(graph.nodes.first { $0.isOpaque }).action
  }
}

extension ResolvedWorkspace {
  fileprivate func replacingRuns(with run: Dockerfile.Run) -> ResolvedWorkspace {
    let images = images.map { image in
      var dockerfile = image.dockerfile
      for index in dockerfile.instructions.indices {
        if case .run = dockerfile.instructions[index].kind { dockerfile.instructions[index].kind = .run(run) }
      }
      return ResolvedImage(
        entry: image.entry, dockerfile: dockerfile, pipeline: image.pipeline, source: image.source,
        contextFolder: image.contextFolder, revision: image.revision)
    }
    return ResolvedWorkspace(
      workspace: workspace, snapshot: snapshot, isSnapshotNew: isSnapshotNew, images: images,
      unresolved: unresolved, names: names, tools: tools, digests: digests)
  }
}

extension Dockerfile.Mount {
  static func of(_ kind: Kind, _ change: (inout Self) -> Void = { _ in }) -> Self {
    var mount = Self(kind: kind, location: RunWorkspace.place)
    change(&mount)
    return mount
  }
}

@Suite("RUN --mount and here-documents")
struct RunMountTests {
  @Test("mounts have the places and defaults of the reference, a folder before what is below it")
  func defaults() async throws {
    let action = try await RunWorkspace([
      .of(.bind) {
        $0.target = "x/y"
        $0.source = "lib"
      },
      .of(.bind) { $0.target = "." },
      .of(.cache) { $0.target = "/c/d" },
      .of(.tmpfs) {
        $0.target = "/t"
        $0.size = "64m"
      },
      .of(.secret) { $0.id = "aws/key" },
      .of(.secret) {
        $0.id = "token"
        $0.environmentName = "TOKEN"
      },
      .of(.secret) {
        $0.target = "cred"
        $0.mode = "0440"
        $0.user = "7"
      },
      .of(.ssh), .of(.ssh) { $0.id = "other" },
    ]).action()
    #expect(
      action.command?.mounts.map { "\($0.target) \($0.kind)" } == [
        "\("") \(Command.Mount.Kind.secret(.init(id: "token", environmentName: "TOKEN")))",
        "/src \(Command.Mount.Kind.bind(.init(role: "mount/01", path: "source"), isWritable: false))",
        "/t \(Command.Mount.Kind.memory(sizeBytes: 64 << 20))",
        "/c/d \(Command.Mount.Kind.cache(.init(id: "/c/d")))",
        "/src/cred \(Command.Mount.Kind.secret(.init(id: "cred", access: .init(mode: 0o440, user: 7))))",
        "/src/x/y \(Command.Mount.Kind.bind(.init(role: "mount/00", path: "source"), isWritable: false))",
        "/run/secrets/key \(Command.Mount.Kind.secret(.init(id: "aws/key")))",
        "/run/buildkit/ssh_agent.0 \(Command.Mount.Kind.agent(.init(id: "default")))",
        "/run/buildkit/ssh_agent.1 \(Command.Mount.Kind.agent(.init(id: "other")))",
      ])
    #expect(action.environment["SSH_AUTH_SOCK"] == "/run/buildkit/ssh_agent.0")
    #expect(action.inputs.map(\.role).filter { $0.hasPrefix("mount/") } == ["mount/00", "mount/01"])
    #expect(action.usesCache)
  }

  @Test(
    "what is wrong is said at the mount, with what to do",
    arguments: [
      (.of(.bind), "a mount of type bind needs a target"),
      (.of(.cache) { $0.target = "" }, "a mount of type cache needs a target"),
      (.of(.tmpfs) { $0.target = "../.." }, "a mount cannot cover the whole root"),
      (.of(.secret), "a secret needs a name"),
      (.of(.bind, { ($0.target, $0.source) = ("/x", "../x") }), "'../x' leaves what it is mounted from"),
      (
        .of(.bind, { ($0.target, $0.source) = ("/x", "lob") }),
        "there is no 'lob' in the build context 'a' | did you mean 'lib'?"
      ),
      (.of(.bind, { ($0.target, $0.source) = ("/x", "lib/*") }), "there is no"),
      (
        .of(.tmpfs, { ($0.target, $0.size) = ("/x", "99999999999g") }),
        "size '99999999999g' is no number of bytes"
      ),
      (.of(.tmpfs, { ($0.target, $0.size) = ("/x", "0") }), "size '0' is no number of bytes"),
      (.of(.cache, { ($0.target, $0.mode) = ("/x", "rwx") }), "mode 'rwx' is no octal mode"),
      (.of(.cache, { ($0.target, $0.mode) = ("/x", "17777") }), "mode '17777' is no octal mode"),
      (.of(.cache, { ($0.target, $0.user) = ("/x", "me") }), "uid 'me' is no number"),
      (.of(.cache, { ($0.target, $0.group) = ("/x", "4294967295") }), "gid '4294967295' is no number"),
      (.of(.bind, { ($0.target, $0.size) = ("/x", "1") }), "a mount of type bind has no option 'size'"),
      (.of(.ssh) { $0.source = "x" }, "a mount of type ssh has no option 'source'"),
      (.of(.tmpfs, { ($0.target, $0.isRequired) = ("/x", true) }), "has no option 'required'"),
      (.of(.secret) { ($0.id, $0.environmentName) = ("x", "A=B") }, "'A=B' is no name of a variable"),
      (.of(.cache) { $0.target = "${NONE:?no}" }, "NONE"),
    ] as [(Dockerfile.Mount, String)])
  func wrong(mount: Dockerfile.Mount, expected: String) async throws {
    let (graph, problems) = try await RunWorkspace([mount]).compile()
    #expect(problems.count == 1 && problems[0].hasPrefix("a/Dockerfile:3:"), "\(problems)")
    #expect(problems.first?.contains(expected) == true, "\(problems)")
    #expect(
      problems.first?.contains(" | ") == true || expected.hasPrefix("there is no") || expected == "NONE")
    #expect(!graph.targets.keys.contains { $0.name == "a" })
  }

  @Test("two mounts at one place, and the network of the host, are errors; all are reported")
  func several() async throws {
    var workspace = RunWorkspace([
      .of(.tmpfs) { $0.target = "/x" }, .of(.cache) { $0.target = "/y/../x" }, .of(.secret),
    ])
    workspace.run.network = .host
    let (_, problems) = try await workspace.compile()
    #expect(problems.count == 3)
    #expect(problems.contains { $0.contains("two mounts are at '/x'") })
    #expect(problems.contains { $0.contains("a secret needs a name") })
    #expect(
      problems.contains {
        $0.hasPrefix("a/Dockerfile:3:1: error: RUN --network=host is refused") && $0.contains("'fetch'")
      })
    workspace = RunWorkspace([])
    for network in [Dockerfile.Run.Network.none, .default] {
      workspace.run.network = network
      #expect(try await workspace.action().command?.network == false)
    }
  }

  @Test("a bind's files are inputs by content, and nothing else of the context is")
  func inputs() async throws {
    func key(_ change: (inout RunWorkspace) -> Void = { _ in }) async throws -> Key {
      var workspace = RunWorkspace([.of(.bind) { ($0.target, $0.source) = ("/x", "lib") }])
      change(&workspace)
      let (graph, problems) = try await workspace.compile()
      try #require(problems.isEmpty)
      return try #require(try keys(graph).first { $0.key == "//app/a@latest:x86_64 3 RUN" }).value
    }
    let first = try await key()
    #expect(try await key { $0.files["a"] = "changed" } == first)
    #expect(try await key { $0.files["lib/b"] = "changed" } != first)
    #expect(try await key { $0.files["lib/new"] = "" } != first)
    #expect(try await key { $0.run.mounts[0].isWritable = true } != first)
    #expect(try await key { $0.run.mounts[0].target = "/y" } != first)
  }

  @Test("the content of a bind is a tree of its own")
  func content() async throws {
    func tree(_ source: String?) async throws -> [String] {
      let (graph, problems) = try await RunWorkspace([.of(.bind) { ($0.target, $0.source) = ("/x", source) }])
        .compile()
      try #require(problems.isEmpty)
      let node = try #require(graph.nodes.first { $0.action.rule == ContextOperation.rule })
      let store = MemoryBlobs()
      var artifacts: [Artifact] = []
      for case .leaf(let leaf) in node.action.inputs.map(\.source) { artifacts.append(leaf.artifact) }
      let task = ActionTask(node: node, key: Key(digest: Digest(ofText: "")), inputs: artifacts)
      let output = try #require(try await ContextOperation().run(task, store: store)["content"])
      return try store.readLayer(output).entries.map { "\($0.path) \(String($0.mode, radix: 8))" }
    }
    #expect(try await tree("lib") == ["source 755", "source/b 644", "source/c 644"])
    #expect(try await tree("/lib/b") == ["source 644"])
    #expect(try await tree(nil).contains("source/lib/b 644"))
  }

  @Test("what a stage shows is a layer of its own, which a change elsewhere in the stage leaves as it is")
  func extract() async throws {
    let store = MemoryBlobs()
    let file = Layer.Entry.Content.file(try store.write(Array("x".utf8)))
    func layer(_ entries: Layer.Entry...) throws -> Artifact {
      try store.write(Layer(entries: entries), as: .layer)
    }
    let below = try layer(
      .init(path: "opt", content: .directory, mode: 0o750, owner: 5),
      .init(path: "opt/gone", content: file, mode: 0o644),
      .init(path: "opt/kept", content: file, mode: 0o600),
      .init(path: "opt/name", content: .hardlink(target: "opt/kept"), mode: 0o600),
      .init(path: "current", content: .symlink(target: "/opt"), mode: 0o777))
    let above = try layer(
      .init(path: "opt", content: .directory, mode: 0o755, owner: 6),
      .init(path: "opt/gone", content: .whiteout, mode: 0),
      .init(path: "opt/deep/new", content: file, mode: 0o755))
    func extracted(_ path: String, _ layers: [Artifact]) async throws -> Layer {
      let action = Action(
        rule: ExtractOperation.rule, arguments: [.init("path", path)],
        inputs: layers.indices.map { Input("layer/0\($0)", .output(NodeID(index: 0), "layer")) },
        outputs: [.init("content", .layer)])
      let node = Node(label: try Label("//test/extract"), step: "extract", action: action)
      let task = ActionTask(node: node, key: Key(digest: Digest(ofText: "")), inputs: layers)
      return try store.readLayer(
        try #require(try await ExtractOperation().run(task, store: store)["content"]))
    }
    let layers = [below, above]
    let opt = try await extracted("opt", layers)
    #expect(
      opt.entries.map { "\($0.path) \(String($0.mode, radix: 8)) \($0.owner)" } == [
        "source 755 6", "source/deep 755 0", "source/deep/new 755 0", "source/kept 600 0",
        "source/name 600 0",
      ])
    #expect(try await extracted("current", layers) == opt)
    #expect(try await extracted("opt", layers + [try layer(.init(path: "b", content: file, mode: 1))]) == opt)
    #expect(try await extracted("current/kept", layers).entries.map(\.path) == ["source"])
    #expect(try await extracted("", layers).entries.map(\.path).contains("source/opt/kept"))
    await #expect { try await extracted("opt/gone", layers) } throws: {
      ($0 as? ActionFailed)?.reason == "there is no '/opt/gone' to mount"
    }
  }

  @Test("a package installation is solved although its cache is mounted, and not with any other mount")
  func lowering() async throws {
    func opaque(_ mounts: Dockerfile.Mount...) async throws -> Int {
      let run = Dockerfile.Run(form: .shell("dnf install -y httpd && make"))
      let (graph, problems) = try await RunWorkspace(mounts, run: run).compile()
      _ = problems
      return graph.nodes.count { $0.action.rule.name == "lock" && $0.label.package == "app" }
    }
    #expect(try await opaque(.of(.cache) { $0.target = "/var/cache/dnf" }) == 1)
    #expect(try await opaque(.of(.cache) { $0.target = "/var/cache" }) == 0)
    #expect(try await opaque(.of(.tmpfs) { $0.target = "/var/cache/dnf" }) == 0)
  }

  // MARK: Here-documents

  static func document(_ content: String, name: String = "EOF") -> Dockerfile.HereDocument {
    .init(name: name, content: content, expands: true)
  }

  @Test("a here-document alone is the script; one of several, or behind a command, is the shell's")
  func hereDocuments() async throws {
    func argv(_ text: String, _ documents: Dockerfile.HereDocument...) async throws -> [String] {
      var run = Dockerfile.Run(form: .shell(text))
      run.hereDocuments = documents
      return try #require(try await RunWorkspace([], run: run).action().command).argv
    }
    let script = Self.document("set -e\nmake\n")
    for text in ["<<EOF", "<<-EOF", "<<'EOF'", " <<\"EOF\" ", "0<<EOF"] {
      #expect(try await argv(text, script) == ["/bin/sh", "-c", "set -e\nmake\n"])
    }
    #expect(
      try await argv("cat <<EOF > /x", script) == ["/bin/sh", "-c", "cat <<EOF > /x\nset -e\nmake\nEOF"])
    #expect(try await argv("<<EOF cat", script) == ["/bin/sh", "-c", "<<EOF cat\nset -e\nmake\nEOF"])
    #expect(
      try await argv("cat <<A <<B", Self.document("1\n", name: "A"), Self.document("2\n", name: "B")) == [
        "/bin/sh", "-c", "cat <<A <<B\n1\nA\n2\nB",
      ])
  }

  @Test("a script with an interpreter is a file that is run, and its text is in the key")
  func interpreter() async throws {
    var run = Dockerfile.Run(form: .shell("<<EOF"))
    run.hereDocuments = [Self.document("#!/usr/bin/python3\nprint()\n")]
    let action = try await RunWorkspace([], run: run).action()
    #expect(action.command?.argv == ["/dev/pipes/EOF"])
    #expect(action.command?.stages == [.init(role: "script", path: "/dev/pipes")])
    let input = try #require(action.inputs.first { $0.role == "script" })
    guard case .leaf(let leaf) = input.source, case .tree(let tree, let files) = leaf.content else {
      Issue.record("\(input)")
      return
    }
    #expect(tree.entries.map(\.path) == ["EOF"] && tree.entries.first?.mode == 0o755)
    #expect(leaf.origin == "a/Dockerfile:3:1" && files.count == 1)
    run.hereDocuments[0].content += "#"
    #expect(
      try await RunWorkspace([], run: run).action().inputs.first { $0.role == "script" } != input)
  }
}
