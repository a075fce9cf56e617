import GraphCore
import Glibc
import Subprocess
import SystemPackage

/// Runs actions on this machine: commands in the sandbox, operations in the engine.
public struct LocalExecutor: Executor {
  private let store: any BlobStore
  private let checkouts: any Checkouts
  private let operations: [String: any Operation]
  private let scratch: String
  private let helper: String
  private let emulators: Emulators
  private let importer: LeafImporter
  private let mounts: CommandMounts

  /// - Parameters:
  ///   - operations: how actions without a command are done, one for each rule.
  ///   - scratch: a folder for what runs now; on the file system of the checkouts, so that layers can be moved.
  ///   - helper: the path of `graph-sandbox`.
  ///   - mounts: what mounts of commands take from who started graph.
  ///   - readGitBlob: the bytes of an object of a bare mirror.
  public init(
    store: any BlobStore, checkouts: any Checkouts, operations: [any Operation], scratch: String,
    helper: String,
    emulators: Emulators, mounts: MountSources = MountSources(),
    readGitBlob: @escaping @Sendable (_ mirror: String, _ object: String) throws -> [UInt8]
  ) {
    self.store = store
    self.checkouts = checkouts
    self.operations = Dictionary(
      operations.map { ($0.rule.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.scratch = scratch
    self.helper = helper
    self.emulators = emulators
    self.mounts = CommandMounts(sources: mounts, checkouts: checkouts, helper: helper)
    importer = LeafImporter(store: store, readGitBlob: readGitBlob)
  }

  public func execute(_ task: ActionTask) async throws -> ExecutedAction {
    for case .leaf(let leaf) in task.action.inputs.map(\.source) { try importer.importLeaf(leaf) }
    if let command = task.action.command {
      try mounts.sources.require(command)
      return try await confirming(task.inputs) { try await run(command, of: task) }
    }
    guard let operation = operations[task.action.rule.name] else {
      throw GraphError(.bug, "no operation does the rule '\(task.action.rule)' of '\(task.node.name)'")
    }
    return ExecutedAction(outputs: try await operation.run(task, store: store))
  }
}

extension LocalExecutor {
  /// Runs once more what has seen a damaged checkout; what came of that is nothing.
  private func confirming(
    _ inputs: [Artifact], _ run: () async throws -> ExecutedAction
  ) async throws -> ExecutedAction {
    let damages = checkouts.damagesSoFar()
    let first: Result<ExecutedAction, any Error>
    do { first = .success(try await run()) } catch { first = .failure(error) }
    try Task.checkCancellation()
    return try await checkouts.confirm(inputs, since: damages) ? first.get() : run()
  }

  /// The folders of one run.
  private struct Workplace {
    let folder: String
    var root: String { folder + "/root" }
    var upper: String { folder + "/upper" }
    var work: String { folder + "/work" }
    var capture: String { folder + "/capture.tar" }
    var status: String { folder + "/status" }
    func output(_ name: String) -> String { folder + "/out/" + Escape.encode(name).replacing("/", with: "%") }
  }

  private func run(_ command: Command, of task: ActionTask) async throws -> ExecutedAction {
    let place = Workplace(folder: try FileSystem.makeScratch(in: scratch))
    do {
      let executed = try await run(command, of: task, in: place)
      await remove(place)
      return executed
    } catch {
      await remove(place)
      throw error
    }
  }

  private func run(_ command: Command, of task: ActionTask, in place: Workplace) async throws
    -> ExecutedAction
  {
    let emulator = try await emulator(for: task.action)
    var arguments = try prepare(command, of: task, emulator: emulator, in: place)
    let held = try await mounts.add(command, of: task, scratch: place.folder, to: &arguments)
    defer { withExtendedLifetime(held) {} }
    for discard in command.discards { arguments.add("--discard", discard) }
    for collect in command.collects {
      switch collect.from {
      case .path(let path): arguments.add("--collect", path, place.output(collect.output))
      case .changes: arguments.add("--capture", place.capture)
      }
    }
    arguments.add("--status", place.status)
    arguments.run(command.argv)
    let log: [UInt8]
    do {
      log = try await SandboxRun(
        helper: helper, arguments: arguments, statusFile: place.status,
        timeoutSeconds: task.action.limits.timeoutSeconds, redactor: held.redactor
      ).run()
    } catch let failure as ActionFailed where FileSystem.freeMegabytes(place.folder) < Self.freeMegabytesMin {
      // Programs say it in many ways when a disk is full; it is not what they were asked for that is wrong.
      throw ActionFailed(
        .environment, "\(failure.reason), and the disk of '\(scratch)' is full", log: failure.log)
    }
    let outputs = try collect(command, of: task.action, in: place, log: log)
    return ExecutedAction(outputs: outputs, emulator: emulator?.version, log: log)
  }

  /// With less than this left, a failure is taken for the disk's.
  private static let freeMegabytesMin = 16

  /// Opens the sandbox of an action at the user's terminal, with everything the action finds there, and runs `argv` in
  /// place of its command. What is changed is thrown away.
  ///
  /// - Returns: the exit status of `argv`.
  public func enter(_ task: ActionTask, argv: [String]) async throws -> Int32 {
    for case .leaf(let leaf) in task.action.inputs.map(\.source) { try importer.importLeaf(leaf) }
    guard let command = task.action.command else {
      throw GraphError(.usage, "the step '\(task.node.step)' runs no command: it is done inside graph")
    }
    try mounts.sources.require(command)
    let place = Workplace(folder: try FileSystem.makeScratch(in: scratch))
    do {
      var arguments = try prepare(
        command, of: task, emulator: try await emulator(for: task.action), in: place)
      let held = try await mounts.add(command, of: task, scratch: place.folder, to: &arguments)
      defer { withExtendedLifetime(held) {} }
      // Outputs are not wanted, but the command expects their folders.
      for collect in command.collects {
        if case .path(let path) = collect.from {
          arguments.add("--collect", path, place.output(collect.output))
        }
      }
      arguments.add("--tty")
      arguments.run(argv)
      let status = try await InteractiveSandbox.run(helper: helper, arguments: arguments)
      await remove(place)
      return status
    } catch {
      await remove(place)
      throw error
    }
  }

  /// The part of the helper's command line that does not depend on what runs: root, inputs, emulator, environment.
  private func prepare(
    _ command: Command, of task: ActionTask, emulator: Emulators.Emulator?, in place: Workplace
  ) throws -> SandboxArguments {
    for folder in [place.root, place.upper, place.work, place.folder + "/out"] {
      try FileSystem.makeDirectory(folder)
    }
    let layers = task.inputs(under: "layer").map(\.artifact)
    var arguments = SandboxArguments()
    addRoot(of: command, layers: try layers.map { try checkouts.layer($0) }, in: place, to: &arguments)
    try addStages(of: command, of: task, to: &arguments)
    if let emulator { arguments.add("--emulator", emulator.option) }
    arguments.addSettings(
      of: command, in: task.action, epoch: try task.epoch(reading: store),
      proxies: CommandEnvironment.proxies(of: Self.callerEnvironment()))
    return arguments
  }

  private func addRoot(
    of command: Command, layers: [String], in place: Workplace, to arguments: inout SandboxArguments
  ) {
    switch command.root {
    case .host:
      arguments.useHostRoot(place.root)
      return
    case .layers: break
    case .hostWithLayers(let target): arguments.useHostRoot(place.root, target: target)
    }
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

  private func collect(
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
        // What it printed helps to see why.
        throw ActionFailed(failure.kind, failure.reason, log: log)
      }
    }
    return outputs
  }

  /// Files in the upper folder may belong to ids that only exist inside, so the helper removes them.
  private func remove(_ place: Workplace) async {
    let (helper, folder) = (helper, place.folder)
    // In a task of its own, because a cancelled one can start no process; what fails is swept with the scratch folder.
    await Task.detached {
      _ = try? await Subprocess.run(
        .path(FilePath(helper)), arguments: ["--remove", folder], output: .discarded, error: .discarded)
    }.value
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
