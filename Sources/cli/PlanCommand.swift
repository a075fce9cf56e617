import ArgumentParser
import GraphCore
import Execute
import Report
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
        graph plan --dot //app/httpd:x86_64 | dot -Tsvg >plan.svg
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Labels or patterns. Default: everything.", completion: .labels) var labels: [String] = []
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
      let memory = try AnswerMemory(options, command: ["plan"] + shape + labels)
      if let answer = await memory.answer() { return try answer.give() }
      let session = try await Session.open(options, .reading, for: labels, footprint: memory.footprint)
      try session.stopAtErrors()
      let roots = try session.targets(labels).flatMap(\.target.roots)
      let unsupported = try session.unsupported(labels)
      let plan = try Planner(graph: session.graph, cache: session.store).plan(roots)
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
          forecast: forecast)
        : dot
          ? PlanReport.dot(plan, path: path, verbose: verbose)
          : PlanReport.text(
            plan, estimateSeconds: estimate.wallSeconds, path: path, verbose: verbose,
            color: Console.usesColor(1), unsupported: unsupported, forecast: forecast)
      Console.print(output)
      if let warning = room.warning(for: estimate) {
        Console.note("graph: warning: \(warning)\n  hint: \(DiskRoom.remedy)")
      }
      let code = exitCode && plan.hasWork ? Exit.work.rawValue : 0
      // Where the disk is nearly too small, the answer would depend on what others do with it.
      if room.isAmple(for: estimate) {
        memory.keep(
          RememberedAnswer(output: Array(output.utf8), notes: session.warningsNote ?? "", exitCode: code),
          of: session)
      }
      if code != 0 { throw ExitCode(code) }
    }
  }
}
