import Glibc
import GraphCore
import Store
import Synchronization
import Testing

/// A small workspace: two architectures of one image, made from a page, a package set and a script.
///
///     page (leaf) -> 1 copy -> 2 RUN make (opaque) -> image -> //app/httpd@latest:ARCH
///     packages    -> base packages ----^
struct World {
  var page = "hello"
  var packages = "httpd mod_ssl"
  var language = "C.UTF-8"
  /// Forces another output of "1 copy" than its key says, by a text that names the output.
  var copyOutput: String?
  let cache = MemoryActionCache()
  /// The history of its builds.
  let history = TestHistory()

  static let architectures = ["aarch64", "x86_64"].compactMap { Architecture($0) }

  var graph: Graph {
    var builder = GraphBuilder()
    for architecture in Self.architectures {
      let base = builder.add(baseNode(architecture))
      let label = Label(package: "app", name: "httpd", tag: "latest", architecture: architecture)
      let page = Leaf(
        Artifact(.blob, Digest(ofText: page)), .bytes(Array(self.page.utf8)), origin: "app/httpd/index.html")
      let copy = builder.add(
        Node(
          label: label, step: "1 copy",
          action: Action(
            rule: .init("copy", version: 1), inputs: [Input("source/index.html", .leaf(page))],
            outputs: [.init("layer", .layer)]),
          location: GraphCore.SourceLocation(file: "app/httpd/Dockerfile", line: 2, column: 1)))
      let make = builder.add(makeNode(label, architecture, base: base, copy: copy))
      let image = builder.add(
        Node(
          label: label, step: "image",
          action: Action(
            rule: .init("image", version: 2), inputs: [Input("layer/00", .output(make, "layer"))],
            outputs: [.init("image", .tree)])))
      builder.deliver(label, Graph.Target(kind: .image, node: image, output: "image"))
    }
    return builder.build()
  }

  private func baseNode(_ architecture: Architecture) -> Node {
    Node(
      label: Label(package: "base", name: "small", architecture: architecture), step: "packages",
      action: Action(
        rule: .init("install", version: 1),
        arguments: [.init("packages", packages.split(separator: " ").map(String.init))],
        architecture: architecture, outputs: [.init("layer", .layer)]),
      location: GraphCore.SourceLocation(file: "graph.yml", line: 7, column: 3))
  }

  private func makeNode(_ label: Label, _ architecture: Architecture, base: NodeID, copy: NodeID) -> Node {
    Node(
      label: label, step: "2 RUN make",
      action: Action(
        rule: .init("run", version: 1), environment: ["LANG": language], architecture: architecture,
        inputs: [Input("layer/00", .output(base, "layer")), Input("layer/01", .output(copy, "layer"))],
        outputs: [.init("layer", .layer)],
        command: Command(
          argv: ["/bin/sh", "-c", "make all"], root: .layers, mounts: mounts,
          collects: [.init(output: "layer", from: .changes)])),
      location: GraphCore.SourceLocation(file: "app/httpd/Dockerfile", line: 3, column: 1), isOpaque: true)
  }

  /// What the RUN mounts.
  var mounts: [Command.Mount] = []

  var roots: [NodeID] { graph.targets.sorted { $0.key < $1.key }.map(\.value.node) }

  func plan(forced: Set<NodeID> = []) throws -> Plan {
    try Planner(graph: graph, cache: cache, forced: forced).plan(roots)
  }

  func node(_ name: String) -> NodeID {
    graph.order.first { graph[$0].name == name } ?? NodeID(index: -1)
  }

