import GraphCore

/// One run in a sandbox: its log, and what its end means.
struct SandboxRun {
  let helpers: HelperPool
  /// The helper's command line.
  let words: [String]
  /// What the words call `received:0` and so on.
  var descriptors: [Descriptor] = []
  var hasNetwork = false
  /// Takes secrets out of the log.
  var redactor = Redactor()

  /// What a command left that ended with status 0.
  struct Success {
    var log: [UInt8]
    /// The most that was in use at once; `nil` where nobody measured it.
    var peakMemoryBytes: Int64?
  }

  /// - Throws: `ActionFailed`, `GraphError(.environment)` where the sandbox could not be made, `GraphError(.unavailable)` without a usable emulator, `CancellationError`.
  func run() async throws -> Success {
    let log = RunLog(redactor: redactor)
    let lines = try await helpers.run(words, descriptors: descriptors, hasNetwork: hasNetwork, log: log)
    try Task.checkCancellation()
    let status = SandboxStatus(lines: lines)
    try status.judge(log: log.bytes)
    return Success(log: log.bytes, peakMemoryBytes: status.memoryBytes)
  }
}
