/// A node as a record: first what names it, so that a name costs little to read.
struct NodeRecord {
  /// What is looked at often, in a byte of its own beside the record.
  struct Flags: OptionSet {
    var rawValue: UInt8
    static let opaque = Flags(rawValue: 1)
    static let fanIn = Flags(rawValue: 2)
    static let failable = Flags(rawValue: 4)
    static let waiting = Flags(rawValue: 8)
    static let expanding = Flags(rawValue: 16)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ node: Node, isFailable: Bool) {
      self = []
      if node.isOpaque { insert(.opaque) }
      if node.isFanIn { insert(.fanIn) }
      if isFailable { insert(.failable) }
      if node.action.limits.isWaiting { insert(.waiting) }
      if node.action.isExpanding { insert(.expanding) }
    }
  }

  static func write(_ node: Node, to writer: inout FlatWriter, leaf: (Leaf) -> Int32) {
    writer.write(node.label)
    writer.write(node.step)
    writer.write(node.detail)
    writer.write(node.location) { $0.write($1) }
    node.action.write(to: &writer, leaf: leaf)
  }

  static func name(from reader: inout FlatReader) -> (label: Label, step: String) {
    (reader.record(), reader.text())
  }

  static func read(from reader: inout FlatReader, flags: Flags, leaf: (Int32) -> Leaf) -> Node {
    let (label, step) = name(from: &reader)
    let detail = reader.text()
    let location: SourceLocation? = reader.optional { $0.record() }
    var action = Action(from: &reader, leaf: leaf)
    action.isExpanding = flags.contains(.expanding)
    return Node(
      label: label, step: step, detail: detail, action: action, location: location,
      isOpaque: flags.contains(.opaque), isFanIn: flags.contains(.fanIn))
  }
}
