// Labels, places and what labels deliver, as records.

extension Label: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(package)
    writer.write(name)
    writer.write(tag) { $0.write($1) }
    writer.write(architecture) { $0.write($1.name) }
  }

  init(from reader: inout FlatReader) {
    self.init(
      package: reader.text(), name: reader.text(), tag: reader.optional { $0.text() },
      architecture: reader.architecture())
  }

  /// Goes over a label.
  static func skip(in reader: inout FlatReader) {
    reader.skipText()
    reader.skipText()
    if reader.boolean() { reader.skipText() }
    if reader.boolean() { reader.skipText() }
  }
}

extension SourceLocation: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(file)
    writer.write(line)
    writer.write(column)
  }

  init(from reader: inout FlatReader) {
    self.init(file: reader.text(), line: reader.integer(), column: reader.integer())
  }
}

extension Graph.Target: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(kind.rawValue)
    writer.write(UInt64(node.index))
    writer.write(output)
    writer.write(checks) { $0.write(UInt64($1.index)) }
  }

  init(from reader: inout FlatReader) {
    self.init(
      kind: Kind(rawValue: reader.text()) ?? .command, node: NodeID(index: Int32(reader.unsigned())),
      output: reader.text(), checks: reader.list { NodeID(index: Int32($0.unsigned())) })
  }

  /// `roots` of a record.
  static func roots(from reader: inout FlatReader) -> [NodeID] {
    reader.skipText()
    let node = NodeID(index: Int32(reader.unsigned()))
    reader.skipText()
    return [node] + reader.list { NodeID(index: Int32($0.unsigned())) }
  }
}

extension UnsupportedTarget: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(label)
    writer.write(kind.rawValue)
    writer.write(reason)
    writer.write(location)
    writer.write(origin)
    writer.write(isDeclared)
  }

  init(from reader: inout FlatReader) {
    label = reader.record()
    kind = Graph.Target.Kind(rawValue: reader.text()) ?? .command
    reason = reader.text()
    location = reader.record()
    origin = reader.text()
    isDeclared = reader.boolean()
  }
}
