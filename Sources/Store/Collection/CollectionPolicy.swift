import GraphCore

/// What a collection keeps.
public struct CollectionPolicy: Sendable {
  /// Of each workspace whose folder is there, so many of its newest runs.
  public var runs = 10
  /// Of all, those that are younger.
  public var days: Double = 14
  /// Above this the oldest of these runs are given up, down to the newest of each workspace.
  public var maximumBytes: Int64?
  /// Checkouts that nobody used for so long are removed; by whom they are used now is known by that alone.
  public var checkoutHours = 24
  /// Whether everything that is only there to be quick is removed, too: checkouts and answers, whenever they were used.
  public var removesAllCaches = false
  /// Whether nothing is removed.
  public var isDryRun = false
  /// Seconds since 1970.
  public var now: Double

  public init(now: Double) { self.now = now }
}

/// What a collection removed, or would remove, and what it keeps.
public struct CollectionReport: Sendable {
  /// One reason for removing.
  public enum Reason: String, Sendable, CaseIterable {
    /// No kept run, pin or release has the result.
    case results
    /// No result, run, snapshot or pin names it.
    case unnamed
    /// A file of blobs that no row names: of a process that was killed.
    case files
    case checkouts
    case scratch
    case answers
    case graphs
  }

  public struct Removal: Sendable {
    public var reason: Reason
    public var count: Int
    /// On the disk.
    public var bytes: Int64
  }

  /// A result that is forgotten.
  public struct ForgottenResult: Sendable {
    public var node: String
    public var key: Key?
    /// When it was made, in seconds since 1970.
    public var finished: Double
    /// What its blobs take that nothing else needs.
    public var bytes: Int64
  }

  public var removals: [Removal] = []
  public var forgotten: [ForgottenResult] = []
  /// Blobs that stay as long as processes are there that may have found them; their ids.
  public var waiting: (bytes: Int64, processes: [String]) = (0, [])
  /// What stays.
  public var keptBlobs = 0
  public var keptBytes: Int64 = 0
  public var keptRuns: [Int64] = []
  public var keptPins: [String] = []
  /// Blobs that nothing needs but what is stored as a difference to them.
  public var bases: (count: Int, bytes: Int64) = (0, 0)
  /// Runs that were given up because of the size.
  public var givenUp: [Int64] = []

  public init() {}

  public var removedBytes: Int64 { removals.reduce(0) { $0 + $1.bytes } }
}
