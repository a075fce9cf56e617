import GraphCore
import Testing

@testable import Manifests

@Suite("container.yaml, cccp.yml and host patterns")
struct ContainerTests {
  static func read(_ text: String) -> (PlatformLimits?, [String]) {
    let (limits, diagnostics) = ContainerReader.read(Array(text.utf8), file: "c")
    return (limits, texts(diagnostics))
  }

  @Test("platforms, as text and as list")
  func platforms() throws {
    let (both, faults) = Self.read("platforms:\n  only: x86_64\n  not: [s390x, ppc64le]\n")
    #expect(faults == [])
    #expect(both?.only?.items.map(\.value.name) == ["x86_64"])
    #expect(both?.not?.items.map(\.value.name) == ["s390x", "ppc64le"])
    let not = try #require(Self.read("platforms: {not: aarch64}\n").0)
    #expect(not.only == nil)
    #expect(Architecture.all.filter { !not.allows($0) }.map(\.name) == ["aarch64"])
    for nothing in ["", "# nothing\n", "null\n", "platforms:\n", "platforms: {}\n", "platforms: {only: }\n"] {
      let (limits, faults) = Self.read(nothing)
      #expect(faults == [])
      #expect(limits == nil || Architecture.all.allSatisfy { limits?.allows($0) == true }, "\(nothing)")
    }
    let (none, _) = Self.read("platforms: {only: []}\n")
    #expect(none.map { limits in !Architecture.all.contains { limits.allows($0) } } == true)
  }

