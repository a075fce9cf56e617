import GraphCore
import Manifests
import Resolve

/// COPY and WORKDIR: instructions that change files without running anything.
extension InstructionReader {
  mutating func readCopy(_ copy: Dockerfile.Copy, _ instruction: Dockerfile.Instruction) throws {
    guard var current = state else { return }
    var sources: [Located<String>] = []
    for source in copy.sources {
      sources.append(Located(expand(source.value, instruction), at: source.location))
    }
    let collected: CopySources.Collected
    do {
      collected = try CopySources.collect(
        sources, from: image.source, context: image.contextFolder,
        listing: try compilation.listing(of: image))
    } catch let error as GraphError {
      fail(error.message, instruction, hint: error.hint)
      return
    }
    switch collected {
    case .failure(let diagnostic):
      compilation.diagnostics.add(diagnostic)
      hasFailed = true
    case .success(let found):
      let destination = expand(copy.destination, instruction)
      if copy.sources.count > 1 || found.isSeveral, !destination.hasSuffix("/") {
        fail(
          "COPY of several files needs a folder as its destination", instruction,
          hint: "write '\(destination)/' with a slash at the end")
        return
      }
      let node = compilation.builder.add(
        Node(
          label: label, step: "\(number) \(instruction.keyword)", detail: instruction.detail,
          action: Action(
            rule: CopyOperation.rule,
            arguments: [
              .init("entries", found.entries), .init("destination", destination),
              .init("working-directory", current.settings.workingDirectory ?? "/"),
              .init("owner", copy.owner.map { expand($0, instruction) } ?? ""),
              .init("mode", copy.mode ?? ""),
            ],
            inputs: current.layerInputs + found.inputs, outputs: [.init("layer", .layer)]),
          location: instruction.location))
      compilation.push(
        OutputReference(node: node, output: "layer"), step: "\(number) ", to: &current, label: label,
        location: instruction.location)
      current.history.append((instruction.text, current.layers.count - 1))
      state = current
    }
  }

  mutating func readWorkingDirectory(_ path: String, _ instruction: Dockerfile.Instruction) throws {
    guard var current = state else { return }
    let expanded = expand(path, instruction)
    let folder = Self.join(current.settings.workingDirectory ?? "/", expanded)
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(number) \(instruction.keyword)", detail: instruction.detail,
        action: Action(
          rule: MakeFolderOperation.rule, arguments: [.init("folder", folder)], inputs: current.layerInputs,
          outputs: [.init("layer", .layer)]),
        location: instruction.location))
    compilation.push(
      OutputReference(node: node, output: "layer"), step: "\(number) ", to: &current, label: label,
      location: instruction.location)
    state = current
    try change(.workingDirectory(folder), instruction, layer: current.layers.count - 1)
  }

  /// An absolute path without `.` and `..`; as for a process, there is nothing above the root.
  static func join(_ folder: String, _ path: String) -> String {
    var parts: [Substring] = []
    for part in (path.hasPrefix("/") ? path : "\(folder)/\(path)").split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }
}
