import GraphCore
import Resolve
import Testing

@testable import Rules

@Suite("what .dockerignore leaves out")
struct IgnoredFilesTests {
  /// The files that the image's COPY takes.
  static func copied(_ files: [String: String]) async throws -> [String] {
    var workspace = TextWorkspace()
    workspace.addBase()
    let all = ["f": "f", "g.o": "g", "d/h": "h", "d/i.o": "i", "e/j.o": "j"].merging(files) { $1 }
    workspace.add(image: "a", "FROM base/minimal\nCOPY . /x/\n", files: all)
    let (compiled, problems) = try await workspace.compile()
    #expect(problems == [])
    let node = compiled.graph.nodes.first { $0.action.rule == CopyOperation.rule }
    return node?.action.values("entries").map { String($0.split(separator: " ", maxSplits: 2).last ?? "") }
      ?? []
  }

  private static let all = [
    "/", "/Dockerfile", "/cccp.yml", "/d", "/d/h", "/d/i.o", "/e", "/e/j.o", "/f", "/g.o",
  ]

  @Test("patterns take files away, and folders with nothing left in them")
  func patterns() async throws {
    #expect(try await Self.copied([:]).sorted() == Self.all)
    #expect(
      try await Self.copied([".dockerignore": "# objects\n**/*.o\ne\n.dockerignore\n"]).sorted()
        == ["/", "/Dockerfile", "/cccp.yml", "/d", "/d/h", "/f"])
    #expect(
      try await Self.copied([".dockerignore": "*\n!d/i.o\n!f\n"]).sorted() == ["/", "/d", "/d/i.o", "/f"])
    #expect(
      try await Self.copied([".dockerignore": "# nothing\n"]).sorted()
        == (Self.all + ["/.dockerignore"]).sorted())
  }

  @Test("the file with the Dockerfile's name stands for the other one")
  func own() async throws {
    #expect(
      try await Self.copied([".dockerignore": "*", "Dockerfile.dockerignore": "*\n!/f"]).sorted()
        == ["/", "/f"])
  }

  @Test("a file that is ignored is not there for COPY, and a bad pattern is told")
  func missing() async throws {
    var workspace = TextWorkspace()
    workspace.addBase()
    workspace.add(
      image: "a", "FROM base/minimal\nCOPY f /x\n", files: ["f": "f", ".dockerignore": "f\n[\n"])
    let problems = try await workspace.compile().problems
    #expect(
      problems == [
        "a/.dockerignore:2:1: error: '[' is no pattern: a '[' is never closed by ']' | a '\\' before a character takes its meaning away",
        "a/Dockerfile:2:6: error: there is no 'f' in the build context 'a'",
      ])
  }
}
