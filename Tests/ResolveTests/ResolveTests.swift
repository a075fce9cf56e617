import GraphCore
import Manifests
import Testing

@testable import Resolve

@Suite("resolving")
struct ResolveTests {
  @Test(
    "paths inside a repository",
    arguments: [
      ("", "a/./b", "a/b"), ("a", "../b", "b"), ("a", "../../b", nil), ("a/b", "/c", "c"), ("a", ".", "a"),
      ("", "", ""),
      ("a//b", "c//d", "a/b/c/d"), ("a", "..", ""), ("", "..", nil),
    ] as [(String, String, String?)])
  func paths(base: String, path: String, expected: String?) {
    #expect(RepositoryPath.join(base, path) == expected)
  }

  static func snapshot() -> Snapshot {
    var snapshot = Snapshot(date: "2026-01-02")
    snapshot.git = [.init(url: "https://e/b", branch: "m", commit: "2", tree: "t", time: 1)]
    snapshot.images = [
      .init(reference: "r/x:1", architecture: "x86_64", manifest: "m", layerCount: 1, configuration: "{}")
    ]
    snapshot.fetches = [
      .init(
        label: "//rpm/a", architecture: "x86_64",
        files: [
          .init(name: "a.deb", sha256: "1", size: 1, url: "u", version: "1"),
          .init(name: "b.deb", sha256: "2", size: 1, url: "u", version: "1"),
        ])
    ]
    snapshot.tools = [.init(name: "rpm", path: "/usr/bin/rpm", sha256: "3", size: 3)]
    return snapshot
  }

  @Test("a snapshot is the same bytes whatever order its facts came in, and is read back")
  func document() throws {
    var snapshot = Self.snapshot()
    snapshot.git.append(.init(url: "https://e/a", branch: "m", commit: "1", tree: "t", time: 1))
    var other = snapshot
    other.git.reverse()
    #expect(try snapshot.encoded() == other.encoded())
    #expect(try Snapshot(encoded: snapshot.encoded()).encoded() == snapshot.encoded())
    #expect(throws: GraphError.self) { try Snapshot(encoded: Array("{}".utf8)) }
    snapshot.schema = 2
    let newer = try snapshot.encoded()
    #expect(throws: GraphError.self) { try Snapshot(encoded: newer) }
  }

  @Test("what moved between two snapshots, any file of a fetch included")
  func difference() {
    let old = Self.snapshot()
    #expect(SnapshotDifference(from: old, to: old).moves.isEmpty)
    var new = old
    new.fetches[0].files[0].sha256 = "9"
    new.git[0].commit = "3"
    new.tools = []
    new.images[0].manifest = "n"
    #expect(SnapshotDifference(from: old, to: new).moves.map(\.kind) == ["fetch", "git", "image", "tool"])
  }

  @Test("ARG before and behind FROM")
  func arguments() throws {
    let text = "ARG V=9\nARG W=$V-x\nFROM r/os:$W-$TARGETARCH\nARG V=10\nFROM r/b:$V\nCOPY --from=0 a b\n"
    let plan = try StageTests.plan(text, architecture: "aarch64")
    #expect(plan.stages.map(\.image) == ["r/os:9-x-arm64", "r/b:9"])
    let architecture = try #require(Architecture("aarch64"))
    var arguments = BuildArguments(architecture)
    arguments.declare("A", "1")
    #expect(arguments.values["TARGETPLATFORM"] == "linux/arm64")
    arguments.beginStage()
    #expect(arguments.values.isEmpty)
    arguments.declare("A", nil)
    arguments.declare("TARGETARCH", nil)
    arguments.declare("N", nil)
    #expect(arguments.values == ["A": "1", "TARGETARCH": "arm64"])
    arguments.declare("A", "2")
    arguments.declare("A", nil)
    #expect(arguments.values["A"] == "2")
  }
}
