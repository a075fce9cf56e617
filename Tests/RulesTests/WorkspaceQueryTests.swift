import Glibc
import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

@Suite("queries on workspaces")
struct WorkspaceQueryTests {
  static func names(_ query: String, _ graph: QueryGraph) throws -> [String] {
    let answer = try QueryEvaluator(graph).answer(QueryExpression(query))
    return answer.items.map { graph.items[$0].name }
  }

  private static func world() -> TextWorkspace {
    var workspace = TextWorkspace()
    workspace.addBase()
    // b says what its Dockerfile says too, c says something else, a says what nobody knows.
    workspace.add(image: "a", "FROM base/minimal\nRUN echo a\n", dependsOn: "no/such:1")
    workspace.add(image: "b", "FROM app/a\n", dependsOn: "app/a")
    workspace.add(image: "c", "FROM app/b\nCOPY x /x\n", dependsOn: "[app/a, app/c]", files: ["x": "x"])
    return workspace
  }

  @Test("edges are declared, discovered or both, for each architecture")
  func edges() async throws {
    let graph = try await Self.world().query().labels()
    func edges(_ origin: QueryGraph.Origin) -> [String] {
      graph.edges.filter { $0.origin == origin }.map {
        "\(graph.items[$0.from].name) -> \(graph.items[$0.to].name)"
      }.filter { !$0.contains("aarch64") }
    }
    #expect(
      edges(.declared).sorted() == [
        "//app/a@latest:x86_64 -> no/such:1", "//app/c@latest:x86_64 -> //app/a@latest:x86_64",
        "//app/c@latest:x86_64 -> //app/c@latest:x86_64", "//base/minimal:x86_64 -> //repo/os:x86_64",
        "//repo/os:x86_64 -> //rpm/bash:x86_64",
      ])
    #expect(
      edges(.discovered).sorted() == [
        "//app/a@latest:x86_64 -> //base/minimal:x86_64", "//app/c@latest:x86_64 -> //app/b@latest:x86_64",
      ])
    #expect(
      edges(.all).sorted() == [
        "//app/a@latest -> //app/a@latest:x86_64", "//app/b@latest -> //app/b@latest:x86_64",
        "//app/b@latest:x86_64 -> //app/a@latest:x86_64", "//app/c@latest -> //app/c@latest:x86_64",
        "//base/minimal -> //base/minimal:x86_64",
      ])
  }

  @Test("attributes are what the graph knows and what is declared, defaults included")
  func attributes() async throws {
    let graph = try await Self.world().query().labels()
    func values(_ label: String, _ name: String) throws -> [String] {
      let number = try #require(graph.items.firstIndex { $0.name == label })
      return graph.values(number, name)
    }
    #expect(try values("//app/c@latest:x86_64", "notify-email") == ["a@example.org"])
    #expect(try values("//app/c@latest", "depends-on") == ["app/a", "app/c"])
    #expect(try values("//app/c@latest", "build-context") == ["./"])
    #expect(try values("//app/c@latest:x86_64", "base") == ["app/b", "//app/b@latest"])
    #expect(try values("//app/c@latest:x86_64", "input") == ["c/x"])
    #expect(try values("//app/a@latest:x86_64", "opaque") == ["true"])
    #expect(try values("//app/c@latest:x86_64", "opaque") == ["false"])
    #expect(try values("//app/c@latest:x86_64", "rule") == ["copy", "pack", "image"])
    #expect(try values("//app/c@latest:x86_64", "file") == ["index.d/app.yml"])
    #expect(try values("//base/minimal:x86_64", "packages") == ["bash"])
    #expect(try values("//rpm/bash:aarch64", "outputs") == ["rpms=folder"])
    #expect(try values("//rpm/bash:aarch64", "timeout") == ["3600"])
    #expect(try values("no/such:1", "kind") == ["dangling"] && values("no/such:1", "tag") == [])
    #expect(
      try Self.names("attr(input, 'c/*', //...)", graph) == [
        "//app/c@latest:aarch64", "//app/c@latest:x86_64",
      ])
  }

  @Test("actions are asked about by the names of their steps")
  func actions() async throws {
    let graph = try await Self.world().query().actions()
    #expect(
      try Self.names("kind(copy, //...:x86_64)", graph).map { $0.prefix { $0 != ":" } } == ["//app/c@latest"])
    #expect(
      try Self.names("somepath('//app/a@latest:x86_64 image', kind(lock, //base/minimal:x86_64))", graph)
        .count > 2)
    #expect(try Self.names("attr(opaque, true, //...:x86_64)", graph).count == 1)
    #expect(try !Self.names("rdeps(//rpm/bash:x86_64) ^ //app/c", graph).isEmpty)
  }

  /// The numbers of another reader of the same index: see the reference on the domain, section 8.1.
  @Test("the real container index has the edges, depths and dependants that were counted elsewhere")
  func corpus() async throws {
    let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let index = "/\(package)/../shared/corpus/container-index/index.d"
    guard let names = FileSystem.disk.names(index) else {
      print("skipped: no corpus")
      return
    }
    var workspace = TextWorkspace()
    for name in names {
      workspace.files["index.d/\(name)"] = String(
        decoding: try TestFolder.read("\(index)/\(name)"), as: UTF8.self)
    }
    let graph = try await workspace.query(isListing: true).labels().keeping(.declared)
    func numbers(_ query: String) throws -> [Int] {
      try QueryEvaluator(graph).answer(QueryExpression(query)).items
    }
    let entries = try numbers("//...:x86_64")
    let summary = QuerySummary(graph, items: entries)
    #expect(Set(entries.compactMap { graph.items[$0].location?.file }).count == 33)
    #expect(summary.items == 205 && summary.edges == 186)
    #expect(summary.selfEdges == 1 && summary.danglingEdges == 4)
    #expect(summary.depths == [24, 143, 26, 11, 1] && summary.circular == 0)
    for (tag, transitive, direct) in [("7", 116, 98), ("latest", 64, 44)] {
      let label = "//centos/centos@\(tag):x86_64"
      #expect(try numbers("rdeps(//...:x86_64, \(label)) - \(label)").count == transitive)
      #expect(try numbers("rdeps(//...:x86_64, \(label), 1) - \(label)").count == direct)
      #expect(try numbers("kind(index, rdeps(\(label))) - //centos/centos").count == transitive)
    }
    #expect(
      try Self.names("external()", graph) == [
        "openshift/base-centos7:latest", "openshift/jenkins-slave-base-centos7:latest",
        "sclo/nodejs-6-centos7:latest",
      ])
    #expect(
      try Self.names("rdeps(external()) ^ arch(x86_64, //...)", graph) == [
        "//mattermost/penfold@latest:x86_64", "//navidshaikh/ccp-openshift-slave@new-scanners:x86_64",
        "//openshift/playbook2image@latest:x86_64", "//pipeline-images/ccp-openshift-slave@latest:x86_64",
      ])
  }
}

