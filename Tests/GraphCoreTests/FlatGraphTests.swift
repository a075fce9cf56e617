import Testing

@testable import GraphCore

@Suite("compiled graphs as bytes")
struct FlatGraphTests {
  /// A graph that uses every field of every type that is kept in records.
  static func make(_ random: inout Random, nodes: Int = 30) -> (
    graph: Graph, nodes: [Node], targets: [Label: Graph.Target]
  ) {
    var builder = GraphBuilder()
    var kept: [Node] = []
    var targets: [Label: Graph.Target] = [:]
    for index in 0..<nodes {
      var node = random.node(index)
      let id = builder.add(node)
      node = builder[id]
      kept.append(node)
      let target = Graph.Target(
        kind: [.command, .repository, .base, .image, .index][random.below(5)], node: id,
        output: random.text(), checks: index > 0 ? [NodeID(index: Int32(random.below(index)))] : [])
      targets[node.label] = target
      builder.deliver(node.label, target)
    }
    return (builder.build(), kept, targets)
  }

  @Test("a node is read as it was added, whatever is in it", arguments: 1...6 as ClosedRange<UInt64>)
  func nodes(seed: UInt64) throws {
    var random = Random(seed: seed)
    for _ in 0..<20 {
      let (graph, nodes, targets) = Self.make(&random)
      #expect(graph.nodeCount == nodes.count)
      // As a file has it: the bytes, and the digests beside them.
      let copy = try #require(
        Graph(
          FlatBytes(copying: Array(graph.bytes.bytes)),
          sourceDigests: DigestColumn(rows: graph.sourceDigests.encoded()),
          leafDigests: DigestColumn(rows: graph.leafDigests.encoded())))
      for (index, node) in nodes.enumerated() {
        let id = NodeID(index: Int32(index))
        for read in [graph[id], copy[id]] {
          #expect(read.action == node.action, "seed=\(seed)")
          #expect(read.label == node.label && read.step == node.step && read.detail == node.detail)
          #expect(read.location == node.location && read.isOpaque == node.isOpaque)
          #expect(read.isFanIn == node.isFanIn)
        }
        #expect(copy.name(of: id) == node.name && copy.label(of: id) == node.label)
        #expect(copy.memoryMegabytes(id) == node.action.limits.memoryMegabytes)
        #expect(copy.isWaiting(id) == node.action.limits.isWaiting)
        let producers = node.action.inputs.compactMap { input in
          if case .output(let producer, _) = input.source { producer } else { nil }
        }
        #expect(Set(copy.dependencies(of: id)) == Set(producers), "seed=\(seed)")
        for producer in producers { #expect(copy.dependents(of: producer).contains(id)) }
      }
      #expect(copy.targets.keys.elementsEqual(targets.keys.sorted()))
      for (label, target) in targets { #expect(copy.targets[label] == target, "seed=\(seed)") }
      #expect(copy.targets[Label(package: "no", name: "such")] == nil)
      #expect(Set(copy.roots) == Set(targets.values.flatMap(\.roots)))
    }
  }

  @Test("what is not made is kept with its reason")
  func unsupported() {
    var builder = GraphBuilder()
    let place = GraphCore.SourceLocation(file: "graph.d/a.yml", line: 3, column: 5)
    let first = UnsupportedTarget(
      Label(package: "a", name: "b", architecture: .host), .image, declared: "'only' leaves it out", at: place
    )
    let second = UnsupportedTarget(
      Label(package: "a", name: "c", architecture: .host), .base, needs: first, at: place)
    builder.leaveOut([second, first])
    #expect(builder.build().unsupported == [first, second])
  }

  @Test("other contents of sources are other leaves, and nothing else changes")
  func updating() throws {
    var builder = GraphBuilder()
    func file(_ name: String, _ text: String) -> Leaf {
      Leaf(Artifact(.blob, Digest(ofText: text)), .file(path: "/w/\(name)"), origin: name)
    }
    func tree(_ files: [(String, String)]) -> Leaf {
      let layer = Layer(
        entries: files.map {
          Layer.Entry(path: $0.0, content: .file(Digest(ofText: $0.1)), mode: 0o644)
        })
      let contents = Dictionary(
        files.map { (Digest(ofText: $0.1), Leaf.Content.file(path: "/w/\($0.0)")) },
        uniquingKeysWith: { first, _ in first })
      return Leaf(Artifact(.tree, layer.digest), .tree(layer, files: contents), origin: "folder")
    }
    func add(_ name: String, _ leaf: Leaf) -> NodeID {
      builder.add(
        Node(
          label: Label(package: "t", name: name), step: "s",
          action: Action(
            rule: .init("r", version: 1), inputs: [Input("in", .leaf(leaf))], outputs: [.init("out", .blob)]))
      )
    }
    let one = add("one", file("a", "1"))
    let folder = add("folder", tree([("a", "1"), ("b", "2")]))
    let other = add("other", file("b", "2"))
    let graph = builder.build()
    #expect(Array(graph.sourcePaths).sorted() == ["/w/a", "/w/b"])
    let source = try #require(Array(graph.sourcePaths).firstIndex(of: "/w/a"))

    let (edited, changed) = graph.updating([source: Digest(ofText: "3")])
    #expect(changed == [one, folder])
    #expect(edited[one].action.inputs == [Input("in", .leaf(file("a", "3")))])
    #expect(edited[folder].action.inputs == [Input("in", .leaf(tree([("a", "3"), ("b", "2")])))])
    #expect(edited[other].action == graph[other].action)
    #expect(graph[one].action.inputs == [Input("in", .leaf(file("a", "1")))])
    #expect(graph.updating([source: Digest(ofText: "1")]).changed.isEmpty)
    #expect(edited.updating([source: Digest(ofText: "1")]).changed == [one, folder])
  }

  @Test("bytes that are no graph, or whose digests do not fit, are none")
  func foreign() {
    var random = Random(seed: 5)
    let graph = Self.make(&random).graph
    let bytes = Array(graph.bytes.bytes)
    func read(_ bytes: [UInt8], sources: DigestColumn? = nil) -> Graph? {
      Graph(
        FlatBytes(copying: bytes), sourceDigests: sources ?? graph.sourceDigests,
        leafDigests: graph.leafDigests)
    }
    #expect(read(bytes) != nil)
    #expect(read([]) == nil)
    #expect(read(Array(bytes.prefix(100))) == nil)
    #expect(read(Array(bytes.prefix(bytes.count / 2))) == nil)
    #expect(read(Array(bytes.reversed())) == nil)
    #expect(read(bytes, sources: DigestColumn([.empty])) == nil)
  }
}

extension DigestColumn {
  fileprivate init(rows bytes: [UInt8]) {
    let flat = FlatBytes(copying: bytes)
    self.init(rows: flat.bytes, owner: flat)
  }
}

extension Random {
  /// A node that may read the `count` nodes before it.
  fileprivate mutating func node(_ count: Int) -> Node {
    var inputs: [Input] = []
    for number in 0..<below(5) {
      let source: Input.Source =
        count > 0 && below(2) == 0
        ? .output(NodeID(index: Int32(below(count))), text()) : .leaf(leaf())
      inputs.append(Input("\(number) \(text())", source))
    }
    let action = Action(
      rule: .init(text(), version: below(1000)),
      arguments: (0..<below(3)).map { _ in .init(text(), texts()) },
      environment: dictionary(), architecture: below(2) == 0 ? nil : Architecture.all[below(9)],
      inputs: inputs,
      outputs: (0..<below(3)).map { _ in .init(text(), Artifact.Kind.allCases[below(3)]) },
      command: below(2) == 0 ? nil : command(),
      limits: .init(
        timeoutSeconds: below(100_000), memoryMegabytes: below(100_000), isWaiting: below(2) == 0),
      hints: dictionary())
    return Node(
      label: Label(
        package: "p\(below(3))", name: "n\(below(100))", tag: below(2) == 0 ? nil : "t\(below(100))",
        architecture: below(2) == 0 ? nil : Architecture.all[below(9)]),
      step: text(), detail: text(), action: action,
      location: below(2) == 0
        ? nil : GraphCore.SourceLocation(file: text(), line: below(9999), column: below(200)),
      isOpaque: below(2) == 0, isFanIn: below(2) == 0)
  }

