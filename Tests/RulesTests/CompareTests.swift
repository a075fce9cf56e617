import GraphCore
import Testing

@testable import Rules

@Suite("package versions of architectures, compared")
struct CompareTests {
  static func package(_ name: String, _ version: String, _ arch: String) -> LockedPackage {
    LockedPackage(
      name: name, epoch: 0, version: version, release: "1", arch: arch, digest: Digest(ofText: "x"),
      location: "x.rpm", repository: "r", buildTime: 1, requestedBy: "")
  }

  /// Compares locks by architecture, each a list of `name-version` pairs.
  static func compare(
    _ locks: [(String, [[(String, String)]])], exceptions: [String] = []
  ) async throws -> String {
    let store = MemoryBlobs()
    var inputs: [Input] = []
    var artifacts: [Artifact] = []
    var places: [String: String] = [:]
    for (architecture, layers) in locks {
      for (index, packages) in layers.enumerated() {
        let lock = Lock(packages: packages.map { package($0.0, $0.1, architecture) })
        artifacts.append(Artifact(.blob, try store.write(lock.encoded())))
        let role = "lock/\(architecture)/0\(index)"
        inputs.append(Input(role, .leaf(.text("", origin: ""))))
        places[role] = "Dockerfile:\(index + 2):1"
      }
    }
    let node = Node(
      label: Label(package: "app", name: "a"), step: "compare",
      action: Action(
        rule: CompareOperation.rule, arguments: [.init("exceptions", exceptions)], inputs: inputs,
        outputs: [.init("verdict", .blob)], hints: places))
    let key = Preimage(node.action, inputNames: artifacts.map(\.description)).key
    let outputs = try await CompareOperation().run(
      ActionTask(node: node, key: key, inputs: artifacts), store: store)
    return try store.readText(try #require(outputs["verdict"]).digest)
  }

  @Test("equal versions pass, also where a package is in another layer, or on one architecture only")
  func equal() async throws {
    #expect(
      try await Self.compare([
        ("x86_64", [[("bash", "5"), ("grub", "2")], [("httpd", "2.4")]]),
        ("s390x", [[("bash", "5"), ("httpd", "2.4")], [("zipl", "1")]]),
      ]) == "the same versions of 4 packages on x86_64, s390x\n")
  }

  @Test("other versions fail, with each package, its architecture and the place that installs it")
  func different() async throws {
    let locks = [
      ("x86_64", [[("bash", "5.1"), ("sed", "4")], [("httpd", "2.4")]]),
      ("s390x", [[("bash", "5.2"), ("sed", "4")], [("httpd", "2.3")]]),
    ]
    do {
      _ = try await Self.compare(locks)
      Issue.record("nothing was found")
    } catch let failure as ActionFailed {
      #expect(failure.kind == .deterministic)
      #expect(failure.reason == "architectures have other versions of bash, httpd")
      #expect(
        String(decoding: failure.log, as: UTF8.self) == """
          bash:
            bash-5.1-1.x86_64 on x86_64, installed at Dockerfile:2:1
            bash-5.2-1.s390x on s390x, installed at Dockerfile:2:1
          httpd:
            httpd-2.4-1.x86_64 on x86_64, installed at Dockerfile:3:1
            httpd-2.3-1.s390x on s390x, installed at Dockerfile:3:1
          'package-comparison-exceptions' of graph.yml lists packages that may differ

          """)
    }
    #expect(try await Self.compare(locks, exceptions: ["bash", "httpd"]).contains("3 packages"))
    await #expect(throws: ActionFailed.self) { try await Self.compare(locks, exceptions: ["bash"]) }
  }

  @Test("an image of several architectures has the check beside its index, without those that may fail")
  func nodes() async throws {
    var workspace = ArchitectureChoiceTests.world(
      ("a", "FROM base/minimal\nRUN dnf install -y vim\n"), ("b", "FROM scratch\nLABEL a=b\n"))
    workspace.files["graph.yml"] =
      "name: d\narches: [x86_64, aarch64, s390x]\npackage-comparison-exceptions: [vim, bash]\n"
    let graph = try await workspace.graph()
    func comparison(_ name: String, in graph: Graph) throws -> Node? {
      let target = try #require(
        graph.targets.first { $0.key.name == name && $0.key.architecture == nil }?.value)
      return target.checks.first.map { graph[$0] }
    }
    let node = try #require(try comparison("a", in: graph))
    #expect(node.name == "//app/a@latest compare" && node.action.values("exceptions") == ["bash", "vim"])
    #expect(
      node.action.inputs.map(\.role) == [
        "lock/x86_64/00", "lock/x86_64/01", "lock/aarch64/00", "lock/aarch64/01", "lock/s390x/00",
        "lock/s390x/01",
      ])
    #expect(node.action.hints["lock/s390x/01"] == "a/Dockerfile:2:1")
    #expect(try comparison("minimal", in: graph)?.action.inputs.count == 3)
    #expect(try comparison("b", in: graph) == nil)

    workspace.files["graph.d/images.yml"] =
      "images:\n  - {name: //app/a, failable: [s390x], not: [aarch64]}\n"
    #expect(try comparison("a", in: try await workspace.graph()) == nil)
  }
}
