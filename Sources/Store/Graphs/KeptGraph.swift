import GraphCore

/// A compiled graph that was kept and is the one of today, but for contents of source files. Nothing of it is read before it
/// is asked for: whoever only wants to know that all is up to date reads a few pages.
public struct KeptGraph: Sendable {
  public let info: GraphInfo
  /// Whether the marks hold: the store has lost nothing since.
  public let areMarksGood: Bool
  let check: PlaceCheck
  let state: CheckedFile
  let parts: PlaceCheck.Parts
  let structurePath: String

  /// The sections of the file of the state.
  enum Section: Int, CaseIterable {
    case info, places, settled, sources, leaves, deepKeys
  }

  /// Whether everything is up to date: all roots were settled, nothing was lost, no source has another content.
  public var isComplete: Bool { info.isComplete && areMarksGood && check.edits.isEmpty }

  /// Whether nothing would be kept in another way: not even a stamp is another one.
  public var isUntouched: Bool { check.isUntouched }

  /// Whether source files have other contents.
  public var hasEdits: Bool { !check.edits.isEmpty }

  /// What tells this graph from every other one; `nil` where sources have other contents than when it was kept.
  public var identity: String? {
    check.edits.isEmpty
      ? state.digest(Section.sources.rawValue).map { "\(info.structure) \($0)" } : nil
  }

  /// The graph as it is today, with marks that moved along.
  ///
  /// - Returns: `nil` where the file is damaged: then the graph is compiled anew.
  public func open() -> (graph: Graph, marks: Marks)? {
    guard let structure = CheckedFile(mapping: structurePath)?[0], let sources = state[.sources],
      let leaves = state[.leaves], let keys = state[.deepKeys], let bits = state[.settled],
      let graph = Graph(
        structure, sourceDigests: DigestColumn(rows: sources.bytes, owner: sources),
        leafDigests: DigestColumn(rows: leaves.bytes, owner: leaves)),
      let settled = NodeBits(bytes: bits.bytes, count: graph.nodeCount)
    else { return nil }
    let deepKeys = DigestColumn(rows: keys.bytes, owner: keys)
    guard deepKeys.count == graph.nodeCount else { return nil }
    var marks = Marks(
      deepKeys: deepKeys, settled: areMarksGood ? settled : NodeBits(count: graph.nodeCount))
    if check.edits.isEmpty { return (graph, marks) }
    let (edited, changed) = graph.updating(check.edits)
    marks.move(to: edited, changed: changed)
    return (edited, marks)
  }
}

extension CheckedFile {
  subscript(section: KeptGraph.Section) -> FlatBytes? { self[section.rawValue] }
}
