import Formats
import Glibc
import GraphCore
import Testing

@testable import graph

@Suite("completion of labels")
struct CompletionTests {
  private static let labels = [
    "//app/docs@latest", "//app/docs@latest:aarch64", "//app/docs@latest:x86_64", "//app/httpd@2.4",
    "//app/httpd@2.4:aarch64", "//app/httpd@2.4:x86_64", "//base/core", "//base/core:aarch64",
    "//rpm/bash:x86_64",
  ]

  private static func folder() throws -> String {
    var template = Array("/tmp/graph-completion-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func write(_ text: String, _ path: String) throws {
    let file = try #require(fopen(path, "w"))
    fputs(text, file)
    fclose(file)
  }

  @Test("labels without architecture first, with one where the text has come so far or nothing else is left")
  func candidates() throws {
    let folder = try Self.folder()
    defer { try? Folders.remove(folder) }
    try Self.write("name: x\narches: [x86_64]\n", folder + "/graph.yml")
    let file = LabelFile(store: folder + "/store", workspace: folder)
    #expect(file.read() == nil)
    for name in ["store", "store/scratch"] { mkdir(folder + "/" + name, 0o755) }
    file.write(try Self.labels.map { try Label($0) })
    #expect(file.read() == Self.labels)
    func candidates(_ prefix: String) throws -> [String] {
      let words = ["build", "--directory", folder, "--store=\(folder)/store", prefix]
      return try #require(LabelCompletion(words: words)).candidates(for: prefix)
    }
    #expect(
      try candidates("//") == [
        "//app/...", "//base/...", "//rpm/...", "//app/docs@latest", "//app/httpd@2.4", "//base/core",
        "//rpm/bash",
      ])
    #expect(try candidates("//app/") == ["//app/...", "//app/docs@latest", "//app/httpd@2.4"])
    #expect(
      try candidates("//app/h") == ["//app/httpd@2.4", "//app/httpd@2.4:aarch64", "//app/httpd@2.4:x86_64"])
    #expect(try candidates("//app/httpd@2.4:a") == ["//app/httpd@2.4:aarch64"])
    #expect(try candidates("//no/") == [])
    // A second write replaces the first, and leaves nothing beside it.
    file.write([])
    #expect(file.read() == [])
  }

  @Test("without a store the manifests are read; outside of a workspace there is nothing to offer")
  func fallback() throws {
    let folder = try Self.folder()
    defer { try? Folders.remove(folder) }
    #expect(LabelCompletion(words: ["--directory", folder]) == nil)
    try Self.write("name: x\narches: [x86_64]\n", folder + "/graph.yml")
    mkdir(folder + "/graph.d", 0o755)
    try Self.write(
      "bases:\n  - name: //base/core\n    repositories: //repo/os\n    packages: [bash]\n",
      folder + "/graph.d/x.yml")
    let completion = try #require(
      LabelCompletion(words: ["--directory", folder, "--store", folder + "/none"]))
    #expect(completion.candidates(for: "//b") == ["//base/...", "//base/core", "//base/core:x86_64"])
  }
}
