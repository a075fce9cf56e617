import GraphCore
import Manifests
import Testing

@testable import Resolve

@Suite("the policy of graph.yml")
struct PolicyTests {
  /// A workspace with one source, image and fetch from elsewhere, and what came of it.
  static func run(_ policy: String, git: String = "https://git.example.org/x.git") async throws -> (
    asked: [String], problems: [String]
  ) {
    let graph = "name: d\narches: [x86_64]\nregistries: {registry.example.org: {own: false}}\n"
    let world = try World([
      "graph.yml": graph + policy,
      "index.d/app.yml": "Projects:\n" + entry("app", "a", url: git) + entry("app", "b", id: 2),
      "b/Dockerfile": "FROM registry.example.org/os:1\n", "b/cccp.yml": "job-id: b\n",
      "graph.d/c.yml": """
      commands:
        - {name: //rpm/c, root: host, command: [a, '{fetch}', '{outputs.o}'], outputs: {o: file},
           fetch: {resolve: [r.py, 'https://user@Mirror.example.org/pool/c.rpm']}}
      """, "r.py": "",
    ])
    let (_, problems) = try await world.resolve()
    return (world.asked.all, problems.filter { $0.contains(": error: ") })
  }

  static let everything = [
    "git https://git.example.org/x.git", "image registry.example.org/os:1", "resolver",
  ]

  @Test(
    "what it allows is asked for, and nothing else",
    arguments: [
      ("", everything), ("policy: {}\n", everything),
      ("policy: {git-hosts: [git.example.org]}\n", everything),
      ("policy: {git-hosts: '*.EXAMPLE.org', registries: REGISTRY.example.org}\n", everything),
      ("policy: {git-hosts: ['*']}\n", everything),
      ("policy: {git-hosts: []}\n", Array(everything[1...])),
      ("policy: {git-hosts: [example.org]}\n", Array(everything[1...])),
      ("policy: {git-hosts: ['*.git.example.org']}\n", Array(everything[1...])),
      ("policy: {git-hosts: [xgit.example.org, git.example.org.evil.net]}\n", Array(everything[1...])),
      ("policy: {registries: []}\n", [everything[0], "resolver"]),
      (
        "policy: {registries: ['*.registry.example.org', 'registry.example.org:5000']}\n",
        [everything[0], "resolver"]
      ),
      ("policy: {repositories: [mirror.example.org]}\n", everything),
      ("policy: {repositories: ['https://user@Mirror.example.org/pool']}\n", everything),
      ("policy: {repositories: [//repo/os]}\n", everything),
    ])
  func allowed(policy: String, asked: [String]) async throws {
    let result = try await Self.run(policy)
    #expect(result.asked == asked, "\(result.problems)")
    #expect(result.problems.isEmpty == (asked == Self.everything), "\(result.problems)")
  }

  @Test("what it refuses is told where it is named, before anything is fetched")
  func messages() async throws {
    let (asked, problems) = try await Self.run(
      "policy:\n  git-hosts: []\n  registries: [docker.io]\n  repositories: ['https://mirror.example.org/other/']\n"
    )
    // The resolver has to run before there is an address to look at.
    #expect(asked == ["resolver"])
    #expect(
      problems == [
        "b/Dockerfile:1:6: error: registry 'registry.example.org' is not allowed by 'policy' of graph.yml"
          + " | name another source, or add it to 'registries', which allows docker.io",
        "graph.d/c.yml:3:24: error: 'https://Mirror.example.org/pool/c.rpm' is not allowed by 'policy' of graph.yml"
          + " | name another source, or add it to 'repositories'",
        "index.d/app.yml:5:14: error: git host 'git.example.org' is not allowed by 'policy' of graph.yml"
          + " | name another source, or add it to 'git-hosts', which allows none",
      ])
  }

  @Test("hosts of every form of address; what is on this machine is always allowed")
  func forms() async throws {
    let policy = "policy: {git-hosts: [git.example.org]}\n"
    for url in [
      "ssh://me@evil.example.net:22/x", "me@evil.example.net:x", "git://evil.example.net/x",
      "https://git.example.org@evil.example.net/x", "https://evil.example.net/git.example.org",
      "https://evil.example.net?git.example.org/x", "https://evil.example.net#@git.example.org/x",
    ] {
      let (asked, problems) = try await Self.run(policy, git: url)
      #expect(!asked.contains { $0.hasPrefix("git ") }, "\(url)")
      #expect(
        problems.first?.contains("git host 'evil.example.net' is not allowed") == true, "\(url) \(problems)")
    }
    for url in ["git@git.example.org:x", "ssh://git@GIT.example.org:2222/x"] {
      #expect(try await Self.run(policy, git: url).problems == [])
    }
    // Not a repository, which is found by looking: it was not refused.
    for url in ["/nonexistent/x", "file:///nonexistent/x"] {
      let (asked, problems) = try await Self.run("policy: {git-hosts: []}\n", git: url)
      #expect(asked.contains("git \(url)"))
      #expect(problems.count == 1 && !problems[0].contains("policy"), "\(problems)")
    }
  }

  @Test("a policy that cannot be read lets nothing be asked for, and is told")
  func broken() async throws {
    for policy in [
      "policy: [git.example.org]\n", "policy: {git-host: []}\n", "policy: {registries: ['https://x/']}\n",
    ] {
      let (asked, problems) = try await Self.run(policy)
      #expect(asked == [], "\(policy)")
      #expect(problems.count == 1 && problems[0].hasPrefix("graph.yml:4:"), "\(policy): \(problems)")
    }
  }

  @Test("a snapshot that was made before the policy does not pass it")
  func pinned() async throws {
    var snapshot = Snapshot(date: "2026-01-01")
    snapshot.images = [
      .init(
        reference: "registry.example.org/os:1", architecture: "x86_64",
        manifest: String(repeating: "a", count: 64),
        layerCount: 1, configuration: "{}")
    ]
    let world = try World([
      "graph.yml": "name: d\narches: [x86_64]\nregistries: {registry.example.org: {own: false}}\n"
        + "policy: {registries: []}\n",
      "index.d/app.yml": "Projects:\n" + entry("app", "b"),
      "b/Dockerfile": "FROM registry.example.org/os:1\n",
      "b/cccp.yml": "job-id: b\n",
    ])
    world.snapshot = snapshot
    let (_, problems) = try await world.resolve()
    #expect(problems.count == 1 && problems[0].contains("is not allowed by 'policy'"), "\(problems)")
  }
}
