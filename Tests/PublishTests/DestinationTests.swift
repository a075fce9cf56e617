import GraphCore
import Testing

@testable import Publish

@Suite("where an export goes")
struct DestinationTests {
  static let label = Label(package: "app", name: "httpd", tag: "2.4")
  static let arm = Label(package: "library", name: "python", tag: "3", architecture: Architecture("aarch64"))

  @Test(
    "a registry is completed by the published name and the tag",
    arguments: [
      ("docker://r.example", "r.example/app/httpd:2.4"),
      ("docker://r.example:5000/", "r.example:5000/app/httpd:2.4"),
      ("docker://r.example/mirror/", "r.example/mirror/app/httpd:2.4"),
      ("docker://r.example/web", "r.example/web:2.4"),
      ("docker://r.example/web:{tag}-rc", "r.example/web:2.4-rc"),
      ("docker://r.example/{published-name}:x", "r.example/app/httpd:x"),
      ("docker://localhost:5000", "localhost:5000/app/httpd:2.4"),
    ])
  func registry(written: String, name: String) throws {
    guard case .registry(let template) = try ExportDestination(written, in: "/w") else {
      Issue.record("'\(written)' is a registry")
      return
    }
    #expect(try template.name(of: Self.label) == name)
  }

  @Test("paths are relative to where the command starts; what has no known prefix is a path")
  func paths() throws {
    #expect(try ExportDestination("out", in: "/w") == .plain(path: "/w/out"))
    #expect(try ExportDestination("./a:b", in: "/w") == .plain(path: "/w/./a:b"))
    #expect(try ExportDestination("oci:/a", in: "/w") == .layout(path: "/a", name: nil))
    #expect(try ExportDestination("dir:a", in: "/w") == .folder(path: "/w/a"))
    #expect(
      try ExportDestination("oci-archive:a:{tag}", in: "/w")
        == .layoutArchive(path: "/w/a", name: try NameTemplate("{tag}")))
    #expect(
      try ExportDestination("docker-archive:a:r.example:5000/b", in: "/w")
        == .dockerArchive(path: "/w/a", name: try NameTemplate("r.example:5000/b:{tag}")))
  }

  @Test("words of a template are those of the label")
  func template() throws {
    let template = try NameTemplate("{published-name}/{arch}/{oci-arch}:{tag}")
    #expect(try template.name(of: Self.arm) == "python/aarch64/arm64:3")
    #expect(throws: GraphError.self) { try template.name(of: Self.label) }
    #expect(throws: GraphError.self) { try NameTemplate("{nmae}") }
    #expect(throws: GraphError.self) { try NameTemplate("{tag") }
  }
}
