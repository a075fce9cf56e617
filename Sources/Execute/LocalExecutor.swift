import Formats
import GraphCore
import Glibc

/// Runs actions on this machine: commands in the sandbox, operations in the engine.
public struct LocalExecutor: Executor {
  private let store: any BlobStore
  private let operations: [String: any Operation]
  private let scratch: String
  private let helpers: HelperPool
  private let importer: LeafImporter
  private let mounts: CommandMounts
  private let preparation: SandboxPreparation
  private let places: Workplaces
  private let limits: ResourceLimits

  /// - Parameters:
  ///   - operations: how actions without a command are done, one for each rule.
  ///   - scratch: a folder for what runs now; on the file system of the checkouts, so that layers can be moved.
  ///   - limits: of commands that declare none.
  ///   - mounts: what mounts of commands take from who started graph.
  ///   - readGitBlob: the bytes of an object of a bare mirror.
  public init(
    store: any BlobStore, checkouts: any Checkouts, operations: [any Operation], scratch: String,
    helpers: HelperPool, limits: ResourceLimits, emulators: Emulators, mounts: MountSources = MountSources(),
    readGitBlob: @escaping @Sendable (_ mirror: String, _ object: String) throws -> [UInt8]
  ) {
    self.store = store
    self.operations = Dictionary(
      operations.map { ($0.rule.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.scratch = scratch
    self.helpers = helpers
    self.limits = limits
    self.mounts = CommandMounts(sources: mounts, checkouts: checkouts, helpers: helpers)
    importer = LeafImporter(store: store, readGitBlob: readGitBlob)
    preparation = SandboxPreparation(
      store: store, checkouts: checkouts, emulators: emulators)
    places = Workplaces(scratch: scratch)
  }

  public func execute(_ task: ActionTask) async throws -> ExecutedAction {
    let leaves = task.action.leaves
    let watch = InputWatch(leaves)
    try importLeaves(of: task.action)
    let executed = try await run(task)
    try watch.requireUnchanged()
    return executed
  }

  public func importLeaves(of action: Action) throws {
    for leaf in action.leaves { try importer.importLeaf(leaf) }
  }

  private func run(_ task: ActionTask) async throws -> ExecutedAction {
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
    let checkouts = preparation.checkouts
    let damages = checkouts.damagesSoFar()
    let first: Result<ExecutedAction, any Error>
    do { first = .success(try await run()) } catch { first = .failure(error) }
    try Task.checkCancellation()
    return try await checkouts.confirm(inputs, since: damages) ? first.get() : run()
  }

  private func run(_ command: Command, of task: ActionTask) async throws -> ExecutedAction {
    let place = try places.take()
    do {
      let executed = try await run(command, of: task, in: place)
      if !places.giveBack(place) { await helpers.remove(place.folder) }
      return executed
    } catch {
      await helpers.remove(place.folder)
      throw error
    }
  }

  private func run(_ command: Command, of task: ActionTask, in place: Workplace) async throws
    -> ExecutedAction
  {
    var (arguments, emulator) = try await preparation.prepare(command, of: task, in: place)
    let held = try await mounts.add(command, of: task, scratch: place.mounts, to: &arguments)
    defer { withExtendedLifetime(held) {} }
    for discard in command.discards { arguments.add("--discard", discard) }
    for collect in command.collects {
      switch collect.from {
      case .path(let path): arguments.add("--collect", path, place.output(collect.output))
      case .changes: arguments.add("--capture", place.capture)
      }
    }
    arguments.limit(
      timeoutSeconds: task.action.limits.timeoutSeconds, bounds: limits.bounds(of: task.action),
      keepFreeBytes: limits.keepFreeBytes)
    arguments.run(command.argv)
    let success: SandboxRun.Success
    do {
      success = try await SandboxRun(
        helpers: helpers, words: arguments.words, descriptors: held.secrets, hasNetwork: command.network,
        redactor: held.redactor
      ).run()
    } catch  where FileSystem.freeMegabytes(place.folder) < Self.freeMegabytesMin {
      throw onFullDisk(error)
    }
    // Many programs go on where they could not write, and end as if nothing had been.
    if FileSystem.freeMegabytes(place.folder) < Self.freeMegabytesMin {
      throw onFullDisk(
        ActionFailed(.environment, "what it made cannot be relied on", log: success.log))
    }
    let outputs = try preparation.collect(command, of: task.action, in: place, log: success.log)
    return ExecutedAction(
      outputs: outputs, emulator: emulator?.version, log: success.log,
      peakMemoryBytes: success.peakMemoryBytes)
  }

  /// With less than this left, a failure is taken for the disk's, and nothing counts as made.
  private static let freeMegabytesMin = 16

  /// Programs say it in many ways when a disk is full; it is not what they were asked for that is wrong.
  private func onFullDisk(_ error: any Error) -> any Error {
    switch error {
    case let failure as ActionFailed:
      let full = DiskSpace.isUsedUp(for: failure.reason, at: scratch)
      return ActionFailed(.environment, full.message, hint: full.hint, log: failure.log)
    case let error as GraphError where error.kind == .environment:
      return DiskSpace.isUsedUp(for: error.message, at: scratch)
    default: return error
    }
  }

  /// Opens the sandbox of an action at the user's terminal, with everything the action finds there, and runs `argv` in
  /// place of its command. What is changed is thrown away.
  ///
  /// - Returns: the exit status of `argv`.
  public func enter(_ task: ActionTask, argv: [String]) async throws -> Int32 {
    try importLeaves(of: task.action)
    guard let command = task.action.command else {
      throw GraphError(.usage, "the step '\(task.node.step)' runs no command: it is done inside graph")
    }
    try mounts.sources.require(command)
    let place = try places.take()
    do {
      var arguments = try await preparation.prepare(command, of: task, in: place).arguments
      let held = try await mounts.add(
        command, of: task, scratch: place.mounts, isInteractive: true, to: &arguments)
      defer { withExtendedLifetime(held) {} }
      // Outputs are not wanted, but the command expects their folders.
      for collect in command.collects {
        if case .path(let path) = collect.from {
          arguments.add("--collect", path, place.output(collect.output))
        }
      }
      arguments.add("--tty")
      arguments.run(argv)
      let status = try await InteractiveSandbox.run(helper: helpers.program, arguments: arguments)
      await helpers.remove(place.folder)
      return status
    } catch {
      await helpers.remove(place.folder)
      throw error
    }
  }
}

extension Action {
  /// The inputs that no node makes.
  var leaves: [Leaf] {
    inputs.compactMap { if case .leaf(let leaf) = $0.source { leaf } else { nil } }
  }
}