  private mutating func texts() -> [String] { (0..<below(3)).map { _ in text() } }

  private mutating func dictionary() -> [String: String] {
    Dictionary((0..<below(3)).map { _ in (text(), text()) }, uniquingKeysWith: { first, _ in first })
  }

  private mutating func digest() -> Digest { Digest(ofText: text(30)) }

  private mutating func bytes() -> [UInt8] { Array(text(20).utf8) }

  private mutating func leaf() -> Leaf {
    let blob = Artifact(.blob, digest())
    switch below(5) {
    case 0:
      // A source has one content in one graph.
      let path = "/w/\(below(4))"
      return Leaf(Artifact(.blob, Digest(ofText: path)), .file(path: path), origin: text())
    case 1: return Leaf(blob, .bytes(bytes()), origin: text())
    case 2: return Leaf(blob, .gitBlob(mirror: text(), object: text()), origin: text())
    case 3: return Leaf(blob, .tool(path: text()), origin: text())
    default:
      var files: [Digest: Leaf.Content] = [:]
      let entries = (0..<below(5)).map { number in entry("\(number)", &files) }
      let layer = Layer(entries: entries)
      return Leaf(Artifact(.tree, layer.digest), .tree(layer, files: files), origin: text())
    }
  }

  private mutating func entry(_ name: String, _ files: inout [Digest: Leaf.Content]) -> Layer.Entry {
    let content: Layer.Entry.Content
    switch below(10) {
    case 0: content = .directory
    case 1: content = .symlink(target: text())
    case 2: content = .hardlink(target: text())
    case 3: content = .characterDevice(major: UInt32(below(5000)), minor: UInt32(below(5000)))
    case 4: content = .blockDevice(major: UInt32(below(5000)), minor: UInt32(below(5000)))
    case 5: content = .fifo
    case 6: content = .whiteout
    case 7: content = .opaqueDirectory
    case 8:
      let path = "/w/\(below(4))"
      content = .file(Digest(ofText: path))
      files[Digest(ofText: path)] = .file(path: path)
    default:
      let digest = digest()
      content = .file(digest)
      files[digest] = [nil, .bytes(bytes()), .gitBlob(mirror: text(), object: text())][below(3)]
    }
    return Layer.Entry(
      path: name + text(), content: content, mode: UInt16(below(0o10000)), owner: UInt32(below(70000)),
      group: UInt32(below(70000)), modified: Int64(below(2_000_000_000)) - 1000,
      attributes: (0..<below(2)).map { _ in .init(name: text(), value: bytes()) })
  }

