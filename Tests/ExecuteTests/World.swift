import FoundationEssentials
import Glibc
import GraphCore
import Subprocess
import SystemPackage
import Testing

@testable import Execute

/// A store, a base layer with a shell in it, and an executor over a folder that goes away with the value.
final class World: Sendable {
  /// Time of everything in the base layer.
  static let epoch: Int64 = 1_700_000_000
  static let busybox = "/usr/bin/busybox"

  let folder: String
  let store: FolderStore
  let helpers: HelperPool
  let limits: ResourceLimits
  let executor: LocalExecutor

  /// - Parameter limits: in place of what the machine allows.
  init(operations: [any GraphCore.Operation] = [], limits: ((inout ResourceLimits) -> Void)? = nil) throws {
    var template = Array("/tmp/execute-tests-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    chmod(folder, 0o755)
    store = try FolderStore(folder: folder + "/store")
    helpers = HelperPool(program: Self.helper)
    var bounds = ResourceLimits(memoryBytes: 4 << 30, scratch: folder)
    limits?(&bounds)
    self.limits = bounds
    executor = LocalExecutor(
      store: store, checkouts: store, operations: operations, scratch: folder + "/scratch",
      helpers: helpers, limits: bounds, emulators: Emulators()
    ) { _, object in Array("git \(object)".utf8) }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Beside the test program, where the package manager puts every product.
  static let helper: String = {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let program = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    let beside =
      String(program.prefix(upTo: program.lastIndex(of: "/") ?? program.endIndex)) + "/graph-sandbox"
    if access(beside, X_OK) == 0 { return beside }
    let package = #filePath.components(separatedBy: "/Tests/")[0]
    return package + "/.build/debug/graph-sandbox"
  }()

  /// /bin/sh and its friends, and a few files to change.
  func base(program: String = World.busybox) throws -> Artifact {
    var entries = [
      entry("bin", .directory, 0o755),
      entry("bin/busybox", .file(try store.importFile(at: program, expected: nil)), 0o755),
      entry("data", .directory, 0o755, owner: 5, group: 7),
      entry("data/gone", .file(try store.write(Array("gone".utf8))), 0o644, owner: 5, group: 7),
      entry("data/kept", .file(try store.write(Array("kept\n".utf8))), 0o644, owner: 5, group: 7),
      entry("data/sub", .directory, 0o755),
      entry("data/sub/file", .file(try store.write(Array("file".utf8))), 0o644),
      entry("etc", .directory, 0o755),
      entry(
        "etc/passwd",
        .file(try store.write(Array("root:x:0:0::/root:/bin/sh\nwww:x:33:34::/:/bin/sh\n".utf8))), 0o644),
      entry("etc/group", .file(try store.write(Array("root:x:0:\nextra:x:77:www\n".utf8))), 0o644),
    ]
    for applet in Self.applets { entries.append(entry("bin/\(applet)", .symlink(target: "busybox"), 0o777)) }
    return try store.write(Layer(entries: entries), as: .layer)
  }

  static let applets = [
    "cat", "chmod", "chown", "cp", "echo", "env", "hostname", "httpd", "id", "ip", "ln", "ls", "mkdir",
    "mkfifo",
    "mount", "nc", "ping", "rm", "sh", "sleep", "sort", "stat", "touch", "uname", "wget",
  ]

  func entry(
    _ path: String, _ content: Layer.Entry.Content, _ mode: UInt16, owner: UInt32 = 0, group: UInt32 = 0,
    modified: Int64 = World.epoch
  ) -> Layer.Entry {
    Layer.Entry(path: path, content: content, mode: mode, owner: owner, group: group, modified: modified)
  }

  /// Runs `script` by /bin/sh on stacked layers.
  func run(
    _ script: String, on layers: [Artifact]? = nil, collects: [Command.Collect] = [], discards: [String] = [],
    user: String = "", stages: [(String, Artifact)] = [], root: Command.Root = .layers,
    timeoutSeconds: Int = 60, bounds: Action.Limits.Bounds = .init(),
    architecture: Architecture? = nil, outputs: [Action.Output] = [], arguments: [Action.Argument] = [],
    extra: [Input] = []
  ) async throws -> ExecutedAction {
    let layers = root == .host ? [] : try layers ?? [try base()]
    let placed =
      layers.enumerated().map { ("layer/\($0.offset)", $0.element) } + stages.map { ("stage\($0.0)", $0.1) }
    let command = Command(
      argv: ["/bin/sh", "-c", script], root: root,
      stages: stages.map { Command.Stage(role: "stage\($0.0)", path: $0.0) },
      collects: collects, discards: discards, user: user)
    let action = Action(
      rule: Action.Rule("run", version: 1), arguments: arguments, architecture: architecture,
      inputs: placed.map { Input($0.0, .output(NodeID(index: 0), "made")) } + extra, outputs: outputs,
      command: command,
      limits: Action.Limits(timeoutSeconds: timeoutSeconds, bounds: bounds))
    return try await executor.execute(try task(action, inputs: placed.map(\.1) + leaves(of: extra)))
  }

  /// Runs `script` and returns the layer of what it changed.
  func changes(
    _ script: String, on layers: [Artifact]? = nil, discards: [String] = [], root: Command.Root = .layers,
    architecture: Architecture? = nil
  ) async throws -> Artifact {
    let executed = try await run(
      script, on: layers, collects: [Command.Collect(output: "layer", from: .changes)], discards: discards,
      root: root,
      architecture: architecture, outputs: [Action.Output("layer", .layer)])
    return try #require(executed.outputs["layer"])
  }

  func task(_ action: Action, inputs: [Artifact]) throws -> ActionTask {
    let label = try Label("//test/run")
    return ActionTask(
      node: Node(label: label, step: "run", action: action), key: Key(digest: Digest(ofText: "key")),
      inputs: inputs)
  }

  private func leaves(of inputs: [Input]) -> [Artifact] {
    inputs.compactMap { if case .leaf(let leaf) = $0.source { leaf.artifact } else { nil } }
  }

  /// Runs a program of the host and returns what it printed, whatever its exit status.
  func host(_ words: [String]) async throws -> String {
    let result = try await Subprocess.run(
      .path(FilePath(words[0])), arguments: Arguments(Array(words.dropFirst())), input: .none,
      output: .string(limit: 1 << 20), error: .combinedWithOutput)
    return result.standardOutput
  }

  /// Whether some process has `word` among its arguments.
  static func isRunning(_ word: String) throws -> Bool {
    for process in try FileManager.default.contentsOfDirectory(atPath: "/proc")
    where process.allSatisfy(\.isNumber) {
      guard let bytes = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { continue }
      if bytes.split(separator: 0).contains(where: { $0.elementsEqual(word.utf8) }) { return true }
    }
    return false
  }
}

extension ExecutedAction {
  var text: String { String(decoding: log, as: UTF8.self) }
}
