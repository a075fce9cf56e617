import Execute
import Glibc
import GraphCore

/// What this machine offers to a run.
enum Machine {
  static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// How many of the nodes that a plan runs do so under an emulator.
  static func emulatedCount(_ estimate: WorkEstimate, _ graph: GraphCore.Graph) async -> Int {
    let emulators = Emulators()
    var native: Set<Architecture> = []
    for architecture in Set(estimate.nodes.compactMap { graph[$0].action.emulatedArchitecture }) {
      if await emulators.runsNatively(architecture) { native.insert(architecture) }
    }
    return estimate.emulatedCount(graph) { native.contains($0) }
  }

  static var memoryMegabytes: Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let size = sysconf(Int32(_SC_PAGESIZE))
    guard pages > 0, size > 0 else { return 4096 }
    return max(512, pages / 1024 * size / 1024)
  }

  /// Of that, what actions may use together: the rest is for the system and for this program.
  static var actionMegabytes: Int { memoryMegabytes * 3 / 4 }

  /// - Parameter scratch: a folder of the disk that actions write to.
  static func limits(scratch: String) -> ResourceLimits {
    ResourceLimits(memoryBytes: Int64(actionMegabytes) << 20, scratch: scratch)
  }

  static func helpers() throws -> HelperPool {
    HelperPool(program: try sandboxHelper(), memoryBytes: UInt64(actionMegabytes) << 20)
  }

  /// The sandbox's helper: beside this program, or where `make install` puts it.
  static func sandboxHelper() throws -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let program =
      count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
    let folder = program.split(separator: "/").dropLast().joined(separator: "/")
    let places = ["/\(folder)/graph-sandbox", "/\(folder)/../libexec/graph/graph-sandbox"]
    for place in places where access(place, X_OK) == 0 { return place }
    throw GraphError(
      .unavailable, "the program 'graph-sandbox' is neither in \(places.joined(separator: " nor in "))",
      hint: "build it with 'swift build', or install both with 'make install'")
  }
}

extension Wave.Options {
  /// A wave on this machine.
  init(jobs: Int) {
    self.init(jobs: jobs, keepGoing: true, memoryMegabytes: Machine.actionMegabytes)
  }
}
