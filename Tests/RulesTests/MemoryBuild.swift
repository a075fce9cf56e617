import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

/// A graph whose operations of the engine are run in memory. What needs a sandbox or the network makes what a test says.
struct MemoryBuild {
  let store = MemoryBlobs()
  let compiled: CompiledWorkspace
  private(set) var outputs: [NodeID: [String: Artifact]] = [:]

  /// Compiles a workspace without problems and runs its operations.
  ///
  /// - Parameters:
  ///   - prepare: a shell script that runs in the workspace's folder first.
  ///   - made: what a node makes that is no operation here; `nil` leaves out what stands on it.
  init(
    _ workspace: TextWorkspace, prepare: String = "",
    made: (Node, MemoryBlobs) throws -> [String: Artifact]? = { _, _ in nil }
  ) async throws {
    let store = store
    let (compiled, problems) = try await workspace.compile(
      prepare: { folder in
        if !prepare.isEmpty { _ = try RpmRepositoryFixture.run("cd '\(folder)'\n" + prepare, in: folder) }
      },
      inspect: { compiled in
        for case .leaf(let leaf) in compiled.graph.nodes.flatMap(\.action.inputs).map(\.source) {
          try Self.write(leaf.content, to: store)
        }
      })
    try #require(problems == [])
    self.compiled = compiled
    let operations: [any Operation] = [
      CopyOperation(), MakeFolderOperation(), ConfigureOperation(), SelectOperation(),
    ]
    for id in compiled.graph.order {
      let node = compiled.graph[id]
      guard let inputs = Planner.inputs(of: node.action, outputs: { outputs[$0] }) else { continue }
      guard let operation = operations.first(where: { $0.rule == node.action.rule }) else {
        outputs[id] = try made(node, store)
        continue
      }
      let key = Preimage(node.action, inputNames: inputs.map(\.description)).key
      outputs[id] = try await operation.run(ActionTask(node: node, key: key, inputs: inputs), store: store)
    }
  }

  private static func write(_ content: Leaf.Content, to store: MemoryBlobs) throws {
    switch content {
    case .file(let path): try store.write(TestFolder.read(path))
    case .bytes(let bytes): try store.write(bytes)
    case .tree(let layer, let files):
      try store.write(layer.encoded())
      for file in files.values { try write(file, to: store) }
    case .gitBlob, .tool, .stored: break
    }
  }

  /// The layers of an image, bottom first.
  func layers(_ label: String) throws -> [Layer] {
    let image = try #require(compiled.images[try Label(label)])
    return try image.layers.map { try store.readLayer(try #require(outputs[$0.node]?[$0.output])) }
  }

  /// The tree of an image, a line for each path: `path content mode owner`.
  func tree(_ label: String) throws -> [String] { BuildahAgreementTests.lines(try layers(label)) }

  /// The layer that the last instruction of an image made, with the texts of its files.
  func lastLayer(_ label: String) throws -> [String] {
    try (try layers(label).last?.entries ?? []).map { entry in
      let owner = entry.owner == 0 && entry.group == 0 ? "" : " \(entry.owner):\(entry.group)"
      let content =
        switch entry.content {
        case .file(let digest): "=\(try store.readText(digest))"
        case .symlink(let target): "->\(target)"
        case .hardlink(let target): "==\(target)"
        case .directory: "/"
        default: " other"
        }
      return "\(entry.path)\(content) \(String(entry.mode, radix: 8))\(owner)"
    }
  }
}
