import FoundationEssentials
import Glibc
import Testing

/// What the library of Tests/FaultShim does to one run of `graph`: its variables.
struct Shim {
  enum Event: String, CaseIterable { case kill, killed, tear, stop, full, broken }

  /// Only what is done to the files below it counts.
  let below: String
  /// Every operation is appended to it.
  var log: String?
  /// What happens at which operation, from 1 on.
  var event: (at: Int, what: Event)?
  /// The file that holds the name of the boot.
  var boot: String?

  /// Beside the program, where one build puts both.
  static let library =
    World.graph.components(separatedBy: "/").dropLast().joined(separator: "/")
    + "/libFaultShim.so"

  init(below: String) { self.below = below }

  func preloaded(_ program: Program) -> Program {
    var settings = ["LD_PRELOAD=\(Self.library)", "FAULTS_BELOW=\(below)"]
    if let log { settings.append("FAULTS_LOG=\(log)") }
    if let boot { settings.append("FAULTS_BOOT=\(boot)") }
    if let event { settings += ["FAULTS_AT=\(event.at)", "FAULTS_DO=\(event.what.rawValue)"] }
    var result = program
    // Not of the test's environment: 'env' itself would take them away.
    result.words = ["env"] + settings + program.words
    return result
  }
}
