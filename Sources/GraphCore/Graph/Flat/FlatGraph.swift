/// The structure of a compiled graph as columns: nodes, edges both ways, leaves, labels and texts, all by dense numbers.
///
/// It is read where it lies, in memory or in a mapped file, and only what is asked for. What an edit of a source file
/// changes (the digests of files and leaves) is not in it.
final class FlatGraph: Sendable {
  let owner: FlatBytes
  let nodeCount: Int
  private let records: RecordColumn
  private let flags: Column<UInt8>
  private let memory: Column<Int32>
  let dependencies: ListColumn
  let dependents: ListColumn
  private let texts: FlatTexts
  let leafCount: Int
  private let leaves: RecordColumn
  /// The nodes that read a leaf.
  let readers: ListColumn
  let sourceCount: Int
  private let sources: Column<UInt32>
  /// The leaves that a source file is in.
  let sourceLeaves: ListColumn
  let targetCount: Int
  private let targets: RecordColumn
  private let unsupportedRecords: UnsafeRecords
  /// What a build of everything brings up to date, ascending.
  let roots: Column<Int32>

  /// Where each record begins in some bytes.
  private struct RecordColumn {
    let offsets: Column<UInt64>
    let bytes: UnsafeRecords
    var count: Int { max(0, offsets.count - 1) }
    func reader(_ row: Int, _ texts: FlatTexts) -> FlatReader { bytes.reader(at: Int(offsets[row]), texts) }
  }

  private struct UnsafeRecords: @unchecked Sendable {
    // Sendable: as the bytes it points into.
    let bytes: UnsafeRawBufferPointer
    func reader(at position: Int, _ texts: FlatTexts) -> FlatReader {
      FlatReader(bytes, at: position, texts: texts)
    }
  }

  static let sectionCount = 21

  /// - Returns: `nil` where the bytes are no graph.
  init?(_ owner: FlatBytes) {
    guard let sections = FlatSections.split(owner.bytes, count: Self.sectionCount) else { return nil }
    func list(_ first: Int) -> ListColumn {
      ListColumn(offsets: Column(sections[first]), values: Column(sections[first + 1]))
    }
    func recordColumn(_ first: Int) -> RecordColumn {
      RecordColumn(offsets: Column(sections[first]), bytes: UnsafeRecords(bytes: sections[first + 1]))
    }
    self.owner = owner
    records = recordColumn(0)
    flags = Column(sections[2])
    memory = Column(sections[3])
    dependencies = list(4)
    dependents = list(6)
    texts = .columns(offsets: Column(sections[8]), bytes: Column(sections[9]))
    leaves = recordColumn(10)
    readers = list(12)
    sources = Column(sections[14])
    sourceLeaves = list(15)
    targets = recordColumn(17)
    unsupportedRecords = UnsafeRecords(bytes: sections[19])
    roots = Column(sections[20])
    (nodeCount, leafCount, sourceCount) = (records.count, leaves.count, sources.count)
    targetCount = targets.count
    guard flags.count == nodeCount, memory.count == nodeCount else { return nil }
  }

  func flags(_ node: Int) -> NodeRecord.Flags { NodeRecord.Flags(rawValue: flags[node]) }

  func memoryMegabytes(_ node: Int) -> Int { Int(memory[node]) }

  func reader(ofNode node: Int) -> FlatReader { records.reader(node, texts) }

  func sourcePath(_ number: Int) -> String { texts[Int(sources[number])] }

  /// What a leaf is, without digests.
  func leaf(_ number: Int) -> (origin: String, kind: Artifact.Kind, record: LeafRecord) {
    var reader = leaves.reader(number, texts)
    return (reader.text(), reader.kind(), reader.record())
  }

  /// A label that delivers something, by its place in label order.
  func target(_ number: Int) -> (label: Label, target: Graph.Target) {
    var reader = targets.reader(number, texts)
    return (reader.record(), reader.record())
  }

  /// The nodes that a build of a target brings up to date, without decoding the rest.
  func targetRoots(_ number: Int) -> [NodeID] {
    var reader = targets.reader(number, texts)
    Label.skip(in: &reader)
    return Graph.Target.roots(from: &reader)
  }

  func targetLabel(_ number: Int) -> Label {
    var reader = targets.reader(number, texts)
    return reader.record()
  }

  var unsupported: [UnsupportedTarget] {
    var reader = unsupportedRecords.reader(at: 0, texts)
    return reader.records()
  }
}
