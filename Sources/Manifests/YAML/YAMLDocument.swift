import GraphCore

/// A YAML document as columns: every scalar is its source text, every node knows its place. Immutable.
///
/// Node 0 is not special: `rootIndex` is. Children of a node are a slice of `children`; a mapping's are its keys and
/// values in turns. An alias is the index of the node that its anchor names, so a document is a graph without cycles;
/// the parser bounds its depth and its size after expansion.
final class YAMLDocument: Sendable {
  enum Kind: UInt8, Sendable {
    case plain, quoted, list, mapping
  }

  struct Columns: Sendable {
    var kinds: [Kind] = []
    /// Empty for lists and mappings.
    var texts: [String] = []
    var lines: [Int32] = []
    var columns: [Int32] = []
    /// Characters on the first line.
    var lengths: [Int32] = []
    var childStarts: [Int32] = []
    var childCounts: [Int32] = []
    var children: [Int32] = []
  }

  let source: SourceText
  let columns: Columns
  private let rootIndex: Int32?

  init(source: SourceText, columns: Columns, root: Int32?) {
    self.source = source
    self.columns = columns
    rootIndex = root
  }

  /// `nil` for a file without any content.
  var root: YAMLNode? { rootIndex.map { YAMLNode(document: self, index: $0) } }
}

/// One node of a document.
struct YAMLNode {
  let document: YAMLDocument
  let index: Int32

  private var position: Int { Int(index) }
  var kind: YAMLDocument.Kind { document.columns.kinds[position] }
  var length: Int { Int(document.columns.lengths[position]) }

  var location: SourceLocation {
    document.source.location(
      line: Int(document.columns.lines[position]), column: Int(document.columns.columns[position]))
  }

  /// The source text of a scalar; `nil` for lists and mappings.
  var text: String? {
    switch kind {
    case .plain, .quoted: document.columns.texts[position]
    case .list, .mapping: nil
    }
  }

  /// Whether nothing is written, or `null` or `~` without quotes.
  var isNull: Bool {
    kind == .plain && ["", "null", "Null", "NULL", "~"].contains(document.columns.texts[position])
  }

  /// Elements of a list; keys and values in turns of a mapping.
  private var children: [YAMLNode] {
    let start = Int(document.columns.childStarts[position])
    let count = Int(document.columns.childCounts[position])
    return document.columns.children[start..<start + count].map { YAMLNode(document: document, index: $0) }
  }

  /// The elements of a list; empty for other nodes.
  var elements: [YAMLNode] { kind == .list ? children : [] }

  /// The pairs of a mapping in the order written; empty for other nodes. Keys are scalars and differ.
  var pairs: [(key: YAMLNode, value: YAMLNode)] {
    guard kind == .mapping else { return [] }
    let children = children
    return stride(from: 0, to: children.count - 1, by: 2).map { (children[$0], children[$0 + 1]) }
  }

  /// What it is, in words for messages.
  var description: String {
    switch kind {
    case .list: "a list"
    case .mapping: "a mapping"
    case .plain where isNull: "nothing"
    case .plain, .quoted: "the text '\(document.columns.texts[position].shortened)'"
    }
  }
}

extension String {
  /// At most 60 characters of it, without line ends: for messages.
  var shortened: String {
    let head = unicodeScalars.prefix(400)
    let flat = String(String.UnicodeScalarView(head.map { $0 == "\n" || $0 == "\r" ? " " : $0 }))
    return flat.count > 60 ? flat.prefix(57) + "..." : flat
  }
}
