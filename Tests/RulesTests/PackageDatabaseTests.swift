import GraphCore
import Testing

@testable import Rules

@Suite("opaque RUNs below installations")
struct PackageDatabaseTests {
  @Test("an installation above an opaque RUN waits for a check of it; other steps do not")
  func checks() async throws {
    var workspace = TextWorkspace()
    workspace.addBase()
    workspace.add(
      image: "checked", "FROM base/minimal\nRUN make all\nRUN dnf install -y bash\nRUN dnf install -y bash\n")
    workspace.add(image: "plain", "FROM base/minimal\nRUN dnf install -y bash\nRUN make all\n")
    let (compiled, problems) = try await workspace.compile()
    #expect(problems == [])
    func steps(_ name: String) throws -> [String] {
      let label = try Label("//app/\(name)@latest:x86_64")
      return compiled.graph.nodes.filter { $0.label == label && $0.action.rule.name == "package-database" }
        .map(\.step)
    }
    #expect(try steps("checked") == ["3 check of 2"])
    #expect(try steps("plain") == [])
    let locks = compiled.graph.nodes.filter {
      $0.label.name == "checked" && $0.label.architecture?.name == "x86_64" && $0.action.rule.name == "lock"
    }
    #expect(locks.map { lock in lock.action.inputs.count { $0.role.hasPrefix("check/") } } == [1, 1])
  }

  @Test(
    "a layer that touches the package database is refused by name",
    arguments: [
      ("var/lib/rpm/rpmdb.sqlite", true), ("usr/lib/sysimage/rpm/x", true), ("var/lib/rpmx", false),
    ])
  func refuses(path: String, isRefused: Bool) async throws {
    let store = MemoryBlobs()
    let layer = Layer(entries: [Layer.Entry(path: path, content: .fifo, mode: 0o644)])
    let action = Action(
      rule: PackageDatabaseOperation.rule,
      inputs: [Input("layer", .leaf(.text("", origin: "test")))], outputs: [.init("unchanged", .blob)])
    let task = ActionTask(
      node: Node(label: try Label("//app/x"), step: "check", action: action),
      key: Key(digest: Digest(ofText: "")),
      inputs: [try store.write(layer, as: .layer)])
    if isRefused {
      let failure = await #expect(throws: ActionFailed.self) {
        try await PackageDatabaseOperation().run(task, store: store)
      }
      #expect(failure?.reason.contains("'/\(path)'") == true)
    } else {
      #expect(try await PackageDatabaseOperation().run(task, store: store)["unchanged"]?.kind == .blob)
    }
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
    #expect(image.settings.environment == nil)
  }
}
