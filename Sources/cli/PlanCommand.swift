import ArgumentParser
import GraphCore
import Execute
import Report
import Rules
import Store

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Say what a build would do, and why, and touch nothing.",
    discussion: """
      Root causes come first, with what waits for them, then each node, the chain that takes longest, and the totals. \
      Estimates are of what the same nodes took last.

      Examples:
        graph plan
        graph plan //app/httpd:aarch64 --verbose
        graph plan --exit-code --offline //app/... || echo 'there is work'
        graph plan --if openssl=3.0.7-19
        graph plan --dot //app/httpd:x86_64 | dot -Tsvg >plan.svg
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Labels or patterns. Default: everything.", completion: .labels) var labels: [String] = []
  @Option(
    name: .customLong("if"),
    help: ArgumentHelp(
      "Say what would be if a package were published: NAME for a next release, or NAME=VERSION-RELEASE. May be given several times.",
      valueName: "package"))
  var assumptions: [String] = []
  @Flag(help: "Print JSON.") var json = false
  @Flag(name: .customLong("exit-code"), help: "Exit with 2 where there is work.") var exitCode = false
  @Flag(name: .shortAndLong, help: "List what is cached, too.") var verbose = false
  @Flag(help: "Print a picture of what would run, in the language of Graphviz.") var dot = false

  func validate() throws {
    if json, dot { throw ValidationError("--json and --dot exclude each other") }
  }

  func run() async throws {
    try await Exit.reporting {
      let shape = [
        json ? "json" : dot ? "dot" : "text", exitCode ? "exit-code" : "", verbose ? "verbose" : "",
      ]
      let question =
        ["plan"] + shape + [Console.usesColor(1) ? "color" : "plain", "\(Machine.cores)"] + labels
      let memory = try await GraphMemory(options, for: labels)
      if assumptions.isEmpty, let answer = memory.answer(to: question) { return try answer.give() }
      let session = try await GraphSession.open(options, .reading, for: labels, memory)
      let roots = try session.choice.roots(labels)
      let unsupported = try session.choice.unsupported(labels)
      let foresight = session.foresight
      let packages = try assumptions.map { text throws(GraphError) in try AssumedPackage(text) }
      let assumed =
        packages.isEmpty
        ? [:]
        : try foresight.assume(packages, in: session.graph, below: roots, session.store, session.marks)
      let planner = Planner(
        graph: session.graph, cache: session.store, marks: session.marks, foresight: foresight,
        assumed: assumed)
      var plan = try planner.plan(roots)
      if try await foresight.fetchMissing(session.graph) { plan = try planner.plan(roots) }
      let moves = try foresight.moves(in: plan)
      let limits = Wave.Options(jobs: Machine.cores).limits
      let estimate = try WorkEstimate(plan, history: session.store, limits: limits)
      let durations = estimate.durations(plan.graph)
      let path = PlanPath(plan, durations: durations)
      let room = DiskRoom(of: options.storeFolder)
      let forecast = PlanForecast(
        estimate, jobs: limits.jobs, emulated: await Machine.emulatedCount(estimate, plan.graph),
        missingBytes: room.missingBytes(for: estimate))
      let output =
        json
        ? PlanReport.json(
          plan, estimateSeconds: estimate.wallSeconds, durations: durations, unsupported: unsupported,
          forecast: forecast, moves: moves)
        : dot
          ? PlanReport.dot(plan, path: path, verbose: verbose)
          : PlanReport.text(
            plan, estimateSeconds: estimate.wallSeconds, path: path, verbose: verbose,
            color: Console.usesColor(1), unsupported: unsupported, forecast: forecast,
            moves: moves)
      Console.print(output)
      if let warning = room.warning(for: estimate) {
        Console.note("graph: warning: \(warning)\n  hint: \(DiskRoom.remedy)")
      }
      let code = exitCode && plan.hasWork ? Exit.work.rawValue : 0
      // Where the disk is nearly too small, the answer would depend on what others do with it.
      if assumptions.isEmpty, room.isAmple(for: estimate) {
        var marks = session.marks
        for id in plan.lookedUp { marks.settle(id) }
        session.remember(
          RememberedAnswer(output: Array(output.utf8), notes: session.warningsNote ?? "", exitCode: code),
          to: question, marks)
      }
      if code != 0 { throw ExitCode(code) }
    }
  }
}