  private mutating func command() -> Command {
    Command(
      argv: texts(), workingDirectory: text(),
      root: [.host, .layers, .hostWithLayers(target: text())][below(3)],
      stages: (0..<below(3)).map { _ in .init(role: text(), path: text()) },
      mounts: (0..<below(4)).map { _ in mount() },
      collects: (0..<below(3)).map { _ in
        .init(output: text(), from: below(2) == 0 ? .changes : .path(text()))
      },
      discards: texts(), user: text(), network: below(2) == 0)
  }

  private mutating func mount() -> Command.Mount {
    func access(_ random: inout Random) -> Command.Mount.Access {
      .init(
        mode: UInt16(random.below(0o1000)), user: UInt32(random.below(9999)),
        group: UInt32(random.below(9999)))
    }
    func content(_ random: inout Random) -> Command.Mount.Content {
      .init(role: random.text(), path: random.text())
    }
    let kind: Command.Mount.Kind
    switch below(5) {
    case 0: kind = .bind(content(&self), isWritable: below(2) == 0)
    case 1: kind = .memory(sizeBytes: below(2) == 0 ? nil : UInt64(below(99999)))
    case 2:
      kind = .cache(
        .init(
          id: text(), sharing: [.shared, .private, .locked][below(3)], isReadOnly: below(2) == 0,
          access: access(&self), content: below(2) == 0 ? nil : content(&self)))
    case 3:
      kind = .secret(
        .init(
          id: text(), isRequired: below(2) == 0, access: access(&self),
          environmentName: below(2) == 0 ? nil : text()))
    default: kind = .agent(.init(id: text(), isRequired: below(2) == 0, access: access(&self)))
    }
    return Command.Mount(target: text(), kind)
  }
}
