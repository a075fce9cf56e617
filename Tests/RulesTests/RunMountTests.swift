import FoundationEssentials
import GraphCore
import Manifests
import Testing

@testable import Rules

/// Compiles `FROM base/minimal`, `WORKDIR /src` and a RUN for x86_64, in an image with a few files in its context.
struct RunWorkspace {
  var files = ["a": "a\n", "lib/b": "b\n", "lib/c": "c\n", "li*": "star\n"]
  /// The RUN, with what follows its keyword.
  var run: String

  init(_ run: String) { self.run = run }

  func compile() async throws -> (graph: Graph, problems: [String]) {
    var workspace = TextWorkspace()
    workspace.files["graph.yml"] = "name: demo\narches: [x86_64]\n"
    workspace.addBase()
    workspace.add(image: "a", "FROM base/minimal\nWORKDIR /src\nRUN \(run)\n", files: files)
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

@Suite("RUN --mount and here-documents")
struct RunMountTests {
  @Test("mounts have the places and defaults of the reference, a folder before what is below it")
  func defaults() async throws {
    let action = try await RunWorkspace(
      """
      --mount=target=x/y,source=lib --mount=type=bind,target=. --mount=type=cache,target=/c/d,sharing=locked,ro \\
      --mount=type=tmpfs,target=/t,size=64m --mount=type=secret,id=aws/key \\
      --mount=type=secret,id=token,env=TOKEN --mount=type=secret,target=cred,mode=0440,uid=7 \\
      --mount=type=ssh --mount=type=ssh,id=other,required make
      """
    ).action()
    let expected: [Command.Mount] = [
      .init(target: "", .secret(.init(id: "token", environmentName: "TOKEN"))),
      .init(target: "/src", .bind(.init(role: "mount/01", path: "source"), isWritable: false)),
      .init(target: "/t", .memory(sizeBytes: 64 << 20)),
      .init(target: "/c/d", .cache(.init(id: "/c/d", sharing: .locked, isReadOnly: true))),
      .init(target: "/src/cred", .secret(.init(id: "cred", access: .init(mode: 0o440, user: 7)))),
      .init(target: "/src/x/y", .bind(.init(role: "mount/00", path: "source"), isWritable: false)),
      .init(target: "/run/secrets/key", .secret(.init(id: "aws/key"))),
      .init(target: "/run/buildkit/ssh_agent.0", .agent(.init(id: "default"))),
      .init(target: "/run/buildkit/ssh_agent.1", .agent(.init(id: "other", isRequired: true))),
    ]
    #expect(action.command?.mounts == expected)
    #expect(action.environment["SSH_AUTH_SOCK"] == "/run/buildkit/ssh_agent.0")
    #expect(action.inputs.map(\.role).filter { $0.hasPrefix("mount/") } == ["mount/00", "mount/01"])
    #expect(action.usesCache)
  }

  @Test(
    "what is wrong is said at the mount, with what to do",
    arguments: [
      ("target=../..", "a mount cannot cover the whole root | name a folder as its target"),
      (
        "type=cache,target=$NONE",
        "a mount of type cache needs a target | write --mount=type=cache,target=FOLDER"
      ),
      (
        "target=/x,source=../x",
        "'../x' leaves what it is mounted from | name a path below it, without '..'"
      ),
      ("target=/x,source=lob", "there is no 'lob' in the build context 'a' | did you mean 'lib'?"),
      ("target=/x,source=lib/?", "there is no 'lib/?' in the build context 'a' | did you mean 'lib/b'?"),
      (
        "type=tmpfs,target=/x,size=${NONE}x",
        "size 'x' is no number of bytes | write it such as size=64m"
      ),
      ("type=cache,target=/x,mode=${NONE}9", "mode '9' is no octal mode | write it such as mode=0440"),
      (
        "type=cache,target=/x,gid=4294967295",
        "gid '4294967295' is no number of a user or group | write it such as gid=1000"
      ),
      (
        "type=secret,id=x,env=A=B",
        "'A=B' is no name of a variable | write --mount=type=secret,id=NAME,env=VARIABLE"
      ),
    ])
  func wrong(mount: String, expected: String) async throws {
    let (graph, problems) = try await RunWorkspace("--mount=\(mount) make").compile()
    #expect(problems == ["a/Dockerfile:3:5: error: \(expected)"])
    #expect(!graph.targets.keys.contains { $0.name == "a" })
  }

  @Test("two mounts at one place, and the network of the host, are errors; all are reported")
  func several() async throws {
    let (_, problems) = try await RunWorkspace(
      "--network=host --mount=type=tmpfs,target=/x --mount=type=cache,target=/y/../x --mount=target=../.. make"
    ).compile()
    #expect(
      problems == [
        "a/Dockerfile:3:1: error: RUN --network=host is refused: no RUN has a network, so that its result depends on its inputs alone | fetch it with a command that declares 'fetch', and COPY or mount what it makes",
        "a/Dockerfile:3:49: error: two mounts are at '/x' | give one of them another target",
        "a/Dockerfile:3:83: error: a mount cannot cover the whole root | name a folder as its target",
      ])
    for network in ["none", "default"] {
      #expect(try await RunWorkspace("--network=\(network) make").action() == RunWorkspace("make").action())
    }
  }

  @Test("a bind's files are inputs by content, and nothing else of the context is")
  func inputs() async throws {
    func key(
      _ mount: String = "target=/x,source=lib", _ change: (inout RunWorkspace) -> Void = { _ in }
    ) async throws -> Key {
      var workspace = RunWorkspace("--mount=\(mount) make")
      change(&workspace)
      let (graph, problems) = try await workspace.compile()
      try #require(problems.isEmpty)
      return try #require(try keys(graph).first { $0.key == "//app/a@latest:x86_64 3 RUN" }).value
    }
    let first = try await key()
    #expect(try await key { $0.files["a"] = "changed" } == first)
    #expect(try await key { $0.files["lib/b"] = "changed" } != first)
    #expect(try await key { $0.files["lib/new"] = "" } != first)
    #expect(try await key("target=/x,source=lib,rw") != first)
    #expect(try await key("target=/y,source=lib") != first)
    // What .dockerignore leaves out is not in the context, for a mount either.
    #expect(
      try await key {
        $0.files[".dockerignore"] = "lib/new\n"
        $0.files["lib/new"] = ""
      } == first)
  }

