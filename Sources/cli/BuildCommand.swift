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
      let command = ["build"] + labels
      let memory = try AnswerMemory(options, command: command)
      if let answer = await memory.answer() {
        try RunHistory.recordNothing(
          in: options.storeFolder, command: command.joined(separator: " "), options: options)
        return try answer.give()
      }
      let session = try await Session.open(options, .writing, for: labels, footprint: memory.footprint)
      try session.stopAtErrors()
      let targets = try session.targets(labels)
      session.noteUnsupported(labels)
      let outcome = try await Build(session: session, running: running).run(
        targets.flatMap(\.target.roots), command: command.joined(separator: " "))
      Console.print(
        BuildSummary.text(outcome.record, wallSeconds: outcome.wallSeconds, color: Console.usesColor(1)))
      if !outcome.wave.interrupted.isEmpty { throw Exit.interrupted }
      if !outcome.wave.succeeded { throw Exit.code(of: outcome.worstKind) }
      // Asked again while nothing moves, the answer is that there was nothing to do.
      if outcome.record.finished.isEmpty {
        let text = BuildSummary.text(outcome.record, wallSeconds: 0, color: Console.usesColor(1))
        memory.keep(
          RememberedAnswer(output: Array(text.utf8), notes: session.warningsNote ?? "", exitCode: 0),
          of: session)
      }
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

  @Flag(
    name: .customLong("no-disk-check"),
    help: "Start even where the disk has less room than the work is likely to need.")
  var noDiskCheck = false

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Give a secret to the RUNs that mount it: a file, or a variable of the environment.",
      valueName: "id=NAME[,src=FILE|,env=VARIABLE]"))
  var secret: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Give an SSH agent to the RUNs that mount it: its socket, or that of SSH_AUTH_SOCK.",
      valueName: "default[=SOCKET]"))
  var ssh: [String] = []

  var checksDisk: Bool { !noDiskCheck }

  /// How a wave runs.
  var options: Wave.Options {
    var options = Wave.Options(jobs: jobs ?? Machine.cores)
    options.keepGoing = keepGoing && !failFast
    return options
  }

  /// What mounts take from the caller.
  ///
  /// - Parameter folder: what relative names start from.
  func mountSources(cacheFolder: String, folder: String) throws -> MountSources {
    var sources = MountSources(cacheFolder: cacheFolder)
    let environment = Environment.all
    for option in secret { try sources.addSecret(option, environment: environment, folder: folder) }
    for option in ssh { try sources.addAgent(option, environment: environment, folder: folder) }
    return sources
  }

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("-j needs a number from 1 on") }
  }
}
