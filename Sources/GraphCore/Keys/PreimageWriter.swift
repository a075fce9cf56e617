/// Writes the lines of a preimage as bytes: the form is described at `Preimage`.
struct PreimageWriter {
  private(set) var bytes: [UInt8] = []

  /// What a preimage calls an input.
  enum InputName {
    /// By what it is.
    case artifact(Artifact)
    /// By the deep key of what makes it, and the name of the output.
    case deep(Key, String)
    case text(String)
  }

  /// - Parameter name: of each input, by its place in the action's list.
  init(_ action: Action, inputName name: (Int) -> InputName) {
    bytes.reserveCapacity(1024)
    line("graph-key 1")
    begin("rule")
    word("\(action.rule)")
    end()
    if let architecture = action.architecture { line("architecture", architecture.name) }
    for argument in action.arguments {
      begin("argument")
      word(argument.name)
      argument.values.forEach { word($0) }
      end()
    }
    for (name, value) in action.environment.sorted(by: { $0.key.precedesInBytes($1.key) }) {
      line("environment", "\(name)=\(value)")
    }
    if let command = action.command { append(command) }
    for (index, input) in action.inputs.enumerated() {
      begin("input ")
      append(name(index))
      word(input.role)
      end()
    }
    for output in action.outputs {
      begin("output")
      word(output.kind.rawValue)
      word(output.name)
      end()
    }
  }

  /// Of a deep key: what nodes make is named by their deep keys.
  init(deepOf action: Action, producers: (NodeID) -> Key) {
    self.init(action) { index in
      switch action.inputs[index].source {
      case .leaf(let leaf): .artifact(leaf.artifact)
      case .output(let producer, let name): .deep(producers(producer), name)
      }
    }
  }

  private mutating func append(_ name: InputName) {
    switch name {
    case .artifact(let artifact):
      bytes += artifact.kind.rawValue.utf8
      bytes.append(0x20)
      bytes += artifact.digest.description.utf8
    case .deep(let key, let output):
      bytes += "deep ".utf8
      bytes += key.digest.hex.utf8
      word(output)
    case .text(let text): bytes += text.utf8
    }
  }

  private mutating func append(_ command: Command) {
    begin("command")
    command.argv.forEach { word($0) }
    end()
    line("directory", command.workingDirectory)
    switch command.root {
    case .host: line("root host")
    case .layers: line("root layers")
    case .hostWithLayers(let target): line("root host-with-layers", target)
    }
    for stage in command.stages {
      begin("stage")
      word(stage.role)
      word(stage.path)
      end()
    }
    for mount in command.mounts {
      begin("mount")
      mount.keyWords.forEach { word($0) }
      end()
    }
    for collect in command.collects {
      switch collect.from {
      case .path(let path):
        begin("collect")
        word(collect.output)
        word(path)
        end()
      case .changes: line("collect-changes", collect.output)
      }
    }
    for discard in command.discards { line("discard", discard) }
    if !command.user.isEmpty { line("user", command.user) }
    if command.network { line("network") }
  }

  private mutating func line(_ text: String) {
    begin(text)
    end()
  }

  private mutating func line(_ fact: String, _ value: String) {
    begin(fact)
    word(value)
    end()
  }

  private mutating func begin(_ text: String) { bytes += text.utf8 }

  private mutating func word(_ text: String) {
    bytes.append(0x20)
    bytes += Escape.encode(text).utf8
  }

  private mutating func end() { bytes.append(0x0a) }
}
