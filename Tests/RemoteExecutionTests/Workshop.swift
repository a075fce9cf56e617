import Execute
import FoundationEssentials
import Glibc
import GraphCore
import RemoteExecution
import Store
import Testing

/// A store with a few artifacts in a folder that goes away with the value, and the tasks made of them.
final class Workshop: Sendable {
  /// Time of everything in the layers.
  static let epoch: Int64 = 1_700_000_000
  static let busybox = "/usr/bin/busybox"

  let folder: String
  let store: Store

  init() throws {
    var template = Array("/tmp/remote-tests-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    chmod(folder, 0o755)
    store = try Store.open(at: folder + "/store", mode: .readWrite)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The folder of the package.
  static let package = #filePath.components(separatedBy: "/Tests/")[0]

  /// Beside the test program, where the package manager puts every product.
  static let helper: String = {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let program = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    let beside =
      String(program.prefix(upTo: program.lastIndex(of: "/") ?? program.endIndex)) + "/graph-sandbox"
    return access(beside, X_OK) == 0 ? beside : package + "/.build/debug/graph-sandbox"
  }()

  var executor: LocalExecutor {
    LocalExecutor(
      store: store, checkouts: store, operations: [], scratch: store.scratch,
      helpers: HelperPool(program: Self.helper),
      limits: ResourceLimits(memoryBytes: 4 << 30, scratch: store.scratch), emulators: Emulators()
    ) { _, _ in [] }
  }

  func blob(_ text: String) throws -> Artifact { Artifact(.blob, try store.write(Array(text.utf8))) }

  /// - Parameter folders: the parents of `files`; a recipe names every folder.
  func tree(_ files: [String: String], folders: [String] = []) throws -> Artifact {
    let entries =
      try folders.map { Layer.Entry(path: $0, content: .directory, mode: 0o755) }
      + files.map { path, text in
        Layer.Entry(
          path: path, content: .file(try store.write(Array(text.utf8))),
          mode: path.hasSuffix(".sh") ? 0o755 : 0o644)
      }
    return try store.write(Layer(entries: entries), as: .tree)
  }

  func layer(_ entries: [Layer.Entry]) throws -> Artifact {
    try store.write(
      Layer(
        entries: entries.map { entry in
          var entry = entry
          entry.modified = Self.epoch
          return entry
        }), as: .layer)
  }

  func file(_ path: String, _ text: String, mode: UInt16 = 0o644, owner: UInt32 = 0, group: UInt32 = 0) throws
    -> Layer.Entry
  {
    Layer.Entry(
      path: path, content: .file(try store.write(Array(text.utf8))), mode: mode, owner: owner, group: group)
  }

  /// A shell and its friends.
  func shellLayer() throws -> Artifact {
    let program = try store.importFile(at: Self.busybox, expected: nil)
    let names = ["cat", "chmod", "cp", "id", "ln", "ls", "mkdir", "rm", "rmdir", "sh", "touch", "uname"]
    return try layer(
      [
        Layer.Entry(path: "bin", content: .directory, mode: 0o755),
        Layer.Entry(path: "bin/busybox", content: .file(program), mode: 0o755),
      ] + names.map { Layer.Entry(path: "bin/\($0)", content: .symlink(target: "busybox"), mode: 0o777) })
  }

  /// A task with the key that its preimage has.
  func task(
    _ command: Command?, inputs: [(role: String, artifact: Artifact)], outputs: [Action.Output],
    rule: Action.Rule = .init("command", version: 1), arguments: [Action.Argument] = [],
    environment: [String: String] = [:], architecture: Architecture? = nil
  ) throws -> ActionTask {
    let action = Action(
      rule: rule, arguments: arguments, environment: environment, architecture: architecture,
      inputs: inputs.map { Input($0.role, .output(NodeID(index: 0), "made")) }, outputs: outputs,
      command: command,
      limits: .init(timeoutSeconds: 60))
    return ActionTask(
      node: Node(label: try Label("//test/remote"), step: "command", action: action),
      key: Preimage(action, inputNames: inputs.map(\.artifact.description)).key,
      inputs: inputs.map(\.artifact))
  }
}