  @Test("every documented key is taken")
  func keys() {
    let commit = String(repeating: "a1", count: 20)
    let common = """
      platforms: {only: [x86_64]}
      autorebuild: {from_latest: true, add_timestamp_to_release: false, ignore_isolated_builds: true}
      buildtime_limit: 3600
      compose:
        packages: [httpd]
        pulp_repos: true
        modules: ['a:1']
        signing_intent: release
        inherit: true
        ignore_absent_pulp_repos: false
        include_unpublished_pulp_repos: false
        multilib_method: [devel, runtime]
        multilib_arches: [x86_64]
        modular_koji_tags: true
        module_resolve_tags: [f30]
        build_only_content_sets: {x86_64: [a-rpms]}
      flatpak: {id: org.example.App, branch: {a: [b]}}
      operator_manifests:
        manifests_dir: manifests
        enable_digest_pinning: true
        enable_repo_replacements: true
        enable_registry_replacements: true
        repo_replacements: [{registry: r.example.org, package_mappings: {a: b}}]
        skip_all: false
      image_build_method: buildah_bud
      tags: [latest, 1.0]
      set_release_env: RELEASE
      version: 1
      remote_sources_version: 2

      """
    let sources = [
      "go: {modules: [{module: example.org/a, archive: a.tar.gz, path: a}]}\n",
      "remote_source: {repo: 'https://h/a', ref: \(commit), pkg_managers: [gomod], flags: [x], packages: {npm: [{path: a}]}}\n",
      "remote_sources: [{name: a_b-1, remote_source: {repo: 'https://h/a', ref: \(commit)}}]\n",
    ]
    for source in sources { #expect(Self.read(common + source).1 == []) }
  }

  @Test(
    "wrong keys and types are told",
    arguments: [
      (
        "platfroms: {}\n",
        "c:1:1: error: unknown key 'platfroms' in a container file | did you mean 'platforms'?"
      ),
      (
        "platforms: {olny: x86_64}\n",
        "c:1:13: error: unknown key 'olny' in 'platforms' | did you mean 'only'?"
      ),
      ("platforms: {only: amd64}\n", "c:1:19: error: 'amd64' is no architecture | write 'x86_64'"),
      ("platforms: [x86_64]\n", "c:1:12: error: 'platforms' must be a mapping"),
      ("platforms: {only: [[x]]}\n", "c:1:20: error: an item of 'only' must be text, not a list"),
      ("- a\n", "c:1:1: error: a container file must be a mapping"),
      (
        "autorebuild: {from_latest: maybe}\n",
        "c:1:28: error: 'from_latest' must be true or false, not 'maybe'"
      ),
      (
        "buildtime_limit: soon\n",
        "c:1:18: error: 'buildtime_limit' must be a whole number from 1, not 'soon'"
      ),
      ("remote_sources_version: 3\n", "must be a whole number from 1 to 2, not '3'"),
      (
        "compose: {multilib_method: [devl]}\n",
        "c:1:29: error: 'devl' is no value of an item of 'multilib_method'"
      ),
      ("compose: {packages: httpd}\n", "c:1:21: error: 'packages' must be a list, not the text 'httpd'"),
      ("operator_manifests: {skip_all: true}\n", "'operator_manifests' has no 'manifests_dir'"),
      ("operator_manifests: {manifests_dir: /x}\n", "'manifests_dir' must be a relative path, not '/x'"),
      ("image_build_method: docker\n", "'docker' is no value of 'image_build_method'"),
      ("tags: latest\n", "c:1:7: error: 'tags' must be a list, not the text 'latest'"),
      (
        "remote_source: {repo: x, ref: master}\n",
        "'ref' must be a commit of 40 hexadecimal digits, not 'master'"
      ),
      (
        "go: {}\nremote_sources: []\n",
        "c:2:17: error: 'remote_sources' cannot stand beside 'go' | keep one of them"
      ),
      (
        "remote_sources: [{name: 'a b', remote_source: {repo: x}}]\n",
        "must be letters, digits, '-' and '_', not 'a b'"
      ),
      ("flatpak: yes\n", "'flatpak' must be a mapping, not the text 'yes'"),
    ])
  func wrong(text: String, message: String) {
    #expect(Self.read(text).1.contains { $0.contains(message) }, "\(Self.read(text).1)")
  }

  @Test("cccp.yml with every documented key")
  func pipeline() throws {
    let text = """
      job-id: a
      test-skip: no
      test-script: t.sh
      build-script: b.sh
      delivery-script: d.sh
      docker-index: False
      custom-delivery: deliver.sh
      local-delivery: off
      Upstreams:
        - {ref: master, url: https://git.example.org/u.git}
      nulecule-file: nulecule

      """
    let (read, diagnostics) = CCCPReader.read(Array(text.utf8), file: "cccp.yml")
    #expect(texts(diagnostics) == [])
    let file = try #require(read)
    #expect(!file.testSkip && !file.goesToDockerIndex && !file.isDeliveredLocally)
    #expect(
      file.upstreams.map { "\($0.reference.value) \($0.url.value)" } == [
        "master https://git.example.org/u.git"
      ])
    #expect(
      file.namedFiles.map { "\($0.key) \($0.path.value)" } == [
        "test-script t.sh", "build-script b.sh", "delivery-script d.sh", "nulecule-file nulecule",
        "custom-delivery deliver.sh",
      ])
    let least = try #require(CCCPReader.read(Array("job-id: a\n".utf8), file: "c").0)
    #expect(
      least.testSkip && least.goesToDockerIndex && least.isDeliveredLocally && least.customDelivery == .no)
    #expect(least.upstreams == [] && least.namedFiles.isEmpty)
  }

  @Test(
    "host patterns",
    arguments: [
      ("example.org", "EXAMPLE.org", true), ("example.org", "a.example.org", false),
      ("*.example.org", "a.b.example.org", true), ("*.example.org", "example.org", false),
      ("*.example.org", "xexample.org", false), ("*", "anything", true),
      ("example.org", "example.org:5000", true),
      ("example.org:5000", "example.org", false), ("example.org:5000", "example.org:5000", true),
      ("*.example.org:1", "a.example.org:2", false), ("[::1]", "[::1]:80", true),
      ("[::1]:81", "[::1]:80", false),
    ])
  func hosts(pattern: String, host: String, isMeant: Bool) {
    #expect(HostPattern(pattern)?.matches(host) == isMeant)
  }

  @Test("no host pattern", arguments: ["", "*.", "a*.org", "https://a", "a/b", "*.*", "**", "a b"])
  func noHost(text: String) { #expect(HostPattern(text) == nil) }

  @Test(
    "images that an ancestor means",
    arguments: [
      ("r.example.org/os/*", "r.example.org/os/base:1", true),
      ("r.example.org/os/*", "r.example.org/os/a/b", true),
      ("r.example.org/os/*", "r.example.org/other:1", false),
      ("r.example.org/os:7", "r.example.org/os:7", true),
      ("r.example.org/os:latest", "r.example.org/os", true),
      ("r.example.org/os", "r.example.org/os:latest", false),
      ("*os*:1", "r.example.org/cos-x:1", true),
      ("*a*a*a*a*b", "r/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
    ])
  func ancestors(pattern: String, reference: String, isMeant: Bool) throws {
    #expect(
      InputPolicy.Ancestor.reference(pattern).matches(reference: try ImageReference(reference)) == isMeant)
  }
}
