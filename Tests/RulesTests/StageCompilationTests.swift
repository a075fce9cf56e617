import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

@Suite("stages, contexts and arguments in the graph")
struct StageCompilationTests {
  static let stages = """
    ARG V=1
    FROM base/minimal AS build
    ARG V
    COPY src /src
    RUN make V=$V
    FROM base/minimal AS docs
    RUN make-docs
    FROM base/minimal AS unused
    COPY other /other
    RUN never
    FROM base/minimal
    COPY --from=build /src/out /out
    COPY --from=docs --link /docs /docs
    CMD ["run"]

    """

  static func workspace(_ dockerfile: String = stages, options: String = "") -> TextWorkspace {
    var workspace = TextWorkspace()
    workspace.addBase()
    workspace.add(image: "a", dockerfile, files: ["src/f": "1", "other": "2"])
    if !options.isEmpty { workspace.files["graph.d/images.yml"] = "images:\n  - name: //app/a\n" + options }
    return workspace
  }

  static func steps(_ graph: Graph, _ architecture: String = "x86_64") -> [String] {
    graph.nodes.filter { $0.label.description == "//app/a@latest:\(architecture)" }.map(\.step)
  }

  @Test("the steps of a stage are named with it, and a stage that nothing needs has none")
  func names() async throws {
    let graph = try await Self.workspace().graph()
    #expect(
      Self.steps(graph) == [
        "build/3 COPY", "build/3 pack", "build/4 RUN", "build/4 pack", "docs/2 RUN", "docs/2 pack",
        "3/2 COPY",
        "3/2 pack", "3/3 COPY", "3/3 pack", "3/4 settings", "image",
      ])
  }

  @Test("stages that do not need each other have no edge between them; --link has none to the layers below")
  func edges() async throws {
    let graph = try await Self.workspace().graph()
    func closure(_ step: String) throws -> [String] {
      let index = try #require(
        graph.nodes.firstIndex { $0.step == step && $0.label.description == "//app/a@latest:x86_64" })
      return graph.closure(of: [NodeID(index: Int32(index))]).map { graph[$0].step }
    }
    #expect(try !closure("docs/2 RUN").contains { $0.hasPrefix("build/") })
    #expect(try !closure("3/2 COPY").contains { $0.hasPrefix("docs/") })
    #expect(try closure("3/2 COPY").contains("build/4 RUN") && closure("3/2 COPY").contains("install"))
    let linked = try #require(graph.nodes.first { $0.step == "3/3 COPY" })
    #expect(!linked.action.inputs.contains { $0.role.hasPrefix("layer/") })
    #expect(try closure("3/3 COPY").filter { $0.hasPrefix("3/") } == ["3/3 COPY"])
  }

  /// The steps of the image whose deep keys a change touches.
  static func touched(_ change: (inout TextWorkspace) -> Void) async throws -> [String] {
    var changed = workspace()
    change(&changed)
    let before = try keys(try await workspace().graph())
    let after = try keys(try await changed.graph())
    return after.filter { before[$0.key] != $0.value && $0.key.hasPrefix("//app/a@latest:x86_64 ") }
      .map { String($0.key.split(separator: " ", maxSplits: 1)[1]) }.sorted()
  }

  @Test("an edit touches its own stage and what takes files from it")
  func invalidation() async throws {
    func edited(_ old: String, _ new: String) async throws -> [String] {
      try await Self.touched { $0.files["a/Dockerfile"] = Self.stages.replacing(old, with: new) }
    }
    #expect(try await edited("RUN never", "RUN never again") == [])
    #expect(try await Self.touched { $0.files["a/other"] = "3" } == [])
    #expect(try await edited("AS unused\n", "AS unused\nRUN more\n") == [])
    #expect(
      try await edited("make-docs", "make-docs -v") == [
        "3/3 COPY", "3/3 pack", "docs/2 RUN", "docs/2 pack", "image",
      ])
    // Of what stands on another layer, only what does not look at the layers below is as it was.
    let source = try await Self.touched { $0.files["a/src/f"] = "2" }
    #expect(
      source == [
        "3/2 COPY", "3/2 pack", "build/3 COPY", "build/3 pack", "build/4 RUN", "build/4 pack", "image",
      ])
  }

  @Test("arguments from outside are values where they are declared, and no keys where not")
  func arguments() async throws {
    let plain = try keys(try await Self.workspace().graph())
    let given = try await Self.workspace(options: "    build-args: {V: 2, HTTP_PROXY: http://p}\n").graph()
    let run = try #require(given.nodes.first { $0.step == "build/4 RUN" })
    #expect(run.action.environment["V"] == "2" && run.action.environment["HTTP_PROXY"] == nil)
    let changed = try keys(given).filter { plain[$0.key] != $0.value && $0.key.contains(":x86_64 ") }.keys
    #expect(changed.contains { $0.hasSuffix("build/4 RUN") } && !changed.contains { $0.hasSuffix("3 COPY") })
    let (_, problems) = try await Self.workspace(options: "    build-args: {W: 2}\n").compile()
    #expect(
      problems == [
        "graph.d/images.yml:3:18: warning: no Dockerfile of '//app/a' declares the build argument 'W' | did you mean 'V'?"
      ])
    var nothing = Self.workspace()
    nothing.files["graph.d/images.yml"] = "images:\n  - name: //app/b\n"
    #expect(
      try await nothing.compile().problems.first?.contains("'//app/b' is no image of the index") == true)
  }

  @Test("another stage as the image, and its own warnings and errors")
  func target() async throws {
    let graph = try await Self.workspace(options: "    target: docs\n").graph()
    #expect(Self.steps(graph) == ["docs/2 RUN", "docs/2 pack", "image"])
    let (compiled, problems) = try await Self.workspace(options: "    target: doc\n").compile()
    #expect(
      problems == [
        "graph.d/images.yml:3:13: error: the Dockerfile has no stage 'doc' | did you mean 'docs'?"
      ])
    #expect(compiled.images[try Label("//app/a@latest:x86_64")] == nil)
  }

  @Test("a stage inherits what its parent stage declared and set")
  func inheritance() async throws {
    let graph = try await Self.workspace(
      "FROM base/minimal AS a\nARG X=1\nENV E=2\nSHELL_\nFROM a AS b\nRUN b\nFROM base/minimal\nCOPY --from=b / /b\nRUN c\n"
        .replacing("SHELL_\n", with: "")
    ).graph()
    let child = try #require(graph.nodes.first { $0.step == "b/2 RUN" })
    #expect(child.action.environment["X"] == "1" && child.action.environment["E"] == "2")
    let other = try #require(graph.nodes.first { $0.step == "2/3 RUN" })
    #expect(other.action.environment["X"] == nil && other.action.environment["E"] == nil)
  }

  @Test("a stage of the build platform is of the first architecture of graph.yml, for every image")
  func platforms() async throws {
    let graph = try await Self.workspace(
      "FROM --platform=$BUILDPLATFORM base/minimal AS build\nARG TARGETARCH BUILDARCH\nRUN cross\nFROM base/minimal\nCOPY --from=build /out /out\n"
    ).graph()
    for (architecture, name) in [("x86_64", "amd64"), ("aarch64", "arm64")] {
      let label = "//app/a@latest:\(architecture)"
      let run = try #require(
        graph.nodes.first { $0.step == "build/4 RUN" && $0.label.description == label })
      #expect(run.action.architecture?.name == "x86_64")
      #expect(run.action.environment["TARGETARCH"] == name && run.action.environment["BUILDARCH"] == "amd64")
      let closure = graph.closure(of: [
        try #require(
          graph.nodes.firstIndex { $0.step == "image" && $0.label.description == label }.map {
            NodeID(index: Int32($0))
          })
      ])
      #expect(closure.contains { graph[$0].name == "//base/minimal:x86_64 install" })
    }
    let (_, problems) = try await Self.workspace("FROM --platform=linux/amd64 base/minimal\n").compile()
    #expect(
      problems.count == 1
        && problems[0].hasPrefix("a/Dockerfile:1:29: error: the image for aarch64 would be"), "\(problems)")
    let (_, missing) = try await Self.workspace(
      "FROM --platform=linux/s390x base/minimal AS x\nFROM scratch\nCOPY --from=x / /\n"
    ).compile()
    #expect(missing.count == 1 && missing[0].contains("'//base/minimal' is needed for s390x"), "\(missing)")
  }

  @Test("a package installation of a stage is for the stage's architecture")
  func installations() async throws {
    let graph = try await Self.workspace(
      "FROM --platform=linux/amd64 base/minimal AS b\nRUN dnf install -y gcc\nFROM base/minimal\nCOPY --from=b / /b\n"
    ).graph()
    let locks = graph.nodes.filter { $0.step == "b/2 lock" }
    #expect(locks.count == 2 && locks.allSatisfy { $0.action.architecture?.name == "x86_64" })
  }

  @Test("named contexts: a folder, a label, an image; only the named files of a folder are inputs")
  func contexts() async throws {
    var workspace = Self.workspace(
      "FROM ctx AS files\nFROM base/minimal\nCOPY --from=ctx a /a\nCOPY --from=lib / /lib\nCOPY --from=img / /img\nCOPY --from=//rpm/bash . /rpms/\nCOPY --from=files /sub /sub\n",
      options:
        "    contexts: {ctx: shared, lib: \"//app/b\", img: \"docker-image://app/b:latest\"}\n")
    workspace.add(image: "b", "FROM base/minimal\nCOPY f /f\n", files: ["f": "x"])
    workspace.files["shared/a"] = "A"
    workspace.files["shared/sub/b"] = "B"
    let (compiled, problems) = try await workspace.compile()
    // Both name the same image, which depends-on does not.
    #expect(
      problems.count == 2 && problems.allSatisfy { $0.contains("does not name 'app/b:latest'") },
      "\(problems)")
    func roles(_ step: String) -> [String] {
      compiled.graph.nodes.first { $0.step == step && $0.label.architecture?.name == "x86_64" }?.action.inputs
        .map(\.role) ?? []
    }
    #expect(roles("1/2 COPY") == ["layer/00", "source/0/a"])
    #expect(roles("files/1 FROM") == ["source/0/a", "source/0/sub/b"])
    #expect(roles("1/3 COPY").filter { $0.hasPrefix("from/") } == ["from/00", "from/01"])
    #expect(roles("1/5 COPY").filter { $0.hasPrefix("from/") } == ["from/rpms"])
  }

  @Test(
    "what is wrong is said at its place",
    arguments: [
      (
        "FROM base/minimal\nCOPY --from=bild /a /a\n",
        "a/Dockerfile:2:13: error: --from names 'bild', which is no stage above"
      ),
      (
        "FROM base/minimal AS x\nFROM base/minimal\nCOPY --from=2 /a /a\nCOPY --from=x a b\n",
        "a/Dockerfile:3:13: error: --from names '2'"
      ),
      (
        "FROM base/minimal\nARG M=rwx\nCOPY --chmod=$M src /a\n",
        "a/Dockerfile:3:1: error: '--chmod=rwx' is no mode"
      ),
      (
        "FROM base/minimal\nCOPY --link --chown=app src /a\n",
        "a/Dockerfile:2:1: error: --link does not look at the image"
      ),
      ("FROM base/minimal\nCOPY https://e/x /a\n", "a/Dockerfile:2:6: error: COPY takes no address"),
      (
        "FROM base/minimal\nADD https://e/x /a\n",
        "a/Dockerfile:2:5: error: ADD of an address needs its checksum | write 'ADD --checksum=sha256:…'; 'curl -sSL https://e/x | sha256sum' prints it"
      ),
      (
        "FROM base/minimal\nADD --checksum=sha256:12 https://e/x /a\n",
        "a/Dockerfile:2:16: error: '--checksum=sha256:12' is no SHA-256"
      ),
      (
        "FROM base/minimal\nADD --checksum=sha256:12 src /a\n",
        "a/Dockerfile:2:16: error: --checksum is for one address"
      ),
      (
        "FROM base/minimal\nADD --keep-git-dir https://e/x.git#main /a\n",
        "a/Dockerfile:2:1: error: ADD --keep-git-dir is not built"
      ),
      (
        "FROM base/minimal\nADD https://e/x.git /a\n",
        "a/Dockerfile:2:5: error: ADD of a git repository names what of it"
      ),
      ("FROM base/minimal\nADD https://e/x.git#main /a\n", "a/Dockerfile:2:5: error: "),
      (
        "FROM base/minimal\nCOPY --exclude=f src other /a/\nCOPY none /a\n",
        "a/Dockerfile:3:6: error: there is no 'none'"
      ),
    ])
  func wrong(dockerfile: String, expected: String) async throws {
    let (compiled, problems) = try await Self.workspace(dockerfile).compile()
    #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    #expect(!problems.isEmpty && problems.allSatisfy { $0.hasPrefix("a/Dockerfile:") }, "\(problems)")
    #expect(compiled.graph.labels(matching: try LabelPattern("//app/a")).isEmpty)
  }

  @Test("an entry that is used and not declared is a warning at the line that uses it")
  func undeclared() async throws {
    var workspace = Self.workspace("FROM base/minimal\nCOPY --from=app/b /f /f\n")
    workspace.add(image: "b", "FROM base/minimal\n")
    workspace.add(image: "c", "FROM app/b\n", dependsOn: "[app/b:latest]")
    let (compiled, problems) = try await workspace.compile()
    #expect(
      problems == [
        "a/Dockerfile:2:13: warning: depends-on of the entry does not name 'app/b:latest', which is used here | add it to the entry at index.d/app.yml:2:3"
      ])
    #expect(!compiled.graph.labels(matching: try LabelPattern("//app/a")).isEmpty)
    workspace = Self.workspace()
    workspace.add(image: "b", "FROM base/minimal\nCOPY --from=app/a /out /out\n", dependsOn: "app/a")
    #expect(try await workspace.compile().problems == [])
  }

  @Test("an unreachable image that a stage takes files from leaves the entry in the graph")
  func unreachable() async throws {
    var workspace = Self.workspace("FROM base/minimal\nCOPY --from=down.example.org/x:1 /a /a\n")
    workspace.files["graph.yml", default: ""] += "registries: {down.example.org: {own: false}}\n"
    let (compiled, problems) = try await workspace.compile()
    #expect(
      problems.count == 1
        && problems[0].hasPrefix("a/Dockerfile:2:13: warning: the registry does not answer"),
      "\(problems)")
    #expect(Self.steps(compiled.graph) == ["source"])
    // An unused stage asks nobody.
    workspace = Self.workspace("FROM down.example.org/x:1 AS u\nFROM base/minimal\n")
    workspace.files["graph.yml", default: ""] += "registries: {down.example.org: {own: false}}\n"
    #expect(try await workspace.compile().problems == [])
  }
}
