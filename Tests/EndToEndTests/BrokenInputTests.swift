import FoundationEssentials
import Testing

/// A change that breaks the example, and the beginnings of the messages that must come, all in one run.
struct Breakage: Sendable, CustomTestStringConvertible {
  let name: String
  let change: @Sendable (World) throws -> Void
  let messages: [String]

  init(_ name: String, _ messages: String..., change: @escaping @Sendable (World) throws -> Void) {
    (self.name, self.messages, self.change) = (name, messages, change)
  }

  var testDescription: String { name }
}

let breakages: [Breakage] = [
  Breakage("bad YAML", "graph.d/system.yml:") { try $0.edit("graph.d/system.yml", "bases:", "bases: [") },
  Breakage("a tab in YAML", "index.d/app.yml:") { try $0.edit("index.d/app.yml", "  - id: 2", "\t- id: 2") },
  Breakage("an unknown key", "graph.yml:4:1: error: unknown key 'archs'") {
    try $0.edit("graph.yml", "arches:", "archs: []\narches:")
  },
  Breakage("an unknown architecture", "graph.yml:4:10: error: 'arm65' is no architecture") {
    try $0.edit("graph.yml", "[x86_64,", "[arm65,")
  },
  Breakage("FROM names no image", "images/httpd/Dockerfile:1:6: error: ") {
    try $0.edit("images/httpd/Dockerfile", "/core:7", "/coer:7")
  },
  Breakage("FROM a registry that is not declared", "images/httpd/Dockerfile:1:6: error: ") {
    try $0.edit("images/httpd/Dockerfile", "registry.example.org", "quay.example.net")
  },
  Breakage("COPY of a file that is not there", "images/httpd/Dockerfile:6:") {
    try $0.edit("images/httpd/Dockerfile", "COPY index.html", "COPY indx.html")
  },
  Breakage("COPY from above the context", "images/httpd/Dockerfile:6:") {
    try $0.edit("images/httpd/Dockerfile", "COPY index.html", "COPY ../../../../etc/passwd")
  },
  Breakage(
    "a flag that is refused", "images/httpd/Dockerfile:5:5: error: RUN --security=insecure is not allowed"
  ) {
    try $0.edit("images/httpd/Dockerfile", "EXPOSE 8080", "RUN --security=insecure true")
  },
  Breakage("a misspelt instruction", "images/httpd/Dockerfile:5:1: error: 'EXPSE' is no instruction") {
    try $0.edit("images/httpd/Dockerfile", "EXPOSE", "EXPSE")
  },
  Breakage("an index entry without its Dockerfile", "index.d/app.yml:") {
    try $0.edit("index.d/app.yml", "images/downloads", "images/download")
  },
  Breakage("a job-id that cccp.yml contradicts", "images/docs/cccp.yml:1:9: error: ") {
    try $0.edit("images/docs/cccp.yml", "job-id: docs", "job-id: dcos")
  },
  Breakage("two entries of one name", "index.d/app.yml:") {
    try $0.edit("index.d/app.yml", "job-id: downloads", "job-id: docs")
  },
  Breakage("a command without its input file", "graph.d/packages.yml:") {
    try $0.edit("graph.d/packages.yml", "convert: tools/deb-to-rpm", "convert: tools/deb-to-rmp")
  },
  Breakage("a tool that the host lacks", "graph.d/packages.yml:") {
    try $0.edit("graph.d/packages.yml", "tools: [awk,", "tools: [awkk,")
  },
  Breakage("a placeholder without meaning", "graph.d/packages.yml:") {
    try $0.edit("graph.d/packages.yml", "\"{inputs.table}\"", "\"{inputs.tabel}\"")
  },
  Breakage("a repository that no target is", "graph.d/system.yml:") {
    try $0.edit("graph.d/system.yml", "repositories: [//repo/os]", "repositories: [//repo/so]")
  },
  Breakage("a missing package list", "graph.d/system.yml:") {
    try $0.edit("graph.d/system.yml", "    packages: [", "    package: [")
  },
  Breakage("a cycle", "images/core/Dockerfile:1:6: error: ") {
    try $0.edit("images/core/Dockerfile", "base/core:7", "app/httpd:2.4")
  },
  Breakage(
    "several at once", "graph.d/system.yml:", "images/docs/Dockerfile:2:1: error: 'LABLE' is no instruction",
    "images/httpd/Dockerfile:1:6: error: "
  ) {
    try $0.edit("graph.d/system.yml", "    packages: [", "    package: [")
    try $0.edit("images/docs/Dockerfile", "LABEL", "LABLE")
    try $0.edit("images/httpd/Dockerfile", "/core:7", "/coer:7")
  },
]

extension EndToEnd {
  @Suite("broken inputs")
  struct BrokenInputs {
    @Test("I9: each is exit code 1 and says where, with the line and a caret, all at once")
    func broken() async throws {
      // A warm store keeps the network out; no command here may change it.
      let world = try await World.warm()
      for breakage in breakages {
        try breakage.change(world)
        for command in ["check", "build"] {
          let ended = try await world.graph(command).run()
          #expect(ended.status == 1, "\(breakage.name): \(ended.transcript)")
          let lines = ended.errors.split(separator: "\n")
          for message in breakage.messages {
            #expect(
              lines.contains { $0.hasPrefix(message) && $0.contains(": error: ") },
              "\(breakage.name): '\(message)' in \(ended.transcript)")
          }
          let located = lines.filter { $0.firstMatch(of: #/^[^ ]+:\d+:\d+: error: /#) != nil }
          let carets = lines.filter { $0.firstMatch(of: #/^ *\| +\^/#) != nil }
          #expect(!located.isEmpty, "\(breakage.name): \(ended.transcript)")
          #expect(carets.count >= located.count, "\(breakage.name): \(ended.transcript)")
        }
        try await world.restore()
      }
      try await world.graph("plan", "--exit-code").check()
    }

    @Test("what only solving finds is exit code 1, names the package, and says where it was asked for")
    func missingPackage() async throws {
      let world = try await World.warm()
      try world.edit("images/httpd/Dockerfile", "install -y httpd", "install -y htpd")
      let ended = try await world.graph("build", "//app/httpd:x86_64").run()
      #expect(ended.status == 1, "\(ended.transcript)")
      #expect(ended.errors.contains("htpd"), "\(ended.transcript)")
      #expect(ended.errors.contains("images/httpd/Dockerfile:3"), "\(ended.transcript)")
    }

    @Test("the nearest name is offered for an image that is not there")
    func nearest() async throws {
      let world = try await World.warm()
      try world.edit("images/docs/Dockerfile", "app/httpd:2.4", "app/htpd:2.4")
      let ended = try await world.graph("check").run()
      #expect(ended.errors.contains("did you mean 'app/httpd:2.4'?"), "\(ended.transcript)")
    }
  }
}
