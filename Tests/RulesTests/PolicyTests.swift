import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

@Suite("what the policy of graph.yml says of images and bases")
struct PolicyTests {
  static func problems(_ policy: String, _ images: (String, String)...) async throws -> [String] {
    var workspace = TextWorkspace()
    workspace.addBase()
    workspace.files["graph.yml", default: ""] +=
      "registries: {r.example.org: {own: false}}\npolicy: \(policy)\n"
    workspace.registry["r.example.org/os/a:1"] = RemoteImage(
      manifest: String(repeating: "a", count: 64), layerCount: 1,
      configuration:
        #"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#)
    for (name, dockerfile) in images { workspace.add(image: name, dockerfile) }
    return try await workspace.compile().problems
  }

  @Test("every image ends in an allowed ancestor")
  func ancestry() async throws {
    let images = [
      ("a", "FROM base/minimal\n"), ("b", "FROM app/a\n"), ("c", "FROM scratch\n"), ("d", "FROM app/c\n"),
      ("e", "FROM r.example.org/os/a:1\n"),
    ]
    func run(_ list: String) async throws -> [String] {
      try await Self.problems(
        "{base-ancestry: \(list)}", images[0], images[1], images[2], images[3], images[4]
      ).map { String($0.prefix { $0 != " " }) }
    }
    #expect(try await run("[//base/..., scratch, 'r.example.org/os/*']") == [])
    #expect(try await run("[//base/minimal]") == ["c/Dockerfile:1:6:", "e/Dockerfile:1:6:"])
    // An entry of the index may be the root that everything else stands on.
    #expect(try await run("[//base/..., //app/c, r.example.org/os/a:1]") == [])
    #expect(try await run("[]") == ["a/Dockerfile:1:6:", "c/Dockerfile:1:6:", "e/Dockerfile:1:6:"])
    #expect(
      try await Self.problems("{base-ancestry: [//base/other]}", images[0]) == [
        "a/Dockerfile:1:6: error: //app/a@latest stands on 'base/minimal', which 'policy' of graph.yml does not allow"
          + " | use an allowed base, or add this one to 'base-ancestry'"
      ])
  }

  @Test("files of the network are added from allowed places")
  func added() async throws {
    let digest = String(repeating: "a", count: 64)
    let image = (
      "a", "FROM base/minimal\nADD --checksum=sha256:\(digest) https://me@files.example.org/pool/x.tar /x\n"
    )
    for list in ["[files.example.org, //repo/...]", "[//repo/...]", "['https://me@files.example.org/pool']"] {
      #expect(try await Self.problems("{repositories: \(list)}", image) == [], "\(list)")
    }
    #expect(
      try await Self.problems("{repositories: [//repo/..., 'https://me@files.example.org/poo/']}", image) == [
        "a/Dockerfile:2:88: error: 'https://files.example.org/pool/x.tar' is not allowed by 'policy' of graph.yml"
          + " | name another source, or add it to 'repositories'"
      ])
  }

  @Test("bases are installed from allowed repositories")
  func repositories() async throws {
    #expect(try await Self.problems("{repositories: [//repo/...]}") == [])
    #expect(try await Self.problems("{repositories: [mirror.example.org]}") == [])
    for list in ["[//repo/other]", "[]"] {
      #expect(
        try await Self.problems("{repositories: \(list)}") == [
          "graph.d/base.yml:6:20: error: '//repo/os' is not allowed by 'policy' of graph.yml"
            + " | use an allowed repository, or add this one to 'repositories'"
        ])
    }
  }

  @Test("declared cycles are errors with their lines; what stands on one is not told again")
  func cycles() async throws {
    var workspace = TextWorkspace()
    workspace.addBase()
    for name in ["a", "b", "c"] { workspace.add(image: name, "FROM base/minimal\n") }
    workspace.add(image: "d", "FROM app/a\n")
    var parents = ["app/b:latest", "app/c:latest", "app/a:latest", "app/a:latest"][...]
    let text = (workspace.files["index.d/app.yml"] ?? "").split(
      separator: "\n", omittingEmptySubsequences: false)
    workspace.files["index.d/app.yml"] = text.map { line in
      line.hasSuffix("depends-on: null") ? line.dropLast(4) + (parents.popFirst() ?? "") : String(line)
    }.joined(separator: "\n")
    let (compiled, problems) = try await workspace.compile()
    let errors = problems.filter { $0.contains(": error: ") }
    #expect(errors.count == 1, "\(problems)")
    #expect(
      errors.first?.contains(
        "these targets need each other: //app/a@latest -> //app/b@latest -> //app/c@latest -> //app/a@latest"
          + " | remove one of: index.d/app.yml:11:15 names //app/b@latest; index.d/app.yml:21:15 names //app/c@latest;"
      ) == true, "\(errors)")
    #expect(compiled.graph.targets[try Label("//app/d@latest:x86_64")] == nil)
  }

  @Test("a chain of thousands of targets is compiled or refused, and never ends the process")
  func chains() async throws {
    var workspace = TextWorkspace()
    var text = "Projects:\n"
    for number in (0..<2000).reversed() {
      text += """
          - {id: \(number + 1), app-id: app, job-id: n\(number), git-url: "https://down.example.org/x", git-path: /,
             target-file: Dockerfile, desired-tag: latest, notify-email: a@b, depends-on: "app/n\(number + 1):latest"}

        """
    }
    workspace.files["index.d/app.yml"] = text
    let (compiled, problems) = try await workspace.compile()
    #expect(
      problems.allSatisfy { $0.contains("no repository") || $0.contains("n2000") }, "\(problems.prefix(3))")
    _ = compiled
    var commands = "commands:\n"
    for number in 0..<2000 {
      let input = number == 1999 ? "" : "inputs: {i: {label: //c/n\(number + 1)}}, "
      commands += "  - {name: //c/n\(number), root: host, \(input)command: [cp], outputs: {o: file}}\n"
    }
    workspace.files = ["graph.yml": "name: d\narches: [x86_64]\n", "graph.d/c.yml": commands]
    let (_, limits) = try await workspace.compile()
    #expect(limits.contains { $0.contains("is the end of a chain of more than") }, "\(limits.prefix(3))")
  }
}
