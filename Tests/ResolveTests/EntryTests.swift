import GraphCore
import Manifests
import Testing

@testable import Resolve

@Suite("the files of an entry")
struct EntryTests {
  static let graph = "name: demo\narches: [x86_64, aarch64]\n"

  static func world(_ entries: String, _ files: [String: String]) throws -> World {
    var all = ["graph.yml": graph, "index.d/app.yml": "Projects:\n" + entries]
    all.merge(files) { $1 }
    return try World(all)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let more: String
    let files: [String: String]
    let problems: [String]
    init(_ name: String, more: String = "", _ files: [String: String], _ problems: [String]) {
      (testDescription, self.more, self.files, self.problems) = (name, more, files, problems)
    }
  }

  static let cases = [
    Case("all there", ["a/Dockerfile": "FROM scratch\n", "a/cccp.yml": "job-id: a\n"], []),
    Case(
      "no folder", ["b": ""],
      [
        "index.d/app.yml:6:15: error: git-path: there is no folder 'a' in the workspace"
          + " | it is the folder of the Dockerfile, relative to the root of the repository"
      ]),
    Case(
      "neither Dockerfile nor cccp.yml: both are told", ["a/x": ""],
      [
        "index.d/app.yml:6:15: error: there is no cccp.yml beside 'Dockerfile' | write one that holds 'job-id: a'",
        "index.d/app.yml:8:18: error: there is no 'a/Dockerfile' in the workspace"
          + " | git-path is the folder, target-file the Dockerfile in it",
      ]),
    Case(
      "the names of cccp.yml, in their order",
      [
        "a/Dockerfile": "FROM scratch\n", "a/.cccp.yml": "job-id: a\n", "a/cccp.yaml": "job-id: wrong\n",
        "a/.cccp.yaml": "job-id: wrong\n",
      ], []),
    Case("the last name", ["a/Dockerfile": "FROM scratch\n", "a/.cccp.yaml": "job-id: a\n"], []),
    Case(
      "scripts that are not there, and one that leaves",
      [
        "a/Dockerfile": "FROM scratch\n", "a/sub/t.sh": "",
        "a/cccp.yml": "job-id: a\ntest-script: sub/t.sh\nbuild-script: b.sh\ndelivery-script: ../../d.sh\n"
          + "custom-delivery: c.sh\nnulecule-file: nulecule\n",
      ],
      [
        "a/cccp.yml:3:15: error: build-script: there is no file 'a/b.sh' in the workspace"
          + " | it is relative to the folder of the Dockerfile",
        "a/cccp.yml:4:18: error: delivery-script '../../d.sh' leaves the repository"
          + " | name a file beside it, or below its folder",
        "a/cccp.yml:5:18: error: custom-delivery: there is no file 'a/c.sh' in the workspace"
          + " | it is relative to the folder of the Dockerfile",
        "a/cccp.yml:6:16: error: nulecule-file: there is no file 'a/nulecule' in the workspace"
          + " | it is relative to the folder of the Dockerfile",
      ]),
    Case(
      "another job-id", ["a/Dockerfile": "FROM scratch\n", "a/cccp.yml": "job-id: b\n"],
      ["a/cccp.yml:1:9: error: job-id 'b' is not the index entry's 'a' | the entry is at index.d/app.yml:2:5"]
    ),
    Case(
      "another job-id behind a prebuild script, which nobody compared",
      more: "prebuild-script: p.sh\n    prebuild-context: /s/",
      ["a/Dockerfile": "FROM scratch\n", "a/cccp.yml": "job-id: b\n", "s/p.sh": ""],
      [
        "a/cccp.yml:1:9: warning: job-id 'b' is not the index entry's 'a' | the entry is at index.d/app.yml:2:5",
        "index.d/app.yml:12:22: warning: prebuild-script 'p.sh' is not run: the image is built from the repository"
          + " as it is | commit what the script makes, or build it with a target of graph.d",
      ]),
    Case(
      "a prebuild script that makes the Dockerfile: the entry keeps its place",
      more: "prebuild-script: p.sh\n    prebuild-context: /", ["a/x": "", "p.sh": ""],
      [
        "index.d/app.yml:6:15: warning: there is no cccp.yml beside 'Dockerfile'"
          + " | write one that holds 'job-id: a'",
        "index.d/app.yml:8:18: warning: 'a/Dockerfile' is not in the workspace, and prebuild-script 'p.sh' is not run,"
          + " so this entry is not compiled | commit what the script makes, or build it with a target of graph.d",
        "index.d/app.yml:12:22: warning: prebuild-script 'p.sh' is not run: the image is built from the repository"
          + " as it is | commit what the script makes, or build it with a target of graph.d",
      ]),
    Case(
      "prebuild paths that are not there", more: "prebuild-script: p.sh\n    prebuild-context: s",
      ["a/Dockerfile": "FROM scratch\n", "a/cccp.yml": "job-id: a\n"],
      [
        "index.d/app.yml:12:22: error: prebuild-script: there is no file 's/p.sh' in the workspace"
          + " | it is a file, relative to prebuild-context",
        "index.d/app.yml:13:23: error: prebuild-context: there is no folder 's' in the workspace"
          + " | it is a folder, relative to the root of the repository",
      ]),
    Case(
      "a context that is not there", more: "build-context: ../c",
      ["a/Dockerfile": "FROM scratch\n", "a/cccp.yml": "job-id: a\n"],
      [
        "index.d/app.yml:12:20: error: build-context: there is no folder 'c' in the workspace"
          + " | it is a folder, relative to git-path"
      ]),
    Case(
      "links out of the workspace",
      ["a/Dockerfile": "-> /etc/passwd", "a/cccp.yml": "-> ../../../../etc/hostname"],
      [
        "index.d/app.yml:6:15: error: 'ROOT/a/cccp.yml' is a symbolic link that leaves 'ROOT'"
          + " | copy what it points to into it",
        "index.d/app.yml:8:18: error: 'ROOT/a/Dockerfile' is a symbolic link that leaves 'ROOT'"
          + " | copy what it points to into it",
      ]),
    Case(
      "a git-path that is a link out of the workspace", ["a": "-> /usr"],
      [
        "index.d/app.yml:6:15: error: 'ROOT/a' is a symbolic link that leaves 'ROOT' | copy what it points to into it"
      ]),
  ]