@Suite("inputs and declarations of targets")
struct TargetFactsTests {
  @Test("every leaf is listed once, with its digest and what reads it")
  func inputs() async throws {
    var workspace = CompilationTests.world(
      ("a", "FROM base/minimal\nCOPY x y /\n"), ("b", "FROM app/a\nCOPY x /z\n"))
    workspace.files["a/x"] = "x"
    workspace.files["a/y"] = "y"
    workspace.files["b/x"] = "x"
    let (compiled, resolved, _) = try await workspace.resolveAndCompile(isListing: false)
    let collector = InputCollector(compiled, resolved, cache: EmptyCache(), store: MemoryBlobs())
    func inputs(_ label: String) throws -> GraphInputs {
      try collector.inputs(of: [try #require(compiled.graph.targets[Label(label)]).node])
    }
    let a = try inputs("//app/a@latest:x86_64")
    let files = a.inputs.filter { $0.kind == .file }
    #expect(files.map(\.name) == ["a/x", "a/y"])
    #expect(files.map(\.digest) == [Digest(ofText: "x").hex, Digest(ofText: "y").hex])
    #expect(files.allSatisfy { $0.readers.count == 1 && $0.readers[0].hasPrefix("//app/a@latest:x86_64 ") })
    #expect(Set(a.inputs.filter { $0.kind == .tool }.map(\.name)) == ["createrepo_c", "rpm", "sh"])
    #expect(a.unknownLocks == ["//base/minimal:x86_64 lock"])
    #expect(
      try inputs("//app/b@latest:x86_64").inputs.filter { $0.kind == .file }.map(\.name) == [
        "a/x", "a/y", "b/x",
      ])
    #expect(try inputs("//base/minimal:x86_64").inputs.allSatisfy { $0.kind != .file })
  }

  @Test("packages come from the lock where the store has it")
  func packages() async throws {
    let workspace = CompilationTests.world(("a", "FROM base/minimal\n"))
    let (compiled, resolved, _) = try await workspace.resolveAndCompile(isListing: false)
    let store = MemoryBlobs()
    let package = LockedPackage(
      name: "bash", epoch: 0, version: "5", release: "1", arch: "x86_64", digest: Digest(ofText: "rpm"),
      location: "bash.rpm", repository: "//repo/os", buildTime: 1, requestedBy: "bash")
    let digest = try store.write(Lock(packages: [package]).encoded())
    let collector = InputCollector(compiled, resolved, cache: OneLock(lock: digest), store: store)
    let root = try #require(compiled.graph.targets[Label("//base/minimal:x86_64")]).node
    let inputs = try collector.inputs(of: [root])
    let found = try #require(inputs.inputs.first { $0.kind == .package })
    #expect(found.name == "bash-5-1.x86_64" && found.digest == Digest(ofText: "rpm").hex)
    #expect(found.readers == ["//base/minimal:x86_64 lock"] && inputs.unknownLocks.isEmpty)
    let lost = try InputCollector(compiled, resolved, cache: OneLock(lock: digest), store: MemoryBlobs())
      .inputs(of: [root])
    #expect(lost.unknownLocks == ["//base/minimal:x86_64 lock"])
  }

  /// A cache in which every action has a result that names a lock: only that of locks is read.
  private struct OneLock: ActionCache {
    let lock: Digest
    private var result: ActionResult {
      ActionResult(
        outputs: ["lock": Artifact(.blob, lock)], provenance: .init(durationSeconds: 0, finished: 0))
    }
    func result(of key: Key) -> ActionResult? { result }
    func result(ofDeep key: Key) -> ActionResult? { result }
    func key(ofDeep key: Key) -> Key? { nil }
    func record(_ made: [NodeTrace]) {}
    func recordHits(_ found: [NodeTrace]) {}
    func trace(ofNode name: String) -> Trace? { nil }
    func traces(ofNode name: String, limit: Int) -> [Trace] { [] }
    func forget(_ digest: Digest) {}
    func remember(_ failure: ActionFailed, of key: Key) throws {}
    func lease(_ key: Key) async throws -> any Lease { throw GraphError(.bug, "nothing runs here") }
  }

  @Test("a declaration has the place of each value, options merged, defaults marked")
  func declaration() async throws {
    var workspace = CompilationTests.world(("a", "FROM base/minimal\n"))
    workspace.files["graph.d/images.yml"] = """
      images:
        - name: //app/...
          build-args: {ONE: 1, TWO: 2}
          target: first
        - name: //app/a
          build-args:
            TWO: two
          target: last
        - name: //other/...
          target: none
      commands:
        - name: //tools/{item}
          for-each: [x, y]
          root: host
          command: [sh, -c, "echo {item} >{outputs.o}"]
          outputs: {o: file}

      """
    let (compiled, resolved, _) = try await workspace.resolveAndCompile(isListing: false)
    let collector = DeclarationCollector(compiled, resolved)
    func lines(_ label: String) throws -> [String] {
      let declaration = try #require(try collector.declaration(of: try Label(label)))
      return declaration.sections.flatMap { section in
        section.members.flatMap { Self.lines($0.value, "\(section.name).\($0.key)") }
      }
    }
    let image = try lines("//app/a@latest:x86_64")
    for line in [
      "entry.app-id=app index.d/app.yml:3:11", "entry.build-context=./ default",
      "entry.desired-tag=latest index.d/app.yml:9:16", "entry.depends-on=null index.d/app.yml:11:15",
      "options.build-args.ONE=1 graph.d/images.yml:3:23",
      "options.build-args.TWO=two graph.d/images.yml:7:12",
      "options.target=last graph.d/images.yml:8:13",
      "cccp.test-skip=true default", "workspace.arches.0=x86_64 graph.yml:2:10",
      "workspace.compression=zstd default", "workspace.stamps.1=base default",
    ] {
      #expect(image.contains(line), "\(line) of \(image)")
    }
    #expect(!image.contains { $0.contains("options.name") || $0.contains("first") })
    let command = try lines("//tools/y")
    for line in [
      "command.name=//tools/y graph.d/images.yml:12:11",
      "command.command.2=echo y >{outputs.o} graph.d/images.yml:15:23",
      "command.timeout=3600 default",
    ] {
      #expect(command.contains(line), "\(line) of \(command)")
    }
    #expect(!command.contains { $0.contains("for-each") })
    #expect(try collector.declaration(of: Label("//no/such")) == nil)
  }

  private static func lines(_ value: DeclaredValue, _ path: String) -> [String] {
    let place = value.location?.description ?? "default"
    switch value.content {
    case .nothing: return ["\(path)=null \(place)"]
    case .text(let text): return ["\(path)=\(text) \(place)"]
    case .list(let elements):
      return elements.enumerated().flatMap { lines($0.element, "\(path).\($0.offset)") }
    case .mapping(let members): return members.flatMap { lines($0.value, "\(path).\($0.key)") }
    }
  }
}
