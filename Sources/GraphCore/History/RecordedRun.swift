/// One command that brought something up to date, as the history has it.
public struct RecordedRun: Hashable, Sendable {
  public var id: Int64
  public var command: String
  /// The folder of the workspace; `nil` in records of older versions.
  public var workspace: String?
  public var snapshot: String?
  /// Seconds since 1970, as are the other times.
  public var started: Double
  /// `nil` where it is still running, or was killed.
  public var finished: Double?
  /// `done`, `failed`, `incomplete`, `interrupted`, `killed`; `nil` as long as it runs.
  public var outcome: String?
  /// How many actions were to run at once.
  public var jobs: Int?
  /// How long its plan said it would take, in seconds.
  public var estimateSeconds: Double?
  /// How many nodes its plan left as they were.
  public var upToDate: Int?

  public init(
    id: Int64, command: String, workspace: String? = nil, snapshot: String? = nil, started: Double,
    finished: Double? = nil, outcome: String? = nil, jobs: Int? = nil, estimateSeconds: Double? = nil,
    upToDate: Int? = nil
  ) {
    (self.id, self.command, self.workspace, self.snapshot) = (id, command, workspace, snapshot)
    (self.started, self.finished, self.outcome) = (started, finished, outcome)
    (self.jobs, self.estimateSeconds, self.upToDate) = (jobs, estimateSeconds, upToDate)
  }
}

/// What became of one node in a run.
///
/// A run has a record only of what it touched: a node without one was left as the newest record before it says.
public struct RecordedNode: Hashable, Sendable {
  public enum Outcome: String, Sendable, CaseIterable {
    case ran
    /// Its inputs came out equal to those of an earlier result.
    case cutOff = "cut off"
    /// Its result was there, and is another one than it had before.
    case found
    case failed
    /// Something that it needs failed.
    case skipped
    case interrupted

    /// Whether the node had a result then.
    public var hasResult: Bool { self == .ran || self == .cutOff || self == .found }
  }

  /// Grows with each record of a store.
  public var id: Int64
  public var run: Int64
  /// `Node.name`.
  public var node: String
  public var outcome: Outcome
  /// Of the action as it ran or was to run; `nil` where an input of it was never known.
  public var key: Key?
  public var deepKey: Key?
  /// Why the plan had it run: `new`, `changed`, `cascade`, `lost`, `forced`.
  public var reason: String?
  /// When it took a place among those that run; seconds since 1970.
  public var started: Double
  /// How long it had that place.
  public var durationSeconds: Double
  /// Of that, how long it waited for another process that worked on the same key.
  public var leaseSeconds: Double
  /// Which emulator ran it (`qemu-aarch64 7.2.22`).
  public var emulator: String?
  public var outputs: [String: Artifact]
  /// What it added to the disk, in bytes.
  public var storedBytes: Int64?
  public var log: Digest?
  /// How it failed, or the name of the node because of which it was skipped.
  public var message: String?

  public init(
    id: Int64 = 0, run: Int64 = 0, node: String, outcome: Outcome, key: Key? = nil, deepKey: Key? = nil,
    reason: String? = nil, started: Double, durationSeconds: Double, leaseSeconds: Double = 0,
    emulator: String? = nil, outputs: [String: Artifact] = [:], storedBytes: Int64? = nil, log: Digest? = nil,
    message: String? = nil
  ) {
    (self.id, self.run, self.node, self.outcome) = (id, run, node, outcome)
    (self.key, self.deepKey, self.reason) = (key, deepKey, reason)
    (self.started, self.durationSeconds, self.leaseSeconds) = (started, durationSeconds, leaseSeconds)
    (self.emulator, self.outputs, self.storedBytes) = (emulator, outputs, storedBytes)
    (self.log, self.message) = (log, message)
  }
}