  @Test("are where the entry says, and inside the repository", arguments: cases)
  func files(item: Case) async throws {
    let world = try Self.world(entry("app", "a", more: item.more), item.files)
    let (resolved, problems) = try await world.resolve()
    #expect(problems.map { $0.replacing(world.path, with: "ROOT") } == item.problems)
    let errors = problems.contains { $0.contains(": error: ") }
    #expect(resolved.images.count + resolved.unresolved.count == 1 || errors)
  }

  @Test("names that the published index never compared are told, and stay")
  func exempt() async throws {
    let files = ["a/Dockerfile": "FROM scratch\n", "a/cccp.yml": "job-id: other\n", "graph.yml": Self.graph]
    let apps = ["library": "centos", "centos": "nginx-110-centos7", "pipeline-images": "x"]
    for (app, job) in apps {
      let world = try World(
        files.merging(["index.d/\(app).yml": "Projects:\n" + entry(app, job, path: "a")]) { $1 })
      let (resolved, problems) = try await world.resolve()
      #expect(problems.count == 1 && problems[0].contains("warning: job-id 'other'"))
      #expect(resolved.images.count == 1)
    }
  }

  @Test("container.yaml limits the architectures of its image")
  func platforms() async throws {
    let world = try Self.world(
      entry("app", "a"),
      [
        "a/Dockerfile": "FROM scratch\n", "a/cccp.yml": "job-id: a\n",
        "a/container.yaml": "platforms:\n  only: [x86_64, s390x]\n  not: s390x\n",
      ])
    let (resolved, problems) = try await world.resolve()
    #expect(problems == [])
    let limits = try #require(resolved.images.first?.platformLimits)
    #expect(Architecture.all.filter(limits.allows).map(\.name) == ["x86_64"])
    #expect(limits.only?.location.description == "a/container.yaml:2:9")
  }

  @Test("a commit is read like a folder: links are followed inside it, and never out of it")
  func links() async throws {
    let world = try Self.world("", [:])
    try world.run(
      """
      git init -q -b main origin && cd origin && mkdir -p real/ctx deep && printf 'FROM scratch\\n' > real/Dockerfile.os
      printf 'job-id: a\\n' > real/cccp.yml; : > real/ctx/file; ln -s Dockerfile.os real/Dockerfile; ln -s ../real deep/a
      ln -s /etc/passwd real/absolute; ln -s ../../etc/passwd real/up; ln -s loop real/loop; ln -s ctx real/linked
      git add -A && git commit -q -m c
      """)
    func problems(path: String, file: String, more: String = "") async throws -> (ResolvedImage?, [String]) {
      try world.write(
        "Projects:\n" + entry("app", "a", url: "\(world.path)/origin", path: path, file: file, more: more),
        to: "index.d/app.yml")
      let (resolved, problems) = try await world.resolve()
      return (resolved.images.first, problems)
    }
    for path in ["real", "deep/a", "/deep/../deep/a/."] {
      let (image, faults) = try await problems(path: path, file: "Dockerfile", more: "build-context: linked")
      #expect(faults == [])
      let found = try #require(image)
      #expect(found.dockerfile.instructions.count == 1)
      #expect(found.revision?.branch == "main")
      #expect(try found.source.list(found.contextFolder)?.map(\.path) == ["file"])
    }
    for file in ["absolute", "up", "loop"] {
      let (image, faults) = try await problems(path: "real", file: file)
      #expect(image == nil)
      #expect(
        faults.count == 1 && faults[0].contains("index.d/app.yml:8:18: error: 'real/\(file)' of "),
        "\(faults)")
      #expect(faults.first?.contains("is a symbolic link that leaves the repository") == true)
    }
    #expect(
      try await problems(path: "real", file: "none").1.first?.contains("there is no 'real/none' in") == true)
  }
}
