import Glibc
import GraphCore
import Synchronization

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
            outputs: [.init("layer", .layer)]), location: SourceLocation(file: "app/httpd/Dockerfile", line: 2, column: 1)))
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
        rule: .init("install", version: 1), arguments: [.init("packages", packages.split(separator: " ").map(String.init))],
        architecture: architecture, outputs: [.init("layer", .layer)]),
      location: SourceLocation(file: "graph.yml", line: 7, column: 3))
  }

  private func makeNode(_ label: Label, _ architecture: Architecture, base: NodeID, copy: NodeID) -> Node {
    Node(
      label: label, step: "2 RUN make",
      action: Action(
        rule: .init("run", version: 1), environment: ["LANG": language], architecture: architecture,
        inputs: [Input("layer/00", .output(base, "layer")), Input("layer/01", .output(copy, "layer"))],
        outputs: [.init("layer", .layer)],
        command: Command(
          argv: ["/bin/sh", "-c", "make all"], root: .layers,
          collects: [.init(output: "layer", from: .changes)])),
      location: SourceLocation(file: "app/httpd/Dockerfile", line: 3, column: 1), isOpaque: true)
  }

  var roots: [NodeID] { graph.targets.sorted { $0.key < $1.key }.map(\.value.node) }

  func plan(forced: Set<NodeID> = []) throws -> Plan {
    try Planner(graph: graph, cache: cache, forced: forced).plan(roots)
  }

  func node(_ name: String) -> NodeID {
    graph.order.first { graph[$0].name == name } ?? NodeID(index: -1)
  }

  /// Does what a run would: every node gets a result, whose outputs follow from its key, and a trace.
  func build() throws {
    let graph = graph
    let deepKeys = try plan().deepKeys
    var outputs: [NodeID: [String: Artifact]] = [:]
    for id in graph.order {
      guard let preimage = Planner.preimage(of: graph[id].action, outputs: { outputs[$0] }) else { continue }
      outputs[id] = self.outputs(of: graph[id], key: preimage.key)
      let result = ActionResult(
        outputs: outputs[id] ?? [:], provenance: .init(durationSeconds: 1, finished: 0))
      let trace = Trace(
        key: preimage.key, deepKey: deepKeys[Int(id.index)], preimage: preimage, result: result)
      try cache.record(trace, node: graph[id].name)
    }
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

/// A pipe whose reading end is gathered: what a reporter writes, as it was written.
final class Recording: Sendable {
  let writer: Int32
  private let reader: Int32

  /// - Throws: where the machine has no more descriptors.
  init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw GraphError(.environment, "no pipe") }
    (reader, writer) = (ends[0], ends[1])
  }

  /// Closes the writing end and returns all that was written. To be called once.
  func finish() -> [UInt8] {
    close(writer)
    let bytes = readAll()
    close(reader)
    return bytes
  }

  /// Reads until the writing end is closed; another task may do so while reporters write more than a pipe holds.
  func readAll() -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(reader, &buffer, buffer.count)
      if count <= 0 { return all }
      all += buffer[..<count]
    }
  }

  func closeWriter() { close(writer) }
  func closeReader() { close(reader) }
}

/// A clock that a test moves.
final class TestClock: Sendable {
  private let seconds = Mutex(0.0)
  var now: Double { seconds.withLock { $0 } }
  func advance(_ by: Double) { seconds.withLock { $0 += by } }
}

/// The golden text with each `«x»` replaced by the short digest of text `x`.
func golden(_ text: String) -> String {
  var output = ""
  var rest = text[...]
  while let open = rest.firstIndex(of: "«"), let close = rest[open...].firstIndex(of: "»") {
    output += rest[..<open]
    output += Digest(ofText: String(rest[rest.index(after: open)..<close])).short
    rest = rest[rest.index(after: close)...]
  }
  return output + rest
}
