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
  @Flag(
    name: .customLong("verify-outputs"),
    help:
      "Look up every result and blob in the store, also where nothing has been lost since they were found last."
  )
  var verifyOutputs = false
  @Argument(help: "Labels or patterns. Default: everything.", completion: .labels) var labels: [String] = []

  func run() async throws {
    try await Exit.reporting {
      let command = (["build"] + labels).joined(separator: " ")
      let memory = try await GraphMemory(options, for: labels)
      if !verifyOutputs, let kept = memory.kept, kept.isComplete,
        kept.info.rootCount > BuildSummary.listedMax,
        TargetChoice.isEverything(labels)
      {
        if !kept.info.note.isEmpty { Console.note(kept.info.note) }
        memory.updateStamps()
        try RunHistory.recordNothing(
          in: options.storeFolder, command: command, workspace: memory.root, snapshot: kept.info.snapshot)
        return Console.print(BuildSummary.nothing(kept.info.rootCount, color: Console.usesColor(1)))
      }
      var session = try await GraphSession.open(options, .writing, for: labels, memory)
      if verifyOutputs { try session.verify() }
      let roots = try session.choice.roots(labels)
      session.choice.noteUnsupported(labels)
      let outcome = try await Build(session: session, running: running).run(roots, command: command)
      session.keep(outcome.wave.marks)
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
