import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

@Suite("compiling workspaces")
struct CompilationTests {
  static func world(_ images: (String, String)...) -> TextWorkspace {
    var workspace = TextWorkspace()
    workspace.addBase()
    for (name, dockerfile) in images { workspace.add(image: name, dockerfile) }
    return workspace
  }

  @Test(
    "what is wrong is said once, at its line, with what to do",
    arguments: [
      (
        "FROM base/minimol\n",
        [
          "a/Dockerfile:1:6: error: FROM names 'base/minimol', which is no image of this workspace | did you mean 'base/minimal:latest'?"
        ]
      ),
      (
        "FROM app/a\n",
        [
          "a/Dockerfile:1:6: error: these targets need each other: //app/a@latest -> //app/a@latest | remove one of: a/Dockerfile:1:6 names //app/a@latest"
        ]
      ),
      (
        "FROM base/minimal\nSTOPSIGNAL SIGFOO\n",
        [
          "a/Dockerfile:2:1: error: STOPSIGNAL takes a signal, not 'SIGFOO' | write a number or a name, such as SIGTERM or SIGRTMIN+3"
        ]
      ),
      ("FROM base/minimal\nCOPY missing /x\n", nil),
      ("FROM base/minimal\nCOPY ../x /x\n", nil),
      ("FROM docker.io/library/centos:7\n", nil), ("FROM $NOTHING\n", nil),
      ("FROM base/minimal\nENV A=${B:?no}\n", nil),
    ] as [(String, [String]?)])
  func wrong(dockerfile: String, expected: [String]?) async throws {
    let (compiled, problems) = try await Self.world(("a", dockerfile)).compile()
    if let expected { #expect(problems == expected) }
    #expect(problems.count == 1 && problems[0].hasPrefix("a/Dockerfile:"), "\(problems)")
    #expect(compiled.graph.labels(matching: try LabelPattern("//app/a")).isEmpty)
    #expect(!compiled.graph.labels(matching: try LabelPattern("//base/minimal")).isEmpty)
  }

  @Test("an image whose base cannot be reached, and what stands on it, keep their places in the graph")
  func unreachable() async throws {
    var workspace = Self.world(
      ("a", "FROM down.example.org/x:1\n"), ("b", "FROM app/a\n"), ("c", "FROM base/minimal\n"))
    workspace.files["graph.yml", default: ""] += "registries: {down.example.org: {own: false}}\n"
    let (compiled, problems) = try await workspace.compile()
    #expect(
      problems == [
        "a/Dockerfile:1:6: warning: the registry does not answer, so this entry is not compiled | run again when it can be reached; what does not need it is built all the same"
      ])
    func rules(_ name: String) throws -> [String] {
      let label = try Label("//app/\(name)@latest:x86_64")
      return compiled.graph.nodes.filter { $0.label == label }.map(\.action.rule.name)
    }
    #expect(try rules("a") == ["unresolved"] && rules("b") == ["unresolved"])
    #expect(try rules("c").contains("image"))
    let (a, b) = (try Label("//app/a@latest:x86_64"), try Label("//app/b@latest:x86_64"))
    let (below, above) = (compiled.graph.targets[a], compiled.graph.targets[b])
    #expect(
      below.map { below in above.map { compiled.graph.dependencies(of: $0.node).contains(below.node) } }
        == true)
  }

  @Test("a cycle of three is one message, with its lines")
  func cycle() async throws {
    var workspace = Self.world()
    for (name, base) in [("a", "c"), ("b", "a"), ("c", "b")] {
      workspace.add(image: name, "FROM app/\(base)", dependsOn: "null")
    }
    // Nor are these edges declared, which is a warning for each.
    let problems = try await workspace.compile().problems.filter { !$0.contains(": warning: ") }
    #expect(problems.count == 1)
    let text = problems.first ?? ""
    #expect(text.contains("//app/a@latest -> //app/c@latest -> //app/b@latest -> //app/a@latest"))
    for place in ["a/Dockerfile:1:6", "b/Dockerfile:1:6", "c/Dockerfile:1:6"] {
      #expect(text.contains(place))
    }
  }

  @Test("aliases lead to a target, with its only tag; a circle of them and a missing target are told")
  func aliases() async throws {
    var workspace = Self.world(("a", "FROM centos:7\n"))
    workspace.files["graph.yml"] = "name: d\narches: [x86_64]\naliases:\n  centos:7: //base/minimal\n"
    #expect(try await workspace.graph().targets.keys.contains { $0.name == "a" })
    workspace.files["graph.yml"] = "name: d\narches: [x86_64]\naliases:\n  centos:7: b\n  b: centos:7\n"
    #expect(try await workspace.compile().problems.count == 1)
    workspace.files["graph.yml"] = "name: d\narches: [x86_64]\naliases:\n  centos:7: //base/nothing\n"
    #expect(
      try await workspace.compile().problems.contains { $0.contains("no target is called '//base/nothing'") })
    workspace.files["graph.yml"] = "name: d\narches: [x86_64]\naliases:\n  centos:7: //app/old\n"
    workspace.add(image: "old", "FROM base/minimal\n", tag: "5")
    // An alias may lead to an entry, which depends-on then has to name.
    let problems = try await workspace.compile().problems
    #expect(problems.count == 1 && problems[0].contains("does not name 'app/old:5'"), "\(problems)")
  }

  @Test("a FROM through ARG is pinned and built; one that the snapshot lacks is told")
  func argumentsInFrom() async throws {
    var workspace = TextWorkspace()
    workspace.files["graph.yml"] = "name: d\narches: [x86_64]\nregistries:\n  r.example: {insecure: true}\n"
    workspace.registry["r.example/os:9-amd64"] = RemoteImage(
      manifest: String(repeating: "a", count: 64), layerCount: 2,
      configuration:
        #"{"architecture":"amd64","os":"linux","config":{"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":[]}}"#
    )
    workspace.add(image: "a", "ARG V=9\nFROM r.example/os:$V-$TARGETARCH\nARG V\nRUN echo $V\n")
    let (compiled, problems) = try await workspace.compile()
    try #require(problems == [])
    let run = try #require(compiled.graph.nodes.first { $0.isOpaque })
    #expect(run.action.environment["V"] == "9" && run.action.environment["TARGETARCH"] == nil)
    // Two layers of the base, one of RUN: each step of the history that has a layer, in the order of the layers.
    let image = try #require(compiled.graph.nodes.first { $0.step == "image" })
    #expect(image.action.values("history-layers") == ["0", "1", "2"])
    workspace.registry = [:]
    #expect(
      try await workspace.compile().problems == [
        "a/Dockerfile:2:6: error: the registry has no 'r.example/os:9-amd64'"
      ])
  }

  @Test("ARG and ENV in the environment of RUN and in other instructions")
  func environment() async throws {
    let graph = try await Self.world(
      (
        "a",
        "ARG G=1\nFROM base/minimal\nARG TARGETARCH\nARG A=x\nARG E=arg\nENV E=env F=$A-$TARGETARCH-$G-$TARGETOS\nUSER $E\nRUN echo\n"
      )
    ).graph()
    for (architecture, name) in [("x86_64", "amd64"), ("aarch64", "arm64")] {
      let run = try #require(graph.nodes.first { $0.isOpaque && $0.label.architecture?.name == architecture })
      // G is global and TARGETOS not declared: neither is there in the stage.
      #expect(run.action.environment["F"] == "x-\(name)--" && run.action.environment["E"] == "env")
      #expect(run.action.environment["TARGETARCH"] == name && run.action.environment["A"] == "x")
      #expect(run.action.environment["G"] == nil && run.action.command?.user == "env")
    }
  }

  static func settings(_ dockerfile: String) async throws -> ImageSettings {
    let (compiled, problems) = try await world(("a", dockerfile)).compile()
    try #require(problems == [])
    return try #require(compiled.images.first { $0.key.name == "a" && $0.key.architecture?.name == "x86_64" })
      .value.settings
  }

  @Test("settings as the Dockerfile reference has them")
  func settingsTable() async throws {
    let from = "FROM base/minimal\n"
    #expect(try await Self.settings(from + "WORKDIR /a\nWORKDIR b/../c\n").workingDirectory == "/a/c")
    #expect(try await Self.settings(from + "WORKDIR /a\nWORKDIR ../../b\n").workingDirectory == "/b")
    #expect(try await Self.settings(from + "WORKDIR x\n").workingDirectory == "/x")
    // ENTRYPOINT resets a command of the base, and not one of the same Dockerfile.
    #expect(try await Self.settings(from + "CMD [\"a\"]\nENTRYPOINT [\"b\"]\n").argv == ["b", "a"])
    #expect(try await Self.settings(from + "ENTRYPOINT [\"b\"]\nCMD [\"a\"]\n").argv == ["b", "a"])
    #expect(try await Self.settings(from + "ENTRYPOINT b c\n").argv == ["/bin/sh", "-c", "b c"])
    #expect(try await Self.settings(from + "ENV A=1 B=$A\nENV B=$A A=2\n").environmentByName["B"] == "1")
    #expect(
      try await Self.settings(from + "EXPOSE 80 53/udp\n").exposedPorts?.keys.sorted() == [
        "53/udp", "80/tcp",
      ])
    let (compiled, _) = try await Self.world(
      ("b", from + "CMD [\"x\"]"), ("a", "FROM app/b\nENTRYPOINT [\"e\"]")
    ).compile()
    #expect(compiled.images.filter { $0.key.name == "a" }.allSatisfy { $0.value.settings.argv == ["e"] })
  }

  @Test("USER other than root leaves an installation to the sandbox")
  func users() async throws {
    func opaque(_ user: String) async throws -> Int {
      try await Self.world(("a", "FROM base/minimal\nUSER \(user)\nRUN dnf install -y x\n")).graph().nodes
        .count { $0.isOpaque }
    }
    #expect(try await opaque("1001") == 2)
    #expect(try await opaque("root") == 0)
    #expect(try await opaque("0:0") == 0)
  }

  // MARK: What a change invalidates

  static let dockerfile = "FROM base/minimal\nLABEL a=b\nRUN make\nCOPY x/ /x/\nENV E=1\nCMD [\"run\"]\n"

  /// The nodes of //app/a for x86_64 whose deep key differs.
  static func invalidated(
    _ change: (inout TextWorkspace) -> Void
  ) async throws -> [String] {
    func workspace() -> TextWorkspace {
      var workspace = TextWorkspace()
      workspace.addBase()
      workspace.add(image: "a", dockerfile, files: ["x/f": "1", "x/g": "2", "y": "3"])
      return workspace
    }
    var changed = workspace()
    change(&changed)
    let before = try keys(try await workspace().graph())
    let after = try keys(try await changed.graph())
    return after.filter { before[$0.key] != $0.value && $0.key.contains(":x86_64 ") }.map(\.key)
      .filter { $0.hasPrefix("//app/a") }.map { String($0.split(separator: " ", maxSplits: 1)[1]) }.sorted()
  }

  @Test("a change reaches what it must and nothing else")
  func invalidation() async throws {
    #expect(try await Self.invalidated { _ in } == [], "another folder, another time")
    #expect(try await Self.invalidated { $0.files["a/y"] = "other" } == [], "no COPY names it")
    #expect(try await Self.invalidated { $0.files["a/Dockerfile"] = "# comment\n\n" + Self.dockerfile } == [])
    #expect(
      try await Self.invalidated { $0.files["a/x/f"] = "other" } == ["4 COPY", "4 pack", "image"])
    // A LABEL above a RUN changes the settings, and neither RUN nor COPY.
    let label = try await Self.invalidated {
      $0.files["a/Dockerfile"] = Self.dockerfile.replacing("a=b", with: "a=c")
    }
    #expect(
      !label.contains { $0.contains("RUN") || $0.contains("COPY") || $0.contains("pack") }
        && label.contains("image"))
    // An ENV above a RUN is in its environment.
    let environment = try await Self.invalidated {
      $0.files["a/Dockerfile"] = Self.dockerfile.replacing("LABEL a=b", with: "ENV A=b")
    }
    #expect(environment.contains { $0.contains("3 RUN") })
    // An added file of a folder that COPY names.
    #expect(try await Self.invalidated { $0.files["a/x/h"] = "new" }.contains { $0.contains("COPY") })
  }

  @Test("stamps and tags do not disturb what stands on an image, and two tags share their work")
  func stampsAndTags() async throws {
    var workspace = Self.world(("a", "FROM base/minimal\nRUN make\n"), ("b", "FROM app/a\nRUN more\n"))
    let before = try keys(try await workspace.graph())
    workspace.files["graph.yml"] =
      "name: demo\narches: [x86_64, aarch64]\nstamps: [base, revision, build-number]\n"
    let after = try keys(try await workspace.graph())
    #expect(
      after.filter { before[$0.key] != $0.value && !$0.key.hasSuffix("image") && !$0.key.hasSuffix("index") }
        .isEmpty)

    let dockerfile = "FROM base/minimal\nRUN make\nWORKDIR /w\n"
    var tags = Self.world(("a", dockerfile))
    tags.add(image: "a", dockerfile, tag: "2")
    let graph = try await tags.graph()
    let all = try keys(graph)
    for step in ["2 RUN", "3 WORKDIR"] {
      #expect(all["//app/a@latest:x86_64 \(step)"] != nil)
      #expect(all["//app/a@latest:x86_64 \(step)"] == all["//app/a@2:x86_64 \(step)"])
    }
    for node in graph.nodes where node.step == "image" {
      let layers = node.action.values("history-layers").compactMap { Int($0) }
      #expect(
        layers == layers.sorted()
          && layers == Array(0..<node.action.inputs.count { $0.role.hasPrefix("blob/") }))
      #expect(node.action.values("history").count == node.action.values("history-layers").count)
    }
  }

  @Test("a context that symbolic links lead out of the workspace is refused")
  func leaving() async throws {
    var workspace = Self.world(("a", "FROM base/minimal\nCOPY . /x/\n"))
    workspace.files["index.d/app.yml"] = (workspace.files["index.d/app.yml"] ?? "").replacing(
      "  depends-on: null", with: "  build-context: out\n  depends-on: null")
    workspace.files["a/out"] = "-> /usr/share"
    let (_, problems) = try await workspace.compile()
    #expect(problems.count == 1 && problems[0].hasPrefix("index.d/app.yml:11:18: error: "), "\(problems)")
    #expect(problems.first?.contains("is a symbolic link that leaves") == true)
  }
}
