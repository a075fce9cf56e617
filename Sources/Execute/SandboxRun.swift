import GraphCore
import Subprocess
import SystemPackage

/// One run of `graph-sandbox`: its log, its time limit, and what its end means.
struct SandboxRun {
  let helper: String
  let arguments: SandboxArguments
  /// Where the helper writes how it ended.
  let statusFile: String
  let timeoutSeconds: Int
  /// Takes secrets out of the log.
  var redactor = Redactor()

  /// Returns the log of a command that ended with status 0.
  ///
  /// - Throws: `ActionFailed`, `GraphError(.environment)` where the sandbox could not be made,
  ///   `GraphError(.unavailable)` without a usable emulator, `CancellationError`.
  func run() async throws -> [UInt8] {
    let log = RunLog(redactor: redactor)
    let timedOut: Bool
    do {
      timedOut = try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
          try await launch(log)
          return false
        }
        group.addTask {
          try await Task.sleep(for: .seconds(timeoutSeconds))
          return true
        }
        // The first to end ends the other. Cancelling the launch kills the helper, whose death ends process 1 of the
        // sandbox, whose death ends everything inside.
        defer { group.cancelAll() }
        return try await group.next() ?? false
      }
    } catch {
      try Task.checkCancellation()
      throw error as? GraphError ?? GraphError(.environment, "starting '\(helper)': \(error)")
    }
    try Task.checkCancellation()
    if timedOut {
      throw ActionFailed(.resource, "was killed after \(timeoutSeconds) s", log: log.bytes)
    }
    try judge(log: log.bytes)
    return log.bytes
  }

  private func launch(_ log: RunLog) async throws {
    _ = try await Subprocess.run(
      .path(FilePath(helper)), arguments: Arguments(arguments.words), input: .none, output: .sequence,
      error: .combinedWithOutput
    ) { execution in
      for try await buffer in execution.standardOutput {
        log.append(buffer.withUnsafeBytes { Array($0) })
      }
    }
  }

  private func judge(log: [UInt8]) throws {
    // No file, or an empty one, is the last case below: the helper itself was killed before it could say anything.
    let status = String(decoding: (try? FileSystem.read(statusFile)) ?? [], as: UTF8.self)
    // Later lines are of process 1, about the process that wrote the first.
    let line = status.prefix { $0 != "\n" }
    let word = line.prefix { $0 != " " }
    let rest = String(line.dropFirst(word.count + 1))
    switch word {
    case "exited" where rest == "0": return
    case "exited" where rest == "137":
      // A shell reports a killed child so; nothing else does, and only a limit of the machine kills.
      throw ActionFailed(.resource, "a program of it was killed", log: log)
    case "exited": throw ActionFailed(.deterministic, "exited with status \(rest)", log: log)
    case "killed": throw ActionFailed(.resource, "was killed by signal \(rest)", log: log)
    case "refused": throw ActionFailed(.deterministic, rest, log: log)
    case "emulator":
      throw GraphError(
        .unavailable, rest, hint: "`graph doctor` gives the command that registers an emulator")
    case "failed": throw GraphError(.environment, "the sandbox could not be made: \(rest)")
    default:
      throw GraphError(
        .environment,
        "the sandbox was ended from outside: \(String(decoding: log.suffix(500), as: UTF8.self))")
    }
  }
}
