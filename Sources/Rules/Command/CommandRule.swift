import Glibc
import GraphCore
import Manifests
import Resolve

/// `commands:` of `graph.d`: a program in the sandbox with declared inputs and outputs.
///
/// Inputs are at `/build/in/NAME`, fetched files at `/build/fetch/FILE`, outputs are left at `/build/out/NAME`; the
/// command starts in `/build`.
extension Compilation {
  func compile(_ command: CommandTarget, _ label: Label) throws -> NodeID? {
    let architecture = label.architecture
    var inputs: [Input] = []
    var stages: [Command.Stage] = []
    var values: [String: String] = ["item": command.item ?? label.name, "fetch": "/build/fetch"]
    values.merge(architecture?.placeholders ?? Architecture.noarch.placeholders) { $1 }
    for input in command.inputs {
      guard let source = try source(of: input, for: architecture) else { return nil }
      let name = input.name.value
      inputs.append(Input("input/\(name)", source))
      stages.append(Command.Stage(role: "input/\(name)", path: "/build/in/\(name)"))
      values["inputs.\(name)"] = "/build/in/\(name)"
    }
    for (name, source) in try fetchInputs(of: command, label) {
      inputs.append(Input("fetch/\(name)", source))
      stages.append(Command.Stage(role: "fetch/\(name)", path: "/build/fetch/\(name)"))
    }
    for output in command.outputs {
      values["outputs.\(output.name.value)"] = "/build/out/\(output.name.value)"
    }
    guard let root = try root(of: command, label, inputs: &inputs) else { return nil }

    let node = Node(
      label: label, step: "command",
      action: Action(
        rule: .init("command", version: 1),
        environment: command.environment.mapValues { Template($0).filled { values[$0] } },
        architecture: architecture,
        inputs: inputs,
        outputs: command.outputs.map { .init($0.name.value, $0.isFolder ? .tree : .blob) },
        command: Command(
          argv: command.command.map { Template($0.value).filled { values[$0] } }, workingDirectory: "/build",
          root: root, stages: stages,
          collects: command.outputs.map {
            .init(output: $0.name.value, from: .path("/build/out/\($0.name.value)"))
          }),
        limits: limits(command.timeoutSeconds, command.bounds)),
      location: command.location)
    let id = builder.add(node)
    if let first = command.outputs.first {
      builder.deliver(label, Graph.Target(kind: .command, node: id, output: first.name.value))
    }
    return id
  }

  /// What may be held at most is also what the scheduler counts.
  func limits(_ timeoutSeconds: Int, _ bounds: Action.Limits.Bounds) -> Action.Limits {
    var limits = Action.Limits(timeoutSeconds: timeoutSeconds, bounds: bounds)
    if let bytes = bounds.memoryBytes { limits.memoryMegabytes = Int(clamping: bytes >> 20) }
    return limits
  }

  /// The inputs `tool/NAME` for programs of the host.
  func toolInputs(_ names: [String]) -> [Input] {
    names.compactMap { name in
      guard let tool = resolved.tools[name], let digest = Digest(hex: tool.sha256, size: tool.size) else {
        return nil
      }
      return Input("tool/\(name)", .leaf(Leaf(Artifact(.blob, digest), .tool(path: tool.path), origin: name)))
    }
  }

  private func servesAll(_ label: Label) -> Bool {
    commandsByLabel[label]?.architectures.isEmpty ?? rpmsByLabel[label]?.isNoarch
      ?? (rpmsBySourceLabel[label] != nil)
  }

  private func root(of command: CommandTarget, _ label: Label, inputs: inout [Input]) throws -> Command.Root?
  {
    switch command.root.value {
    case .host:
      inputs += toolInputs(command.tools.map(\.value))
      return .host
    case .image(let image):
      guard let architecture = image.architecture ?? label.architecture else {
        diagnostics.add(
          .error(
            "the command serves every architecture, and its root '\(image)' is of one",
            at: command.root.location,
            hint: "write '\(image):x86_64', or remove 'arches: noarch'"))
        return nil
      }
      guard let state = try imageState(image.on(architecture), at: command.root.location) else { return nil }
      inputs += state.layerInputs
      return .layers
    }
  }

  private func source(of input: CommandTarget.NamedInput, for architecture: Architecture?) throws -> Input
    .Source?
  {
    switch input.source {
    case .label(let label):
      if architecture == nil, label.value.architecture == nil, !servesAll(label.value) {
        diagnostics.add(
          .error(
            "the command serves every architecture, and its input '\(label.value)' is of one",
            at: label.location,
            hint: "write '\(label.value):x86_64', or remove 'arches: noarch'"))
        return nil
      }
      let wanted = label.value.architecture == nil ? label.value.on(architecture) : label.value
      return try delivered(wanted, at: label.location)?.source
    case .path(let path):
      let tree = LocalSourceTree(
        root: resolved.workspace.root, origin: "", digests: resolved.digests,
        observer: resolved.observer)
      if let leaf = try tree.treeLeaf(path.value, origin: path.value) { return .leaf(leaf) }
      let full = "\(resolved.workspace.root)/\(path.value)"
      guard let digest = try? resolved.digests.digest(ofFileAt: full) else {
        // Not a file, or gone, or unreadable: the same thing to do for each.
        diagnostics.add(
          .error(
            "the input '\(path.value)' is no file or folder that can be read", at: path.location,
            hint: "paths of inputs are relative to the folder of graph.yml"))
        return nil
      }
      return .leaf(Leaf(Artifact(.blob, digest), .file(path: full), origin: path.value))
    }
  }

  /// A fetch node for each file that the snapshot pins for this target.
  private func fetchInputs(of command: CommandTarget, _ label: Label) throws -> [(String, Input.Source)] {
    guard command.fetch != nil else { return [] }
    let architecture = (label.architecture ?? resolved.workspace.fetchArchitecture).name
    let plain = label.withoutArchitecture.description
    let pin = fetchPin(plain, architecture)
    return (pin?.files ?? []).compactMap { file in
      guard let digest = Digest(hex: file.sha256, size: file.size) else { return nil }
      let node = builder.add(
        Node(
          label: label, step: "fetch \(file.name)",
          action: Action(
            rule: FetchOperation.rule, arguments: [.init("digest", digest.description)],
            outputs: [.init("file", .blob)], limits: .init(memoryMegabytes: 32, isWaiting: true),
            hints: ["url": file.url, Action.fetchBytesHint: "\(digest.size)"]),
          location: command.location))
      return (file.name, .output(node, "file"))
    }
  }
}
