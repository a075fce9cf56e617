// Actions as records. Leaf inputs and nodes are written by number; everything else is written as it is, so that what is
// read equals what was written.

extension Action {
  func write(to writer: inout FlatWriter, leaf: (Leaf) -> Int32) {
    writer.write(rule.name)
    writer.write(rule.version)
    writer.write(arguments) {
      $0.write($1.name)
      $0.write($1.values)
    }
    writer.write(environment.sorted { $0.key.precedesInBytes($1.key) }) {
      $0.write($1.key)
      $0.write($1.value)
    }
    writer.write(architecture) { $0.write($1.name) }
    writer.write(inputs) { writer, input in
      writer.write(input.role)
      switch input.source {
      case .leaf(let source):
        writer.write(true)
        writer.write(UInt64(leaf(source)))
      case .output(let node, let output):
        writer.write(false)
        writer.write(UInt64(node.index))
        writer.write(output)
      }
    }
    writer.write(outputs) {
      $0.write($1.name)
      $0.write($1.kind)
    }
    writer.write(command) { $0.write($1) }
    writer.write(limits)
    writer.write(hints.sorted { $0.key.precedesInBytes($1.key) }) {
      $0.write($1.key)
      $0.write($1.value)
    }
  }

  init(from reader: inout FlatReader, leaf: (Int32) -> Leaf) {
    let name = reader.text()
    rule = Rule(name, version: reader.integer())
    arguments = reader.list { reader in
      let name = reader.text()
      return Argument(name, reader.strings())
    }
    environment = reader.dictionary()
    architecture = reader.architecture()
    inputs = reader.list { reader in
      let role = reader.text()
      if reader.boolean() { return Input(role, .leaf(leaf(Int32(reader.unsigned())))) }
      let node = NodeID(index: Int32(reader.unsigned()))
      return Input(role, .output(node, reader.text()))
    }
    outputs = reader.list { reader in
      let name = reader.text()
      return Output(name, reader.kind())
    }
    command = reader.optional { $0.record() }
    limits = reader.record()
    hints = reader.dictionary()
  }
}

extension Action.Limits: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(timeoutSeconds)
    writer.write(memoryMegabytes)
    writer.write(isWaiting)
    writer.write(bounds.memoryBytes) { $0.write($1) }
    writer.write(bounds.processes) { $0.write($1) }
    writer.write(bounds.diskBytes) { $0.write($1) }
  }

  init(from reader: inout FlatReader) {
    self.init(
      timeoutSeconds: reader.integer(), memoryMegabytes: reader.integer(), isWaiting: reader.boolean(),
      bounds: Bounds(
        memoryBytes: reader.optional { Int64($0.integer()) }, processes: reader.optional { $0.integer() },
        diskBytes: reader.optional { Int64($0.integer()) }))
  }
}

extension FlatWriter {
  /// Kinds by their place in the list of all.
  mutating func write(_ kind: Artifact.Kind) {
    write(UInt64(Artifact.Kind.allCases.firstIndex(of: kind) ?? 0))
  }
}

extension FlatReader {
  mutating func kind() -> Artifact.Kind {
    let all = Artifact.Kind.allCases
    return all[Int(unsigned()) % all.count]
  }

  mutating func architecture() -> Architecture? {
    optional { Architecture($0.text()) }.flatMap { $0 }
  }

  mutating func dictionary() -> [String: String] {
    let pairs = list { reader in
      let key = reader.text()
      return (key, reader.text())
    }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }
}
