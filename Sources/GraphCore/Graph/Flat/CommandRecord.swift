// Commands and their mounts as records.

extension Command: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(argv)
    writer.write(workingDirectory)
    switch root {
    case .host: writer.write(0)
    case .layers: writer.write(1)
    case .hostWithLayers(let target):
      writer.write(2)
      writer.write(target)
    }
    writer.write(stages) {
      $0.write($1.role)
      $0.write($1.path)
    }
    writer.write(mounts)
    writer.write(collects) { writer, collect in
      writer.write(collect.output)
      let path: String? = if case .path(let path) = collect.from { path } else { nil }
      writer.write(path) { $0.write($1) }
    }
    writer.write(discards)
    writer.write(user)
    writer.write(network)
  }

  init(from reader: inout FlatReader) {
    argv = reader.strings()
    workingDirectory = reader.text()
    root =
      switch reader.integer() {
      case 0: .host
      case 1: .layers
      default: .hostWithLayers(target: reader.text())
      }
    stages = reader.list { reader in
      let role = reader.text()
      return Stage(role: role, path: reader.text())
    }
    mounts = reader.records()
    collects = reader.list { reader in
      let output = reader.text()
      return Collect(output: output, from: reader.optional { $0.text() }.map { .path($0) } ?? .changes)
    }
    discards = reader.strings()
    user = reader.text()
    network = reader.boolean()
  }
}

extension Command.Mount: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(target)
    switch kind {
    case .bind(let content, let isWritable):
      writer.write(0)
      writer.write(content)
      writer.write(isWritable)
    case .memory(let size):
      writer.write(1)
      writer.write(size) { $0.write($1) }
    case .cache(let cache):
      writer.write(2)
      writer.write(cache)
    case .secret(let secret):
      writer.write(3)
      writer.write(secret.id)
      writer.write(secret.isRequired)
      writer.write(secret.access)
      writer.write(secret.environmentName) { $0.write($1) }
    case .agent(let agent):
      writer.write(4)
      writer.write(agent.id)
      writer.write(agent.isRequired)
      writer.write(agent.access)
    }
  }

  init(from reader: inout FlatReader) {
    target = reader.text()
    switch reader.integer() {
    case 0:
      let content: Content = reader.record()
      kind = .bind(content, isWritable: reader.boolean())
    case 1: kind = .memory(sizeBytes: reader.optional { $0.unsigned() })
    case 2: kind = .cache(reader.record())
    case 3:
      kind = .secret(
        Secret(
          id: reader.text(), isRequired: reader.boolean(), access: reader.record(),
          environmentName: reader.optional { $0.text() }))
    default:
      kind = .agent(Agent(id: reader.text(), isRequired: reader.boolean(), access: reader.record()))
    }
  }
}

extension Command.Mount.Content: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(role)
    writer.write(path)
  }

  init(from reader: inout FlatReader) { self.init(role: reader.text(), path: reader.text()) }
}

extension Command.Mount.Access: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(UInt64(mode))
    writer.write(UInt64(user))
    writer.write(UInt64(group))
  }

  init(from reader: inout FlatReader) {
    self.init(
      mode: UInt16(truncatingIfNeeded: reader.unsigned()),
      user: UInt32(truncatingIfNeeded: reader.unsigned()),
      group: UInt32(truncatingIfNeeded: reader.unsigned()))
  }
}

extension Command.Mount.Cache: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(id)
    writer.write(sharing.rawValue)
    writer.write(isReadOnly)
    writer.write(access)
    writer.write(content) { $0.write($1) }
  }

  init(from reader: inout FlatReader) {
    self.init(
      id: reader.text(), sharing: Sharing(rawValue: reader.text()) ?? .shared, isReadOnly: reader.boolean(),
      access: reader.record(), content: reader.optional { $0.record() })
  }
}
