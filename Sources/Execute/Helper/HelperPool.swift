import Glibc
import GraphCore
import Synchronization

/// The helpers of this process: as many as run something at once.
public final class HelperPool: Sendable {
  let program: String
  private let memoryBytes: UInt64
  private let state = Mutex(State())

  /// Which commands a helper serves.
  private struct Kind: Hashable {
    /// Those with the host's network.
    var hasNetwork = false
    /// Those that run under an emulator, in a user namespace of their own: helpers of others cannot make one.
    var isEmulated = false
  }

  private struct State {
    var idle: [Kind: [HelperProcess]] = [:]
    var group: ControlGroup?
  }

  /// - Parameters:
  ///   - program: the path of `graph-sandbox`.
  ///   - memoryBytes: what all that runs may hold together, where control groups are there to hold it to that.
  public init(program: String, memoryBytes: UInt64 = 0) {
    self.program = program
    self.memoryBytes = memoryBytes
  }

  /// Runs what the words of the helper's command line ask for. Cancelling the task ends it.
  ///
  /// - Returns: the lines of its status; none where the helper was ended from outside.
  func run(
    _ words: [String], descriptors: [Descriptor] = [], hasNetwork: Bool = false, log: RunLog = RunLog()
  ) async throws -> [String] {
    let kind = Kind(hasNetwork: hasNetwork, isEmulated: words.contains("--emulator"))
    let helper = try take(kind)
    let ending = await withTaskCancellationHandler {
      await HelperThread.run {
        helper.run(words, descriptors: descriptors.map(\.number)) { log.append($0) }
      }
    } onCancel: {
      helper.stop()
    }
    // A cancellation may have come just after the end.
    if ending.isReusable, helper.isUsable {
      state.withLock { $0.idle[kind, default: []].append(helper) }
    }
    return ending.lines
  }

  private func take(_ kind: Kind) throws -> HelperProcess {
    let (helper, group) = try state.withLock { state in
      if state.group == nil { try divide(&state) }
      return (state.idle[kind]?.popLast(), state.group)
    }
    if let helper, helper.isUsable { return helper }
    var options = kind.hasNetwork ? ["--network"] : []
    if case .folder(let folder) = group { options += ["--group", folder] }
    return try HelperProcess(program: program, options: options)
  }

  /// Before anything else runs: who is in a group that is divided has to leave it first.
  private func divide(_ state: inout State) throws {
    let helper = try HelperProcess(program: program, options: [])
    let ending = helper.run(["--delegate", "\(getpid())", "--memory", "\(memoryBytes)"]) { _ in }
    state.group = ControlGroup(answer: ending.lines.first ?? "")
    if ending.isReusable { state.idle[Kind(), default: []].append(helper) }
  }

  /// Where control groups are made.
  var group: ControlGroup {
    get throws {
      try state.withLock { state in
        if state.group == nil { try divide(&state) }
        return state.group ?? .none("")
      }
    }
  }

  /// Removes a folder with all that is in it, whoever of the ids inside owns it. What stays is swept with the scratch.
  func remove(_ folder: String) async {
    // In a task of its own, because a cancelled one ends what it runs.
    await Task.detached { _ = try? await self.run(["--remove", folder]) }.value
  }
}
