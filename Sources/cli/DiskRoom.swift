import Formats
import GraphCore
import Report

/// What the disk that holds a store has left, and whether that will do.
struct DiskRoom: Sendable {
  private let store: String
  /// In bytes; `nil` where the system does not say.
  let freeBytes: Int64?

  /// - Parameter store: the store's folder, which need not exist yet.
  init(of store: String) {
    self.store = store
    freeBytes = DiskSpace(of: store)?.freeBytes
  }

  /// How many bytes are missing for the work; 0 where it is likely to fit.
  func missingBytes(for estimate: WorkEstimate) -> Int64 {
    guard let freeBytes, estimate.storedBytes > freeBytes else { return 0 }
    return estimate.storedBytes - freeBytes
  }

  /// Whether there is so much room that what others write meanwhile plays no part.
  func isAmple(for estimate: WorkEstimate) -> Bool {
    freeBytes.map { estimate.storedBytes <= $0 / 8 } ?? true
  }

  /// What to say where the room will not do; `nil` where it will.
  func warning(for estimate: WorkEstimate) -> String? {
    guard let freeBytes, missingBytes(for: estimate) > 0 else { return nil }
    return
      "the disk that holds the store '\(store)' has \(Amounts.bytes(freeBytes)) left, and this needs about \(Amounts.bytes(estimate.storedBytes))"
  }

  /// - Throws: `GraphError(.environment)` where the room will not do.
  @Sendable func require(_ plan: Plan, _ estimate: WorkEstimate) throws {
    guard let warning = warning(for: estimate) else { return }
    throw GraphError(.environment, warning, hint: "\(Self.remedy), or go on with --no-disk-check")
  }

  static let remedy = "make room, for example with 'graph gc'"
}
