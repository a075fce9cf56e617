import FoundationEssentials
import Glibc
import Testing

/// One store of a workshop, in a folder of its own.
final class StoreFolder: Sendable {
  let path: String
  /// A folder for whatever else there is about it.
  let beside: String
  private let folder: TemporaryFolder?
  private let world: World

  /// - Parameter beside: a folder for whatever else there is about it.
  init(_ path: String, of world: World, beside: String) {
    (self.path, self.world, self.beside, folder) = (path, world, beside, nil)
  }

  init(in parent: String, of world: World) throws {
    let folder = try TemporaryFolder(in: parent)
    (self.folder, self.world, path, beside) = (folder, world, folder.path + "/store", folder.path)
  }

  func graph(_ words: String...) -> Program { graph(words) }

  func graph(_ words: [String]) -> Program {
    world.graph(words, store: path)
  }

  /// An action with its key.
  struct Action: Hashable {
    let node: String
    let key: String
  }

  /// What a store has recorded.
  struct Facts {
    /// When each action ended whose result there is, as the row has it: another run of it would change that.
    var finished: [Action: String] = [:]
    /// How often runs say that they ran an action.
    var runs: [String: Int] = [:]
    /// How often each action ended well, whatever runs say.
    var ended: [Action: Int] = [:]

    var keys: Set<String> { Set(finished.keys.map(\.key)) }
  }

  /// What is recorded in a copy of the database, so that whoever continues finds it as it was left.
  func facts() async throws -> Facts {
    var facts = Facts()
    guard access(path + "/graph.db", R_OK) == 0 else { return facts }
    let script = """
      mkdir -p "$2" && rm -f "$2"/* && cp "$1"/graph.db* "$2" && rm -f "$2"/*-shm &&
      sqlite3 -list -separator '|' "$2"/graph.db "\(Self.query)"
      """
    let ended = try await Program(["sh", "-c", script, "sh", path, beside + "/facts"]).run()
    // A build that was killed before it made its tables has recorded nothing.
    if ended.errors.contains("no such table") { return facts }
    try #require(ended.status == 0, "\(ended.transcript)")
    for line in ended.output.split(separator: "\n") {
      let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
      try #require(fields.count == 4, "\(line)")
      switch fields[0] {
      case "finished": facts.finished[Action(node: fields[1], key: fields[2])] = fields[3]
      case "ended": facts.ended[Action(node: fields[1], key: fields[2])] = Int(fields[3])
      default: facts.runs[fields[1]] = Int(fields[3])
      }
    }
    return facts
  }

  private static let query = """
    SELECT DISTINCT 'finished', nodes.name, hex(actions.key), actions.finished
      FROM actions JOIN traces USING(key) JOIN nodes ON nodes.id = node;
    SELECT 'ended', nodes.name, hex(key), count(*) FROM traces JOIN nodes ON nodes.id = node GROUP BY 2, 3;
    SELECT 'ran', node, '', count(*) FROM run_nodes WHERE outcome = 'ran' GROUP BY node
    """

  /// Leases that nobody gave back: of what ran when a process was killed, each by the beginning of its key.
  func leases() -> Set<String> {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/locks")) ?? []
    return Set(names.filter { $0.count == 16 }.map { $0.uppercased() })
  }

  /// How often each RUN of the workshop was started, as it noted itself.
  func starts() throws -> [String: Int] {
    let caches = (try? FileManager.default.contentsOfDirectory(atPath: path + "/caches")) ?? []
    var starts: [String: Int] = [:]
    for cache in caches {
      let file = "\(path)/caches/\(cache)/data/starts"
      guard let text = try? String(contentsOf: URL(filePath: file), encoding: .utf8) else { continue }
      for line in text.split(separator: "\n") { starts[String(line), default: 0] += 1 }
    }
    return starts
  }

  /// Builds what is missing and compares everything with what a clean build makes, byte for byte.
  ///
  /// - Parameter prepare: what is to happen to the program beside.
  func expectCleanOutputs(
    _ workshop: Workshop, _ comment: String, _ location: SourceLocation = #_sourceLocation,
    prepare: (Program) -> Program = { $0 }
  ) async throws {
    let outputs = beside + "/outputs"
    let export = try await prepare(graph("export", Workshop.all, outputs)).run()
    #expect(export.status == 0, "\(comment): \(export.transcript)", sourceLocation: location)
    let compared = try await Program(["diff", "-r", "--no-dereference", workshop.outputs, outputs]).run()
    #expect(compared.status == 0, "\(comment): \(compared.transcript)", sourceLocation: location)
    try? FileManager.default.removeItem(atPath: outputs)
  }
}