  /// Does what a run would: every node gets a result, whose outputs follow from its key, and a trace.
  ///
  /// - Parameter isIncluded: which nodes run, by name; the others keep the history that they have.
  func build(where isIncluded: (String) -> Bool = { _ in true }) throws {
    let graph = graph
    let marks = Marks(graph)
    var outputs: [NodeID: [String: Artifact]] = [:]
    var entries: [HistoryEntry] = []
    for id in graph.order {
      guard let preimage = Planner.preimage(of: graph[id].action, outputs: { outputs[$0] }) else { continue }
      outputs[id] = self.outputs(of: graph[id], key: preimage.key)
      let result = ActionResult(
        outputs: outputs[id] ?? [:], provenance: .init(durationSeconds: 1, finished: 0))
      let trace = Trace(
        key: preimage.key, deepKey: marks.deepKey(id), preimage: preimage, result: result)
      if !isIncluded(graph[id].name) { continue }
      try cache.record(trace, node: graph[id].name)
      entries.append(
        HistoryEntry(
          RecordedNode(
            node: graph[id].name, outcome: .ran, key: trace.key, deepKey: trace.deepKey, started: 0,
            durationSeconds: 1, outputs: outputs[id] ?? [:]), NodeDescription(graph[id], in: graph),
          preimage: preimage))
    }
    try history.add(entries, wanted: roots.map { graph[$0].name })
  }

  /// Built, edited, and built again.
  static func rebuilt(after edit: (inout World) -> Void) throws -> World {
    var world = World()
    try world.build()
    edit(&world)
    try world.build()
    return world
  }

  /// A run in which these nodes found that what they read came out as before.
  func cutOff(_ names: String...) throws {
    let graph = graph
    let marks = Marks(graph)
    let entries = try names.map { name in
      let id = node(name)
      let before = try history.store().records(ofNode: name, upTo: nil, limit: 1).first
      return HistoryEntry(
        RecordedNode(
          node: name, outcome: .cutOff, key: before?.key, deepKey: marks.deepKey(id), started: 0,
          durationSeconds: 0, outputs: before?.outputs ?? [:]), NodeDescription(graph[id], in: graph))
    }
    try history.add(entries, wanted: roots.map { graph[$0].name })
  }

  func outputs(of node: Node, key: Key) -> [String: Artifact] {
    var outputs: [String: Artifact] = [:]
    for output in node.action.outputs {
      let text = node.step == "1 copy" ? copyOutput ?? "\(key)" : "\(key)"
      outputs[output.name] = Artifact(output.kind, Digest(ofText: "\(output.name) \(text)"))
    }
    return outputs
  }
}

/// What a reporter writes, as it was written.
///
/// A file and not a pipe: nobody has to read while reporters write, so no thread of the test waits for another.
final class Recording: Sendable {
  let writer: Int32

  /// - Throws: where the machine has no more descriptors or room in /tmp.
  init() throws {
    var path = Array("/tmp/report-tests-XXXXXX".utf8CString)
    writer = mkstemp(&path)
    guard writer >= 0 else { throw GraphError(.environment, "no temporary file") }
    unlink(path)
  }

  deinit { close(writer) }

  /// All that was written until now.
  var bytes: [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = pread(writer, &buffer, buffer.count, off_t(all.count))
      if count <= 0 { return all }
      all += buffer[..<count]
    }
  }
}

/// A clock that a test moves.
final class TestClock: Sendable {
  private let seconds = Mutex(0.0)
  var now: Double { seconds.withLock { $0 } }
  func advance(_ by: Double) { seconds.withLock { $0 += by } }
}

/// Compares a report with its golden text and shows what came instead.
///
/// Short digests of the texts that tests use stand there as `«text»`, all others, which depend on keys, as
/// `#1`, `#2` in the order in which they appear.
func check(_ text: String, _ golden: String, at location: Testing.SourceLocation = #_sourceLocation) {
  let known = ["hello", "goodbye", "two", "three", "key"].map { (Digest(ofText: $0).short, "«\($0)»") }
  var names = Dictionary(known, uniquingKeysWith: { first, _ in first })
  var numbered = 0
  var output = ""
  var word = ""
  for character in text + "\n" {
    if character.isHexDigit {
      word.append(character)
      continue
    }
    if word.count == 12, names[word] == nil {
      numbered += 1
      names[word] = "#\(numbered)"
    }
    output += names[word] ?? word
    output.append(character)
    word = ""
  }
  #expect(output == golden + "\n", "came:\n\(output)", sourceLocation: location)
}
