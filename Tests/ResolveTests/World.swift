import Glibc
import GraphCore
import Manifests
import SourceControl
import Synchronization
import Testing

@testable import Resolve

/// A workspace on disk, resolved with ports that say what they were asked for. A text that begins with `-> ` is a symbolic
/// link.
final class World {
  let path: String
  let asked = Asked()
  var snapshot: Snapshot?
  var isOffline = false

  init(_ files: [String: String]) throws {
    var template = Array("/tmp/graph-resolve-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    path = try #require(made)
    for (name, text) in files.sorted(by: { $0.key < $1.key }) { try write(text, to: name) }
  }

  deinit { _ = system("rm -rf '\(path)'") }

  func write(_ text: String, to name: String) throws {
    let parts = name.split(separator: "/")
    for count in 0..<(parts.count - 1) { mkdir("\(path)/" + parts[...count].joined(separator: "/"), 0o755) }
    if text.hasPrefix("-> ") {
      #expect(symlink(String(text.dropFirst(3)), "\(path)/\(name)") == 0)
      return
    }
    let file = try #require(fopen("\(path)/\(name)", "w"), "\(name)")
    defer { fclose(file) }
    #expect(fputs(text, file) >= 0)
  }

  /// Runs a shell script in the workspace, with a fixed author for git.
  func run(_ script: String) throws {
    let status = system(
      """
      cd '\(path)' && export HOME='\(path)' GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b \
      GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b && { \(script); } >/dev/null 2>&1
      """)
    try #require(status == 0, "\(script)")
  }

  func resolve() async throws -> (workspace: ResolvedWorkspace, problems: [String]) {
    let (loaded, faults) = WorkspaceLoader().load(root: path)
    let workspace = try #require(loaded, "\(texts(faults))")
    let mirrors = GitMirrors(folder: "\(path)/.mirrors")
    let ports = Resolver.Ports(
      git: AskedGit(
        asked: asked, under: MirroredRepositories(kept: mirrors, fresh: mirrors, isOffline: false)),
      registries: AskedRegistry(asked: asked), programs: AskedPrograms(asked: asked), digests: NoDigests())
    let (resolved, more) = try await Resolver(ports: ports, ruleTools: []).resolve(
      workspace,
      policy: .init(snapshot: snapshot, isOffline: isOffline, isListing: false, today: "2026-01-02"))
    var all = faults
    all.add(contentsOf: more)
    return (resolved, texts(all))
  }
}

/// What was asked of the outside, in order.
final class Asked: Sendable {
  private let words = Mutex<[String]>([])
  func add(_ word: String) { words.withLock { $0.append(word) } }
  var all: [String] { words.withLock { $0 } }
}

func texts(_ diagnostics: Diagnostics) -> [String] {
  diagnostics.sorted.map { diagnostic in
    (diagnostic.location.map { "\($0): " } ?? "") + "\(diagnostic.severity): \(diagnostic.message)"
      + (diagnostic.hint.map { " | \($0)" } ?? "")
  }
}

/// An entry of the index with its own values, all others right.
func entry(
  _ app: String, _ job: String, id: Int = 1, url: String = ".", path: String? = nil, tag: String = "latest",
  file: String = "Dockerfile", parents: String = "null", more: String = ""
) -> String {
  """
    - id: \(id)
      app-id: \(app)
      job-id: \(job)
      git-url: "\(url)"
      git-path: \(path ?? job)
      git-branch: main
      target-file: \(file)
      desired-tag: \(tag)
      notify-email: a@example.org
      depends-on: \(parents)\(more.isEmpty ? "" : "\n    " + more)

  """
}

/// Passes on what this machine can answer; whatever names another one is out of reach.
private struct AskedGit: GitRepositories {
  let asked: Asked
  let under: MirroredRepositories

  func fetch(_ url: String) throws {
    asked.add("git \(url)")
    guard try GitURL(url).localPath != nil else { throw GraphError(.environment, "cannot fetch '\(url)'") }
    try under.fetch(url)
  }
  func resolve(_ url: String, branch: String) throws -> GitCommit { try under.resolve(url, branch: branch) }
  func has(_ url: String, commit: String) -> Bool { under.has(url, commit: commit) }
  func files(_ url: String, commit: String, folder: String) throws -> [GitFile] {
    try under.files(url, commit: commit, folder: folder)
  }
  func blob(_ url: String, object: String) throws -> [UInt8] { try under.blob(url, object: object) }
  func mirror(_ url: String) -> String { under.mirror(url) }
}

// A registry would need the network, which tests do not have.
private struct AskedRegistry: ImageRegistries {
  let asked: Asked
  func resolve(_ reference: String, architecture: Architecture, insecure: Bool) async throws -> RemoteImage {
    asked.add("image \(reference)")
    return RemoteImage(manifest: String(repeating: "a", count: 64), layerCount: 1, configuration: "{}")
  }
  func pull(_ reference: String, manifest: String, insecure: Bool, into folder: String) async throws {
    asked.add("pull \(reference)")
  }
}

/// A resolver that finds one file for each item, at the address that is its first argument.
private struct AskedPrograms: HostPrograms {
  let asked: Asked
  func output(of program: String, arguments: [String], environment: [String: String]) async throws -> String {
    asked.add("resolver")
    let digits = String(repeating: "0", count: 64)
    return arguments.dropFirst().map { "\($0)\tfile\t\(digits)\t1\t\(arguments[0])\t1\n" }.joined()
  }
  func find(_ program: String) -> String? { "/bin/\(program)" }
}

private struct NoDigests: FileDigests {
  func digest(ofFileAt path: String) throws -> Digest { Digest(of: Array(path.utf8)) }
}