  @Test("the content of a bind is a tree of its own")
  func content() async throws {
    func tree(_ source: String?) async throws -> [String] {
      let from = source.map { ",source=\($0)" } ?? ""
      let (graph, problems) = try await RunWorkspace("--mount=target=/x\(from) make").compile()
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
    // A path and no pattern.
    #expect(try await tree("li*") == ["source 644"])
    #expect(try await tree(nil).contains("source/lib/b 644"))
  }

  @Test("from= names a stage, an image or a label, of which one path is an input")
  func from() async throws {
    func content(_ from: String, before: String = "") async throws -> (Node, Command.Mount.Content)? {
      var workspace = TextWorkspace()
      workspace.files["graph.yml"] = "name: demo\narches: [x86_64]\n"
      workspace.addBase()
      workspace.add(
        image: "a",
        "FROM base/minimal AS build\nRUN make\nFROM base/minimal\nRUN --mount=from=\(from),source=/out/x,target=/x a\n"
      )
      let graph = try await workspace.graph()
      let run = try #require(graph.nodes.first { $0.action.command?.mounts.isEmpty == false })
      guard case .bind(let content, _)? = run.action.command?.mounts.first?.kind,
        case .output(let node, _)? = run.action.inputs.first(where: { $0.role == content.role })?.source
      else { return nil }
      return (graph[node], content)
    }
    for (from, count) in [("build", 2), ("0", 2), ("base/minimal", 1), ("//rpm/bash:x86_64", 1)] {
      let (node, shown) = try #require(try await content(from))
      #expect(node.action.rule == SelectOperation.rule && node.action.value("path") == "out/x")
      #expect(node.action.inputs.count == count, "\(from)")
      #expect(shown.path == "out/x" && node.step == "1/2 mount 1")
    }
    let (_, problems) = try await RunWorkspace("--mount=target=/x,from=other make").compile()
    #expect(problems.count == 1 && problems[0].hasPrefix("a/Dockerfile:3:28: error: "), "\(problems)")
  }

  @Test("a package installation is solved although its cache is mounted, and not with any other mount")
  func lowering() async throws {
    func locks(_ mount: String) async throws -> Int {
      let (graph, _) = try await RunWorkspace("--mount=type=\(mount) dnf install -y httpd && make").compile()
      return graph.nodes.count { $0.action.rule.name == "lock" && $0.label.package == "app" }
    }
    #expect(try await locks("cache,target=/var/cache/dnf") == 1)
    #expect(try await locks("cache,target=/var/cache/dnf/x,sharing=locked") == 1)
    #expect(try await locks("cache,target=/var/cache") == 0)
    #expect(try await locks("tmpfs,target=/var/cache/dnf") == 0)
    #expect(try await locks("secret,id=x") == 0)
  }

  @Test("a here-document that is a program is a file that is run, and its text is in the key")
  func program() async throws {
    let action = try await RunWorkspace("<<EOF\n#!/usr/bin/python3\nprint()\nEOF").action()
    #expect(action.command?.argv == ["/dev/pipes/EOF"])
    #expect(action.command?.stages == [.init(role: "script", path: "/dev/pipes")])
    let input = try #require(action.inputs.first { $0.role == "script" })
    guard case .leaf(let leaf) = input.source, case .tree(let tree, let files) = leaf.content else {
      Issue.record("\(input)")
      return
    }
    #expect(tree.entries.map(\.path) == ["EOF"] && tree.entries.first?.mode == 0o755)
    #expect(leaf.origin == "a/Dockerfile:3:1" && files.count == 1)
    let other = try await RunWorkspace("<<EOF\n#!/usr/bin/python3\nprint(1)\nEOF").action()
    #expect(other.inputs.first { $0.role == "script" } != input)
    #expect(try await RunWorkspace("<<.\n#!/bin/sh\n.").action().command?.argv == ["/dev/pipes/script"])
    #expect(
      try await RunWorkspace("<<EOF\nset -e\nmake\nEOF").action().command?.argv == [
        "/bin/sh", "-c", "set -e\nmake\n",
      ])
  }
}
