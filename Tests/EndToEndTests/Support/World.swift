import FoundationEssentials
import Glibc
import Testing

/// A workspace and a store that one test has for itself, in a folder that goes away with the value.
final class World: Sendable {
  static let package = #filePath.components(separatedBy: "/Tests/")[0]
  static let example = package + "/examples/index"

  /// The program under test: beside the tests, where one build puts both.
  static let graph: String = {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let own = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    let beside = own.components(separatedBy: "/").dropLast().joined(separator: "/") + "/graph"
    return access(beside, X_OK) == 0 ? beside : package + "/.build/debug/graph"
  }()

  private let folder: TemporaryFolder
  let workspace: String
  let store: String

  /// A folder for whatever the test makes besides.
  var scratch: String { folder.path }

  /// - Parameters:
  ///   - files: the files of the workspace, by path.
  ///   - parent: where the folder of this world is made.
  init(files: [String: String], in parent: String = "/tmp") throws {
    folder = try TemporaryFolder(in: parent)
    (workspace, store) = (folder.path + "/workspace", folder.path + "/store")
    try FileManager.default.createDirectory(atPath: workspace, withIntermediateDirectories: true)
    for (path, text) in files { try write(text, to: path) }
  }

  private init() throws {
    folder = try TemporaryFolder()
    (workspace, store) = (folder.path + "/workspace", folder.path + "/store")
  }

  /// The example, for two of its architectures, without a store.
  static func fresh() async throws -> World {
    let world = try World()
    try FileManager.default.createDirectory(atPath: world.workspace, withIntermediateDirectories: false)
    try await world.restore()
    return world
  }

  /// Makes the files of the workspace those of `fresh()` again.
  func restore() async throws {
    try await Program(["cp", "-R", Self.example + "/.", workspace]).check()
    try edit("graph.yml", Self.architectures, "arches: [x86_64, aarch64]")
  }

  /// The line of the example's graph.yml that names its architectures.
  static let architectures = "arches: [x86_64, i686, aarch64, armhfp, ppc64le, s390x, ppc64, riscv64]"

  /// The example as it is in the source tree, for all its architectures, with everything built.
  static func everywhere() async throws -> World { try await WideBuild.shared.world() }

  /// The example and a store in which everything is built.
  static func warm() async throws -> World {
    let world = try await fresh()
    try await Program(["cp", "-a", "--reflink=auto", try await ColdBuild.shared.world().store, world.store])
      .check()
    return world
  }

  /// Ready to run: 'graph' with `words` in the workspace, on the store of this world.
  func graph(_ words: String..., in folder: String? = nil) -> Program { graph(words, in: folder) }

  func graph(_ words: [String], in folder: String? = nil, store: String? = nil) -> Program {
    // After the subcommand, and in front of everything that may follow '--'.
    let hasSubcommand =
      ["snapshot", "runs", "store"].contains(words[0]) && words.dropFirst().first?.first != "-"
    let command = words.prefix(hasSubcommand ? 2 : 1)
    var program = Program(
      [Self.graph] + command + ["--store", store ?? self.store] + words.dropFirst(command.count))
    program.folder = folder ?? workspace
    return program
  }

  /// Runs 'graph build' with `words`, which must succeed.
  ///
  /// - Returns: the names of the nodes that it ran.
  @discardableResult
  func build(_ words: String..., location: SourceLocation = #_sourceLocation) async throws -> Set<String> {
    try await graph(["build"] + words).check(location)
    return try await ran()
  }

  /// The nodes whose action the newest run ran; those that were cut off did not run.
  func ran() async throws -> Set<String> {
    Set(
      try await history(
        "SELECT node FROM run_nodes WHERE outcome = 'ran' AND run = (SELECT max(id) FROM runs)"))
  }

  /// The lines of a query on the history that the store keeps.
  func history(_ query: String) async throws -> [String] {
    try await Program(["sqlite3", "-readonly", "\(store)/graph.db", query]).check().split(separator: "\n")
      .map(String.init)
  }

  /// The names that 'graph plan' says would run or might run.
  func planned(_ words: String...) async throws -> Set<String> {
    let text = try await graph(["plan", "--json"] + words).check()
    let plan = try JSONDecoder().decode(PlanDocument.self, from: Data(text.utf8))
    return Set(plan.nodes.filter { $0.decision != "cached" }.map(\.name))
  }

  private struct PlanDocument: Decodable {
    struct Node: Decodable {
      let name: String
      let decision: String
    }
    let nodes: [Node]
  }

  /// Exports a label and returns the digest of what its layout names: the manifest, or the index of all.
  func digest(of label: String) async throws -> String {
    let layout = try await export(label)
    let text = try String(decoding: Data(contentsOf: URL(filePath: layout + "/index.json")), as: UTF8.self)
    return try #require(text.firstMatch(of: /"digest":"(sha256:[0-9a-f]{64})"/)?.1).description
  }

  /// - Returns: the folder of the layout.
  func export(_ label: String) async throws -> String {
    let layout = "\(scratch)/export-\(UUID().uuidString.lowercased())"
    try await graph("export", label, layout).check()
    return layout
  }

  /// The labels of everything that comes out as a layout of all architectures.
  func images() async throws -> [String] {
    try await graph("ls", "--long").check().split(separator: "\n").compactMap { line in
      line.hasPrefix("index ") ? line.split(separator: " ").last.map(String.init) : nil
    }
  }

  func read(_ path: String) throws -> String {
    try String(decoding: Data(contentsOf: URL(filePath: "\(workspace)/\(path)")), as: UTF8.self)
  }

  func write(_ text: String, to path: String) throws {
    let file = "\(workspace)/\(path)"
    let parent = file.components(separatedBy: "/").dropLast().joined(separator: "/")
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: file))
  }

  /// Replaces text that must be in the file, keeping the file itself, as an editor that writes in place does.
  func edit(_ path: String, _ old: String, _ new: String) throws {
    let text = try read(path)
    try #require(text.contains(old), "\(path) does not hold '\(old)'")
    try write(text.replacing(old, with: new), to: path)
  }
}

/// The one cold build of the whole example that tests start from.
actor ColdBuild {
  static let shared = ColdBuild()
  private var built: Task<World, any Error>?

  func world() async throws -> World {
    if let built { return try await built.value }
    let task = Task {
      let world = try await World.fresh()
      try await world.build()
      return world
    }
    built = task
    return try await task.value
  }
}

/// The one build of the example for all of its architectures: what of it is for two is taken from the cold build.
actor WideBuild {
  static let shared = WideBuild()
  private var built: Task<World, any Error>?

  func world() async throws -> World {
    if let built { return try await built.value }
    let task = Task {
      let world = try await World.warm()
      try world.edit("graph.yml", "arches: [x86_64, aarch64]", World.architectures)
      try await world.build()
      return world
    }
    built = task
    return try await task.value
  }
}

// What all tests that start the program are part of: they share two cores, ports and the emulator, and so run one
// after the other.
@Suite("end to end", .serialized)
struct EndToEnd {}
