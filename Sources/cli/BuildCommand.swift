import ArgumentParser
import Execute
import Glibc
import GraphCore
import Report
import Store

struct BuildCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Bring targets up to date: run what the plan lists, and nothing else.",
    discussion: """
      Examples:
        graph build
        graph build //app/httpd:aarch64
        graph build --keep-going -j 8 //...:x86_64
        graph build --refresh //base/...
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var running: RunningOptions
  @Argument(help: "Labels or patterns. Default: everything.", completion: .labels) var labels: [String] = []

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .writing)
      try session.stopAtErrors()
      let targets = try session.targets(labels)
      let outcome = try await Build(session: session, running: running).run(
        targets.map(\.target.node), command: (["build"] + labels).joined(separator: " "))
      Console.print(
        BuildSummary.text(outcome.record, wallSeconds: outcome.wallSeconds, color: Console.usesColor(1)))
      if !outcome.wave.interrupted.isEmpty { throw Exit.interrupted }
      if !outcome.wave.succeeded { throw Exit.code(of: outcome.worstKind) }
    }
  }
}

/// Options of commands that run actions.
struct RunningOptions: ParsableArguments {
  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help: "How many actions run at once. Default: the number of processors.")
  var jobs: Int?

  @Flag(
    inversion: .prefixedNo, exclusivity: .chooseLast,
    help: "Go on with what does not need a failed action (default).")
  var keepGoing = true

  @Flag(help: "Stop at the first failure.")
  var failFast = false

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("-j needs a number from 1 on") }
  }
}
