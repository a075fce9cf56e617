import GraphCore
import Manifests
import Resolve
import Synchronization
import Testing

@testable import Rules

/// A workspace of texts by path, resolved and compiled with ports that know nothing but what the test gives.
struct TextWorkspace {
  var files: [String: String] = ["graph.yml": "name: demo\narches: [x86_64, aarch64]\n"]
  /// External images, by reference.
  var registry: [String: RemoteImage] = [:]
  var git: any GitRepositories = NoGit()

  /// An index entry `app/NAME` for each image, with its Dockerfile and other files in `NAME/`.
  ///
  /// - Parameter dependsOn: as YAML; what its FROM lines name where `nil`.
  mutating func add(
    image name: String, _ dockerfile: String, tag: String = "latest", dependsOn: String? = nil,
    files more: [String: String] = [:]
  ) {
    let bases = dockerfile.split(separator: "\n").compactMap { line -> String? in
      let words = line.split(separator: " ").map(String.init)
      guard words.count > 1, words[0] == "FROM", words[1].hasPrefix("app/"), words[1] != "app/\(name)" else {
        return nil
      }
      return words[1]
    }
    let edges = dependsOn ?? (bases.isEmpty ? "null" : "[\(bases.joined(separator: ", "))]")
    let path = "index.d/app.yml"
    files[path] =
      (files[path] ?? "Projects:\n") + """
        - id: \(files.count)
          app-id: app
          job-id: \(name)
          git-url: .
          git-path: \(name)
          git-branch: main
          target-file: Dockerfile
          desired-tag: \(tag)
          notify-email: a@example.org
          depends-on: \(edges)

        """
    files["\(name)/Dockerfile"] = dockerfile
    files["\(name)/cccp.yml"] = "job-id: \(name)\n"
    for (file, text) in more { files["\(name)/\(file)"] = text }
  }

  /// `//base/minimal`, from a repository without members.
  mutating func addBase() {
    files["graph.d/base.yml"] = """
      repositories:
        - name: //repo/os
          members: [//rpm/...]
      bases:
        - name: //base/minimal
          repositories: [//repo/os]
          packages: [bash]
      commands:
        - name: //rpm/bash
          root: host
          tools: [sh]
          command: [sh, -c, "touch {outputs.rpms}"]
          outputs: {rpms: folder}

      """
  }

  /// - Parameters:
  ///   - prepare: changes the folder before it is read.
  ///   - inspect: sees the graph while the folder is there.
  func compile(
    prepare: (String) throws -> Void = { _ in }, inspect: (CompiledWorkspace) throws -> Void = { _ in }
  ) async throws -> (compiled: CompiledWorkspace, problems: [String]) {
    let (compiled, _, problems) = try await resolveAndCompile(
      isListing: false, prepare: prepare, inspect: inspect)
    return (compiled, problems)
  }

  /// What queries run over.
  func query(isListing: Bool = false) async throws -> WorkspaceQuery {
    let (compiled, resolved, _) = try await resolveAndCompile(isListing: isListing)
    return WorkspaceQuery(compiled, resolved)
  }

  func resolveAndCompile(
    isListing: Bool, prepare: (String) throws -> Void = { _ in },
    inspect: (CompiledWorkspace) throws -> Void = { _ in }
  ) async throws -> (compiled: CompiledWorkspace, resolved: ResolvedWorkspace, problems: [String]) {
    let folder = try TestFolder(files)
    defer { folder.remove() }
    try prepare(folder.path)
    let (loaded, loadFaults) = WorkspaceLoader().load(root: folder.path)
    let workspace = try #require(loaded, "\(texts(loadFaults))")
    let ports = Resolver.Ports(
      git: git, registries: TextRegistry(images: registry), programs: NoPrograms(), digests: ReadDigests()
    )
    let (resolved, resolveFaults) = try await Resolver(ports: ports, ruleTools: RuleSet.hostTools).resolve(
      workspace,
      policy: .init(snapshot: nil, isOffline: false, isListing: isListing, today: "2026-01-02"))
    let (compiled, faults) = try GraphCompiler.compile(resolved, buildNumber: nil)
    try inspect(compiled)
    var all = loadFaults
    all.add(contentsOf: resolveFaults)
    all.add(contentsOf: faults)
    return (compiled, resolved, texts(all))
  }

