/// Makes the columns of a graph, node by node.
struct FlatGraphWriter {
  private var records = FlatWriter()
  private var offsets: [UInt64] = [0]
  private var flags: [UInt8] = []
  private var memory: [Int32] = []
  private var dependencyOffsets: [UInt32] = [0]
  private var dependencies: [Int32] = []
  private var leafNumbers: [Leaf: Int32] = [:]
  private var leaves: [Leaf] = []
  private var readers: [(row: Int32, value: Int32)] = []
  private var sourceNumbers: [String: Int32] = [:]
  private var sources: [(path: String, digest: Digest)] = []

  var nodeCount: Int { flags.count }

  func isFailable(_ node: Int32) -> Bool {
    NodeRecord.Flags(rawValue: flags[Int(node)]).contains(.failable)
  }

  mutating func add(_ node: Node, isFailable: Bool) {
    let number = Int32(nodeCount)
    let start = dependencies.count
    var ownLeaves: [Int32] = []
    for input in node.action.inputs {
      switch input.source {
      case .output(let producer, _):
        if !dependencies[start...].contains(producer.index) { dependencies.append(producer.index) }
      case .leaf(let leaf):
        let leaf = self.number(of: leaf)
        if !ownLeaves.contains(leaf) { ownLeaves.append(leaf) }
      }
    }
    dependencyOffsets.append(UInt32(dependencies.count))
    for leaf in ownLeaves { readers.append((leaf, number)) }
    let numbers = leafNumbers
    NodeRecord.write(node, to: &records) { numbers[$0] ?? 0 }
    offsets.append(UInt64(records.bytes.count))
    flags.append(NodeRecord.Flags(node, isFailable: isFailable).rawValue)
    memory.append(Int32(clamping: node.action.limits.memoryMegabytes))
  }

  /// The node with that number, as it was added.
  func node(_ number: Int) -> Node {
    records.bytes.withUnsafeBytes { bytes in
      var reader = FlatReader(bytes, at: Int(offsets[number]), texts: .list(records.texts))
      return NodeRecord.read(from: &reader, flags: NodeRecord.Flags(rawValue: flags[number])) {
        leaves[Int($0)]
      }
    }
  }

  private mutating func number(of leaf: Leaf) -> Int32 {
    if let known = leafNumbers[leaf] { return known }
    let number = Int32(leaves.count)
    leaves.append(leaf)
    leafNumbers[leaf] = number
    return number
  }

  private mutating func number(ofSource path: String, _ digest: Digest) -> Int32 {
    if let known = sourceNumbers[path] { return known }
    let number = Int32(sources.count)
    sources.append((path, digest))
    sourceNumbers[path] = number
    return number
  }

  /// The record of a leaf, and the source files in it.
  private mutating func record(of leaf: Leaf) -> (record: LeafRecord, sources: [Int32]) {
    switch leaf.content {
    case .bytes(let bytes): return (.bytes(bytes), [])
    case .gitBlob(let mirror, let object): return (.gitBlob(mirror: mirror, object: object), [])
    case .tool(let path): return (.tool(path: path), [])
    case .stored: return (.stored, [])
    case .file(let path):
      let source = number(ofSource: path, leaf.artifact.digest)
      return (.source(source), [source])
    case .tree(let layer, let files):
      var used: [Int32] = []
      let entries = layer.entries.map { entry -> LeafRecord.TreeEntry in
        guard case .file(let digest) = entry.content else { return .init(entry: entry, file: nil) }
        guard case .file(let path) = files[digest] else {
          return .init(entry: entry, file: .pinned(files[digest]))
        }
        let source = number(ofSource: path, digest)
        used.append(source)
        var entry = entry
        // The digest has a column of its own.
        entry.content = .file(.empty)
        return .init(entry: entry, file: .source(source))
      }
      return (.tree(entries), used)
    }
  }

  /// The finished graph.
  consuming func finish(targets: [Label: Graph.Target], unsupported: [UnsupportedTarget]) -> Graph {
    var leafRecords = records.emptied()
    var leafOffsets: [UInt64] = [0]
    var sourceLeaves: [(row: Int32, value: Int32)] = []
    for (number, leaf) in leaves.enumerated() {
      let (record, used) = record(of: leaf)
      leafRecords.write(leaf.origin)
      leafRecords.write(leaf.artifact.kind)
      leafRecords.write(record)
      leafOffsets.append(UInt64(leafRecords.bytes.count))
      var seen: Set<Int32> = []
      for source in used where seen.insert(source).inserted { sourceLeaves.append((source, Int32(number))) }
    }
    var targetRecords = leafRecords.emptied()
    var targetOffsets: [UInt64] = [0]
    var roots: Set<Int32> = []
    for (label, target) in targets.sorted(by: { $0.key < $1.key }) {
      targetRecords.write(label)
      targetRecords.write(target)
      targetOffsets.append(UInt64(targetRecords.bytes.count))
      roots.formUnion(target.roots.map(\.index))
    }
    var unsupportedRecords = targetRecords.emptied()
    unsupportedRecords.write(unsupported)
    let sourceTexts = sources.map { unsupportedRecords.number(of: $0.path) }
    var (textOffsets, textBytes): ([UInt64], [UInt8]) = ([0], [])
    for text in unsupportedRecords.texts {
      textBytes += text.utf8
      textOffsets.append(UInt64(textBytes.count))
    }
    let edges = dependencyOffsets.indices.dropLast().flatMap { node in
      dependencies[Int(dependencyOffsets[node])..<Int(dependencyOffsets[node + 1])].map {
        (row: $0, value: Int32(node))
      }
    }
    let dependents = ListColumn.lists(rows: nodeCount, pairs: edges)
    let readerLists = ListColumn.lists(rows: leaves.count, pairs: readers)
    let sourceLists = ListColumn.lists(rows: sources.count, pairs: sourceLeaves)

    var sections = FlatSections()
    sections.append(column: offsets)
    sections.append(records.bytes)
    sections.append(flags)
    sections.append(column: memory)
    sections.append(column: dependencyOffsets)
    sections.append(column: dependencies)
    sections.append(column: dependents.offsets)
    sections.append(column: dependents.values)
    sections.append(column: textOffsets)
    sections.append(textBytes)
    sections.append(column: leafOffsets)
    sections.append(leafRecords.bytes)
    sections.append(column: readerLists.offsets)
    sections.append(column: readerLists.values)
    sections.append(column: sourceTexts)
    sections.append(column: sourceLists.offsets)
    sections.append(column: sourceLists.values)
    sections.append(column: targetOffsets)
    sections.append(targetRecords.bytes)
    sections.append(unsupportedRecords.bytes)
    sections.append(column: roots.sorted())
    guard let flat = FlatGraph(FlatBytes(copying: sections.joined())) else {
      preconditionFailure("what was just written is a graph")
    }
    return Graph(
      flat: flat, sourceDigests: DigestColumn(sources.map(\.digest)),
      leafDigests: DigestColumn(leaves.map(\.artifact.digest)))
  }
}
