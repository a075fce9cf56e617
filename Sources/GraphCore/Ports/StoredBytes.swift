import Synchronization

/// Counts what is added to the disk for an action, so that the next plan knows how much room it takes.
///
/// Whoever writes content for good adds to the counter of the current task; where there is none, nobody counts.
public final class StoredBytes: Sendable {
  @TaskLocal public static var current: StoredBytes?

  private let count = Atomic<Int64>(0)

  public init() {}

  public var sum: Int64 { count.load(ordering: .relaxed) }

  public func add(_ bytes: Int64) { count.wrappingAdd(bytes, ordering: .relaxed) }
}
