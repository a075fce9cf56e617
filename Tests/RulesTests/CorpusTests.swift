import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

/// The published index beside a `graph.yml` of two lines, without a network. The numbers were taken with another program.
@Suite("the real container index as a graph")
struct CorpusTests {
  private struct NoNetwork: GitRepositories, ImageRegistries, HostPrograms, FileDigests {
    func fetch(_ url: String) throws { throw GraphError(.environment, "cannot fetch '\(url)'") }
    func resolve(_ url: String, branch: String) throws -> GitCommit {
      throw GraphError(.bug, "nothing was fetched")
    }
    func has(_ url: String, commit: String) -> Bool { false }
    func files(_ url: String, commit: String, folder: String) throws -> [GitFile] { [] }
    func blob(_ url: String, object: String) throws -> [UInt8] { [] }
    func mirror(_ url: String) -> String { url }
    func resolve(_ reference: String, architecture: Architecture, insecure: Bool) async throws -> RemoteImage
    {
      throw GraphError(.environment, "no network")
    }
    func pull(_ reference: String, manifest: String, insecure: Bool, into folder: String) async throws {
      throw GraphError(.environment, "no network")
    }
    func output(of program: String, arguments: [String], environment: [String: String]) async throws -> String
    { "" }
    func find(_ program: String) -> String? { "/bin/\(program)" }
    func digest(ofFileAt path: String) throws -> Digest { Digest(of: []) }
  }

  /// `nil` where there is no corpus.
  private static func resolved() async throws -> (ResolvedWorkspace, Diagnostics)? {
    let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let disk = FileSystem.disk
    guard let root = disk.resolved("/\(package)/../shared/corpus/container-index") else {
      print("skipped: no corpus")
      return nil
    }
    let graph = root + "/graph.yml"
    let files = FileSystem(
      kind: { $0 == graph ? .file : disk.kind($0) }, resolved: { $0 == graph ? graph : disk.resolved($0) },
      names: disk.names,
      contents: { $0 == graph ? Array("name: index\narches: [x86_64, aarch64]\n".utf8) : disk.contents($0) })
    let (loaded, faults) = WorkspaceLoader(files: files).load(root: root)
    let none = NoNetwork()
    let (resolved, more) = try await Resolver(
      ports: .init(git: none, registries: none, programs: none, digests: none), ruleTools: []
    ).resolve(
      try #require(loaded),
      policy: .init(snapshot: nil, isOffline: false, isListing: false, today: "2026-01-02"))
    var all = faults
    all.add(contentsOf: more)
    return (resolved, all)
  }

  @Test("its edges, depths and dependants are those of domain.md, 8.1")
  func edges() async throws {
    guard let (resolved, _) = try await Self.resolved() else { return }
    let graph = resolved.entryGraph
    #expect(graph.labels.count == 205)
    #expect(Set(resolved.workspace.images.map(\.location.file)).count == 33)
    #expect(graph.edges.count == 186)
    #expect(graph.edges.filter(\.isSelf).map(\.child.description) == ["//centos/centos@7"])
    let dangling = graph.edges.compactMap { edge in
      if case .missing(let name) = edge.parent { "\(edge.child) -> \(name)" } else { nil as String? }
    }
    #expect(
      dangling == [
        "//mattermost/penfold@latest -> sclo/nodejs-6-centos7:latest",
        "//navidshaikh/ccp-openshift-slave@new-scanners -> openshift/jenkins-slave-base-centos7:latest",
        "//openshift/playbook2image@latest -> openshift/base-centos7:latest",
        "//pipeline-images/ccp-openshift-slave@latest -> openshift/jenkins-slave-base-centos7:latest",
      ])
    let depths = Dictionary(grouping: graph.depths.values) { $0 }.mapValues(\.count)
    #expect(depths == [0: 24, 1: 143, 2: 26, 3: 11, 4: 1])
    for (tag, all, direct) in [("7", 116, 98), ("latest", 64, 44)] {
      let label = try Label("//centos/centos@\(tag)")
      #expect(graph.dependants(of: label).count == all)
      #expect(graph.edges.count { $0.parent == .target(label) && !$0.isSelf } == direct)
    }
    #expect(graph.shortestCycles.isEmpty)
  }

  @Test("it compiles: every entry has its place for each architecture, and nothing is an error")
  func compiles() async throws {
    guard let (resolved, faults) = try await Self.resolved() else { return }
    let (compiled, more) = try GraphCompiler.compile(resolved, buildNumber: nil)
    var all = faults
    all.add(contentsOf: more)
    #expect(!all.hasErrors, "\(texts(all).filter { $0.contains(": error: ") })")
    #expect(compiled.graph.targets.count == 205 * 3)
    #expect(resolved.unresolved.count == 205)
    let codes = Dictionary(grouping: all.all, by: \.rule).mapValues(\.count)
    // A repository that is named in two ways ('.git', upper case, 'http:') is fetched in each.
    #expect(
      codes["self-edge"] == 1 && codes["dangling-edge"] == 4 && codes["index"] == 1,
      "\(codes) \(texts(all).filter { !$0.contains("cannot fetch") })")
    #expect(codes["source"] == Set(resolved.workspace.images.map(\.gitURL.value)).count)
  }
}