  /// The graph, where nothing is wrong.
  func graph() async throws -> Graph {
    let (compiled, problems) = try await compile()
    try #require(problems.isEmpty, "\(problems)")
    return compiled.graph
  }
}

func texts(_ diagnostics: Diagnostics) -> [String] {
  diagnostics.sorted.map { diagnostic in
    (diagnostic.location.map { "\($0): " } ?? "") + "\(diagnostic.severity): \(diagnostic.message)"
      + (diagnostic.hint.map { " | \($0)" } ?? "")
  }
}

/// Deep keys by the node's name.
func keys(_ graph: Graph) throws -> [String: Key] {
  let plan = try Planner(graph: graph, cache: EmptyCache()).plan(graph.order)
  return Dictionary(uniqueKeysWithValues: graph.order.map { (graph[$0].name, plan.deepKey($0)) })
}

struct EmptyCache: ActionCache {
  func result(of key: Key) -> ActionResult? { nil }
  func result(ofDeep key: Key) -> ActionResult? { nil }
  func key(ofDeep key: Key) -> Key? { nil }
  func record(_ made: [NodeTrace]) {}
  func recordHits(_ found: [NodeTrace]) {}
  func trace(ofNode name: String) -> Trace? { nil }
  func traces(ofNode name: String, limit: Int) -> [Trace] { [] }
  func forget(_ digest: Digest) {}
  func remember(_ failure: ActionFailed, of key: Key) throws {}

  func lease(_ key: Key) async throws -> any Lease { throw GraphError(.bug, "nothing runs here") }
}

struct NoGit: GitRepositories {
  func fetch(_ url: String) throws { throw GraphError(.user, "no repository '\(url)'") }
  func resolve(_ url: String, branch: String) throws -> GitCommit {
    throw GraphError(.user, "no branch '\(branch)'")
  }
  func has(_ url: String, commit: String) -> Bool { false }
  func files(_ url: String, commit: String, folder: String) throws -> [GitFile] { [] }
  func blob(_ url: String, object: String) throws -> [UInt8] { [] }
  func mirror(_ url: String) -> String { url }
}

private struct TextRegistry: ImageRegistries {
  let images: [String: RemoteImage]
  func resolve(_ reference: String, architecture: Architecture, insecure: Bool) async throws -> RemoteImage {
    if reference.hasPrefix("down.example.org/") {
      throw GraphError(.environment, "the registry does not answer")
    }
    guard let image = images[reference] else { throw GraphError(.user, "the registry has no '\(reference)'") }
    return image
  }
  func pull(_ reference: String, manifest: String, insecure: Bool, into folder: String) async throws {
    throw GraphError(.bug, "nothing is pulled here")
  }
}

private struct NoPrograms: HostPrograms {
  func output(of program: String, arguments: [String], environment: [String: String]) async throws -> String {
    ""
  }
  func find(_ program: String) -> String? { "/bin/sh" }
}

private struct ReadDigests: FileDigests {
  func digest(ofFileAt path: String) throws -> Digest { Digest(of: try TestFolder.read(path)) }
}

/// Blobs in memory, for operations.
final class MemoryBlobs: BlobStore {
  private let blobs = Mutex<[Digest: [UInt8]]>([:])
  func contains(_ digest: Digest) -> Bool { blobs.withLock { $0[digest] != nil } }
  func read(_ digest: Digest) throws -> [UInt8] {
    guard let bytes = blobs.withLock({ $0[digest] }) else { throw MissingBlob(digest) }
    return bytes
  }
  @discardableResult
  func write(_ bytes: [UInt8]) throws -> Digest {
    let digest = Digest(of: bytes)
    blobs.withLock { $0[digest] = bytes }
    return digest
  }
  func importFile(at path: String, expected: Digest?) throws -> Digest { try write(TestFolder.read(path)) }
  func exportFile(_ digest: Digest, to path: String, mode: UInt16) throws {
    try TestFolder.write(try read(digest), to: path)
  }
  func sync() {}
}
