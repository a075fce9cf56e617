import GraphCore
import Testing

@testable import Rules

@Suite("opaque RUNs below installations")
struct PackageDatabaseTests {
  @Test("an installation above an opaque RUN reads the package database; other steps do not")
  func lists() async throws {
    var workspace = TextWorkspace()
    workspace.addBase()
    workspace.add(
      image: "read", "FROM base/minimal\nRUN make all\nRUN dnf install -y bash\nRUN dnf install -y bash\n")
    workspace.add(image: "plain", "FROM base/minimal\nRUN dnf install -y bash\nRUN make all\n")
    let (compiled, problems) = try await workspace.compile()
    #expect(problems == [])
    func steps(_ name: String) throws -> [String] {
      let label = try Label("//app/\(name)@latest:x86_64")
      return compiled.graph.nodes.filter { $0.label == label && $0.action.rule.name.hasPrefix("package-") }
        .map(\.step)
    }
    #expect(try steps("read") == ["3 package database", "3 package list"])
    #expect(try steps("plain") == [])
    let locks = compiled.graph.nodes.filter {
      $0.label.name == "read" && $0.label.architecture?.name == "x86_64" && $0.action.rule.name == "lock"
    }
    #expect(
      locks.map { $0.action.inputs.map(\.role).filter { !$0.hasPrefix("repository/") } } == [
        ["list", "known/00"], ["list", "known/00", "installed/01"],
      ])
  }

  @Test(
    "the database is taken out of stacked layers, wherever it is, without what a running rpm leaves behind",
    arguments: [
      (["var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/.rpm.lock", "etc/x"], ["rpmdb.sqlite"]),
      (["usr/lib/sysimage/rpm/rpmdb.sqlite", "var/lib/rpm -> ../../usr/lib/sysimage/rpm"], ["rpmdb.sqlite"]),
      (["usr/lib/sysimage/rpm/Packages.db"], ["Packages.db"]), (["var/lib/rpmx/a"], []),
    ])
  func database(paths: [String], expected: [String]) async throws {
    let store = MemoryBlobs()
    let entries = paths.map { path in
      let parts = path.split(separator: " ").map(String.init)
      return Layer.Entry(
        path: parts[0], content: parts.count > 2 ? .symlink(target: parts[2]) : .file(Digest(ofText: path)),
        mode: 0o644)
    }
    let action = Action(
      rule: PackageDatabaseOperation.rule,
      inputs: [Input("layer/00", .leaf(.text("", origin: "test")))], outputs: [.init("database", .tree)])
    let task = ActionTask(
      node: Node(label: try Label("//app/x"), step: "database", action: action),
      key: Key(digest: Digest(ofText: "")),
      inputs: [try store.write(Layer(entries: entries), as: .layer)])
    let output = try await PackageDatabaseOperation().run(task, store: store)
    let tree = try #require(output["database"])
    #expect(try store.readLayer(tree).entries.map(\.path) == expected)
  }
}

@Suite("FROM scratch")
struct ScratchTests {
  @Test("an image may start from nothing")
  func scratch() async throws {
    var workspace = TextWorkspace()
    workspace.add(image: "empty", "FROM scratch\nCOPY data /data\nCMD [\"/data\"]\n", files: ["data": "x"])
    let (compiled, problems) = try await workspace.compile()
    #expect(problems == [])
    let image = try #require(compiled.images[try Label("//app/empty@latest:aarch64")])
    #expect(image.layers.count == 1)
    #expect(image.settings.command == ["/data"])
    #expect(
      image.settings.environment == ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
  }
}
