import GraphCore
import Glibc

/// What stands between an action and the helper's command line: roots, inputs, emulators and environment before a run,
/// outputs after it.
struct SandboxPreparation {
  let store: any BlobStore
  let checkouts: any Checkouts
  let emulators: Emulators

  /// The part of the helper's command line that does not depend on what runs.
  func prepare(
    _ command: Command, of task: ActionTask, in place: Workplace
  ) async throws -> (arguments: SandboxArguments, emulator: Emulators.Emulator?) {
    let layers = task.inputs(under: "layer").map(\.artifact)
    var arguments = SandboxArguments()
    try addRoot(
      of: command, layers: try layers.map { try checkouts.layer($0) }, in: place, to: &arguments)
    try addStages(of: command, of: task, to: &arguments)
    let emulator = try await emulator(for: task.action)
    if let emulator { arguments.add("--emulator", emulator.option) }
    arguments.addSettings(
      of: command, in: task.action, epoch: try task.epoch(reading: store),
      proxies: command.network ? CommandEnvironment.proxies(of: Self.callerEnvironment()) : [:])
    return (arguments, emulator)
  }

  private func addRoot(
    of command: Command, layers: [String], in place: Workplace, to arguments: inout SandboxArguments
  ) throws {
    switch command.root {
    case .layers: break
    case .host: arguments.useHostRoot(place.root)
    case .hostWithLayers(let target): arguments.useHostRoot(place.root, target: target)
    }
    if command.root == .host { return }
    for folder in [place.upper, place.work] { try FileSystem.makeDirectory(folder) }
    arguments.stack(layers)
    arguments.keepChanges(upper: place.upper, work: place.work)
  }

  private func addStages(of command: Command, of task: ActionTask, to arguments: inout SandboxArguments)
    throws
  {
    for stage in command.stages {
      guard let artifact = task.input(stage.role) else {
        throw GraphError(.bug, "'\(task.node.name)' places an input '\(stage.role)' that it does not have")
      }
      switch artifact.kind {
      case .blob: arguments.bindReadOnly(try checkouts.file(artifact.digest), at: stage.path)
      case .tree: arguments.bindReadOnly(try checkouts.tree(artifact), at: stage.path)
      case .layer: arguments.bindReadOnly(try checkouts.layer(artifact), at: stage.path)
      }
    }
  }

  /// Only where the layers hold the programs: those of the host are native, except the scripts and loaders of a root
  /// that the host's tools run in it.
  private func emulator(for action: Action) async throws -> Emulators.Emulator? {
    guard let architecture = action.emulatedArchitecture else { return nil }
    return try await emulators.emulator(for: architecture)
  }

  /// The outputs of a command that succeeded.
  ///
  /// - Parameter log: what it printed, which helps to see why one is missing.
  func collect(
    _ command: Command, of action: Action, in place: Workplace, log: [UInt8]
  ) throws -> [String: Artifact] {
    var outputs: [String: Artifact] = [:]
    for collect in command.collects {
      guard let output = action.outputs.first(where: { $0.name == collect.output }) else {
        throw GraphError(
          .bug, "the rule '\(action.rule)' collects '\(collect.output)', which it does not declare")
      }
      do {
        switch collect.from {
        case .path(let path):
          outputs[output.name] = try OutputCollector(store: store).collect(
            place.output(output.name), leftAt: path, as: output.kind)
        case .changes:
          let layer = try LayerImport.layer(fromCapture: place.capture, store: store, scratch: place.folder)
          let artifact = try store.write(layer, as: .layer)
          try checkouts.adopt(place.upper, as: artifact)
          outputs[output.name] = artifact
        }
      } catch let failure as ActionFailed {
        throw ActionFailed(failure.kind, failure.reason, log: log)
      }
    }
    return outputs
  }

  private static func callerEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var next = environ
    while let pair = next.pointee {
      let text = String(cString: pair)
      if let equals = text.firstIndex(of: "=") {
        variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      next += 1
    }
    return variables
  }
}
