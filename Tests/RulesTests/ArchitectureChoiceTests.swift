import GraphCore
import Manifests
import Testing

@testable import Rules

@Suite("which targets are made for which architectures")
struct ArchitectureChoiceTests {
  /// A base, and images above it; what `edit` changes of `graph.d/base.yml`.
  static func world(
    _ images: (String, String)..., base: String = "", command: String = "", options: String = ""
  ) -> TextWorkspace {
    var workspace = CompilationTests.world()
    for (name, dockerfile) in images { workspace.add(image: name, dockerfile) }
    var text = workspace.files["graph.d/base.yml"] ?? ""
    text = text.replacing("    packages: [bash]", with: "    packages: [bash]\n\(base)")
    text = text.replacing("    root: host", with: "    root: host\n\(command)")
    workspace.files["graph.d/base.yml"] = text
    if !options.isEmpty { workspace.files["graph.d/images.yml"] = "images:\n\(options)" }
    return workspace
  }

  static func unsupported(_ graph: Graph) -> [String] {
    graph.unsupported.map { "\($0.kind.rawValue) \($0.label): \($0.reason) (\($0.location))" }
  }

  @Test("what is not made for an architecture takes what needs it with it, and all of it is told")
  func inherited() async throws {
    let workspace = Self.world(
      ("a", "FROM base/minimal\n"), ("b", "FROM app/a\n"), ("c", "FROM scratch\n"),
      base: "    arches: [x86_64]")
    let graph = try await workspace.graph()
    #expect(
      Self.unsupported(graph) == [
        "image //app/a@latest:aarch64: it needs //base/minimal, whose 'arches' leave it out (graph.d/base.yml:8:13) (a/Dockerfile:1:6)",
        "image //app/b@latest:aarch64: it needs //app/a@latest, and that needs //base/minimal, whose 'arches' leave it out (graph.d/base.yml:8:13) (b/Dockerfile:1:6)",
        "base //base/minimal:aarch64: its 'arches' leave it out (graph.d/base.yml:8:13)",
      ])
    let labels = Set(graph.targets.keys.filter { $0.package == "app" }.map(\.description))
    #expect(
      labels == [
        "//app/a@latest", "//app/a@latest:x86_64", "//app/b@latest", "//app/b@latest:x86_64",
        "//app/c@latest",
        "//app/c@latest:x86_64", "//app/c@latest:aarch64",
      ])
    let index = try #require(
      graph.nodes.first { $0.label.description == "//app/a@latest" && $0.step == "index" })
    #expect(index.action.inputs.map(\.role) == ["manifest/x86_64", "layout/x86_64"])
  }

  @Test(
    "'only' and 'not' of a pattern, and the last item that sets a key counts",
    arguments: [
      ("  - {name: //app/..., only: [x86_64]}\n", ["x86_64"]),
      ("  - {name: //app/a, not: [aarch64, riscv64]}\n", ["x86_64"]),
      ("  - {name: //app/..., only: [x86_64]}\n  - {name: //app/a, only: [aarch64]}\n", ["aarch64"]),
      ("  - {name: //app/..., only: [x86_64]}\n  - {name: //app/a, not: [x86_64]}\n", []),
      ("  - {name: //app/..., not: [i386]}\n", ["x86_64", "aarch64"]),
      ("  - {name: //app/a, arches: aarch64}\n", ["aarch64"]),
    ])
  func patterns(options: String, expected: [String]) async throws {
    let graph = try await Self.world(("a", "FROM base/minimal\n"), options: options).graph()
    let made = graph.targets.keys.filter { $0.name == "a" }.compactMap(\.architecture?.name)
    #expect(Set(made) == Set(expected))
    let missing = graph.unsupported.filter { $0.label.name == "a" }.compactMap(\.label.architecture?.name)
    #expect(Set(missing) == Set(["x86_64", "aarch64"]).subtracting(expected))
    #expect(graph.targets.keys.contains { $0.name == "a" && $0.architecture == nil } == !expected.isEmpty)
  }

  @Test("what 'arches' ask for by name and cannot be made is an error at that name")
  func asked() async throws {
    var workspace = Self.world(
      ("a", "FROM base/minimal\n"), ("b", "FROM app/a\n"), base: "    only: [x86_64]",
      options: "  - name: //app/b\n    arches: [x86_64, aarch64]\n")
    let (compiled, problems) = try await workspace.compile()
    #expect(
      problems == [
        "graph.d/images.yml:3:22: error: '//app/b@latest' cannot be made for aarch64: it needs //app/a@latest, and that needs //base/minimal, whose 'only' leaves it out (graph.d/base.yml:8:11) | take aarch64 out of these 'arches', or let b/Dockerfile:1:6 name something else"
      ])
    #expect(compiled.graph.targets.keys.contains { $0.description == "//app/b@latest:x86_64" })
    // A label that is written with its architecture asks for it, too.
    workspace = Self.world(base: "    only: [x86_64]")
    workspace.files["graph.d/tool.yml"] = """
      commands:
        - name: //tools/a
          root: host
          arches: noarch
          inputs: {image: "//base/minimal:aarch64"}
          command: [cp, "{inputs.image}", "{outputs.out}"]
          outputs: {out: folder}

      """
    #expect(
      try await workspace.compile().problems == [
        "graph.d/tool.yml:5:21: error: '//base/minimal:aarch64' is named here, and is not made: its 'only' leaves it out | name another architecture, or change that at graph.d/base.yml:8:11"
      ])
  }

  @Test("commands and repositories, and a command that reads an index over what there is")
  func commands() async throws {
    var workspace = Self.world(base: "    not: aarch64")
    workspace.files["graph.d/tool.yml"] = """
      commands:
        - name: //tools/a
          root: //base/minimal
          command: [touch, "{outputs.out}"]
          outputs: {out: file}
        - name: //tools/b
          root: host
          not: [x86_64]
          inputs: {a: //tools/a}
          command: [touch, "{outputs.out}"]
          outputs: {out: file}

      """
    let graph = try await workspace.graph()
    #expect(
      Self.unsupported(graph) == [
        "base //base/minimal:aarch64: its 'not' takes it away (graph.d/base.yml:8:10)",
        "command //tools/a:aarch64: it needs //base/minimal, whose 'not' takes it away (graph.d/base.yml:8:10) (graph.d/tool.yml:3:11)",
        "command //tools/b:aarch64: it needs //tools/a, and that needs //base/minimal, whose 'not' takes it away (graph.d/base.yml:8:10) (graph.d/tool.yml:9:17)",
        "command //tools/b:x86_64: its 'not' takes it away (graph.d/tool.yml:8:10)",
      ])
  }

  @Test(
    "what the keys may not say",
    arguments: [
      (
        "    only: [s390x]",
        "graph.d/base.yml:8:11: error: no architecture is left of those that a base is for"
      ),
      (
        "    not: [x86_64, aarch64]",
        "graph.d/base.yml:8:10: error: no architecture is left of those that a base is for"
      ),
      ("    arches: []", "graph.d/base.yml:8:13: error: 'arches' lists no architecture"),
      ("    failable: [s390x]", "graph.d/base.yml:8:16: error: the workspace is not built for 's390x'"),
      ("    not: [amd64]", "graph.d/base.yml:8:11: error: 'amd64' is no architecture | write 'x86_64'"),
    ])
  func wrong(line: String, message: String) async throws {
    let problems = try await Self.world(base: line).compile().problems
    #expect(problems.contains { $0.hasPrefix(message) }, "\(problems)")
  }

  @Test("'only', 'not' and 'failable' say nothing of what serves every architecture")
  func noarch() async throws {
    let problems = try await Self.world(command: "    arches: noarch\n    failable: [x86_64]").compile()
      .problems
    #expect(
      problems == [
        "graph.d/base.yml:13:15: error: 'failable' has no meaning beside 'arches: noarch' | one result serves every architecture: remove 'failable'"
      ])
  }

  @Test("a failure is allowed where it is declared, in what needs it, and not in an index over others")
  func failable() async throws {
    let graph = try await Self.world(
      ("a", "FROM base/minimal\n"), ("b", "FROM scratch\nLABEL a=b\n"), base: "    failable: [aarch64]"
    ).graph()
    let failable = graph.order.filter { graph.isFailable($0) }.map { graph[$0] }
    #expect(Set(failable.map { "\($0.label)" }) == ["//app/a@latest:aarch64", "//base/minimal:aarch64"])
    let all = try await Self.world(
      ("b", "FROM scratch\nLABEL a=b\n"), options: "  - {name: //..., failable: [x86_64, aarch64]}\n"
    ).graph()
    let index = try #require(all.targets[Label(package: "app", name: "b", tag: "latest")])
    #expect(all.isFailable(index.node), "an index over nothing but what may fail")
    #expect(!all.order.contains { all[$0].label.package == "base" && all.isFailable($0) })
  }

  @Test("every name of an architecture is a placeholder", arguments: Architecture.all)
  func placeholders(architecture: Architecture) async throws {
    var workspace = CompilationTests.world()
    workspace.files["graph.yml"] = "name: d\narches: [\(architecture)]\n"
    workspace.files["graph.d/tool.yml"] = """
      commands:
        - name: //tools/a
          root: host
          command: [sh, "{arch} {basearch} {rpm-arch} {deb-arch} {oci-arch}", "{outputs.out}"]
          outputs: {out: file}
        - name: //tools/b
          root: host
          arches: noarch
          command: [sh, "{arch} {basearch} {rpm-arch} {deb-arch} {oci-arch}", "{outputs.out}"]
          outputs: {out: file}

      """
    let nodes = try await workspace.graph().nodes
    let names = architecture.names
    #expect(
      nodes.first { $0.label.name == "a" }?.action.command?.argv[1]
        == "\(names.name) \(names.baseArch) \(names.rpm) \(names.debian) \(names.oci)")
    #expect(
      nodes.first { $0.label.name == "b" }?.action.command?.argv[1] == "noarch noarch noarch all noarch")
  }
}
