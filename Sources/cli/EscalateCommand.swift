import ArgumentParser
import Execute
import GraphCore
import Report
import Resolve
import Rules
import Store

struct EscalateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "escalate",
    abstract: "Say which images contain what an advisory mends, and how it got there; or build them.",
    discussion: """
      Advisories are those of upstream repositories (updateinfo.xml), as the newest snapshot pins them; images are taken as \
      they were made last. Batches are in the order in which images stand on each other.

      Examples:
        graph escalate CVE-2026-1234
        graph escalate RHSA-2026:0042 --json
        graph escalate CVE-2026-1234 --build --refresh
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var running: RunningOptions
  @Argument(help: "The name of an advisory, or of a CVE.") var name: String
  @Flag(help: "Build what is affected, then check that each contains the fixed version.") var build = false
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, build ? .writing : .reading)
      try session.stopAtErrors()
      // A repository that has just moved tells of its advisories in metadata that nobody has fetched yet.
      if build { try await session.bringMetadata() }
      let collector = try EscalationCollector(
        name, session.compiled, snapshot: session.resolved.snapshot, store: session.store)
      let found = try collector.escalation(session.store)
      show(found)
      guard build, !found.affected.isEmpty else { return }
      let labels = found.affected.map(\.label)
      let roots = labels.compactMap { session.graph.targets[$0]?.node }
      let outcome = try await Build(session: GraphSession(session), running: running).run(
        roots.sorted(), command: "escalate \(name)")
      guard outcome.wave.succeeded, outcome.wave.hasAllRoots else {
        throw outcome.wave.interrupted.isEmpty ? Exit.code(of: outcome.worstKind) : Exit.interrupted
      }
      let after = try collector.escalation(session.store, ofNewest: true)
      let left = Set(after.affected.map(\.label) + after.unknown).intersection(labels)
      if left.isEmpty {
        return Console.note(
          "graph: \(Amounts.counted(labels.count, "image")) built; none contains an older version any more")
      }
      show(after)
      throw GraphError(
        .user,
        "\(Amounts.counted(left.count, "image")) of \(labels.count) still contain what '\(name)' mends",
        hint:
          "the repositories of snapshot \(session.snapshotName ?? "") may not have the fix yet: 'graph snapshot refresh'"
      )
    }
  }

  private func show(_ escalation: Escalation) {
    let report = EscalationReport(escalation)
    Console.print(json ? report.json() : report.text(color: Console.usesColor(1)))
  }
}
