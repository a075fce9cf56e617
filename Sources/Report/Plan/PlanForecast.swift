import GraphCore

/// What the work of a plan takes, for reports: time, network, disk, and how much of it runs under an emulator.
public struct PlanForecast: Sendable {
  public let estimate: WorkEstimate
  public let jobs: Int
  public let emulated: Int
  /// How many bytes the disk has too little; 0 where it will do.
  public let missingBytes: Int64

  public init(_ estimate: WorkEstimate, jobs: Int, emulated: Int, missingBytes: Int64) {
    (self.estimate, self.jobs) = (estimate, jobs)
    (self.emulated, self.missingBytes) = (emulated, missingBytes)
  }

  public var native: Int { estimate.nodes.count - emulated }

  /// `2 native, 1 emulated; 5.4 MiB to fetch; about 12 MiB of disk`; without what there is nothing of, and `nil` where
  /// nothing is left.
  var line: String? {
    var parts: [String] = []
    if emulated > 0 { parts.append("\(native) native, \(emulated) emulated") }
    if estimate.fetchBytes > 0 || estimate.unknownFetchCount > 0 {
      let unknown = estimate.unknownFetchCount
      parts.append(
        unknown == 0
          ? "\(Amounts.bytes(estimate.fetchBytes)) to fetch"
          : "\(Amounts.bytes(estimate.fetchBytes)) to fetch and \(Amounts.counted(unknown, "download")) of unknown size"
      )
    }
    if estimate.storedBytes >= 1 << 20 {
      parts.append("about \(Amounts.bytes(estimate.storedBytes)) of disk")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// The member `estimate` of a plan's document.
  func json(_ criticalSeconds: Double) -> JSONValue {
    .object([
      "jobs": .integer(jobs), "seconds": .number(estimate.wallSeconds),
      "criticalPathSeconds": .number(criticalSeconds), "workSeconds": .number(estimate.workSeconds),
      "unknownNodes": .integer(estimate.unknownCount),
      "fetchBytes": .integer(Int(estimate.fetchBytes)),
      "unknownFetches": .integer(estimate.unknownFetchCount),
      "diskBytes": .integer(Int(estimate.storedBytes)),
      "unknownDiskNodes": .integer(estimate.unknownStoredCount),
      "missingDiskBytes": .integer(Int(missingBytes)),
      "native": .integer(native), "emulated": .integer(emulated),
    ])
  }
}
