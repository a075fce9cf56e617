import ArgumentParser
import Execute
import GraphCore
import Manifests
import Report
import Rules

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what this machine can and cannot do, and the command that mends it.",
    discussion: """
      In a workspace, its architectures and tools are looked at; elsewhere, those of the host alone.

      Examples:
        graph doctor
        graph doctor --json
        graph doctor --directory examples/index
      """)

  @OptionGroup var options: GlobalOptions
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await Exit.reporting {
      let loader = WorkspaceLoader()
      // Without a workspace there is less to look at, and still something to say.
      let workspace = (try? loader.find(from: options.startFolder)).flatMap { loader.load(root: $0).0 }
      let scratch = try ScratchFolder(in: "/tmp")
      let programs = HostProgramRunner(
        helper: { try Machine.sandboxHelper() }, scratch: scratch.path, environment: Environment.all,
        logger: options.logger)
      let findings = try await Doctor(
        helpers: try Machine.helpers(), programs: programs,
        limits: Machine.limits(scratch: options.storeFolder), scratch: scratch.path
      )
      .examine(
        architectures: workspace?.settings.architectures.map(\.value) ?? [.host],
        tools: Self.tools(of: workspace))
      if json {
        Console.print(
          Listings.findings(
            findings.map {
              .init(verdict: $0.verdict.rawValue, subject: $0.subject, detail: $0.detail, remedy: $0.remedy)
            }))
      }
      let width = findings.map(\.subject.count).max() ?? 0
      for finding in findings where !json {
        let subject = finding.subject + String(repeating: " ", count: width - finding.subject.count)
        let verdict = finding.verdict.rawValue
        Console.print(
          "\(verdict)\(String(repeating: " ", count: 8 - verdict.count))\(subject)  \(finding.detail)\n")
        if let remedy = finding.remedy { Console.print("        mend it with: \(remedy)\n") }
      }
      if findings.contains(where: { $0.verdict == .missing }) { throw Exit.code(of: .unavailable) }
    }
  }

  /// Rules' own tools with their Debian packages, and what commands of the workspace name.
  private static func tools(of workspace: Workspace?) -> [(name: String, package: String)] {
    let known = ["rpm": "rpm", "createrepo_c": "createrepo-c", "curl": "curl", "skopeo": "skopeo"]
    let declared = Set((workspace?.hostTools ?? []).map(\.value)).subtracting(known.keys)
    return known.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } + declared.sorted().map { ($0, "") }
  }
}
