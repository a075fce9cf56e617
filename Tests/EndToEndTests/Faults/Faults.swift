import FoundationEssentials
import Glibc
import Randomness
import Testing

// What crashes, broken disks and company do to a store. One after the other: what they have of the machine decides how
// many moments they reach.
@Suite("faults", .serialized)
struct Faults {
  /// How much is done, beside what continuous integration does: FAULT_SCALE=10 for a long night, 0.02 for a look.
  static let scale: Double =
    ProcessInfo.processInfo.environment["FAULT_SCALE"].flatMap(Double.init) ?? 1

  static func scaled(_ count: Int) -> Int { max(1, Int((Double(count) * scale).rounded())) }
}

/// Random numbers that can be had again, from FAULT_SEED where that is set.
struct Seeded: RandomNumberGenerator {
  static let seed: UInt64 = {
    switch ProcessInfo.processInfo.environment["FAULT_SEED"] {
    case "random": UInt64.random(in: 0...UInt64.max)
    case let text?: UInt64(text) ?? 1
    case nil: 1
    }
  }()

  private var numbers: SplitMix

  /// - Parameter part: keeps the numbers of one test, or of one case of it, apart from those of others.
  init(_ part: UInt64) { numbers = SplitMix(seed: Self.seed &+ part &* 0x9e37_79b9_7f4a_7c15) }

  mutating func next() -> UInt64 { numbers.next() }

  mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}
