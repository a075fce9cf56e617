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
      let durations = try session.store.durations(of: plan)
      let lengths = CriticalPath(plan: plan, durations: durations)
      let estimate = max(lengths.longest, lengths.total / Double(Machine.cores))
      let path = PlanPath(plan, durations: durations)
      let output =
        json
        ? PlanReport.json(plan, estimateSeconds: estimate, durations: durations, unsupported: unsupported)
        : dot
          ? PlanReport.dot(plan, path: path, verbose: verbose)
          : PlanReport.text(
            plan, estimateSeconds: estimate, path: path, verbose: verbose, color: Console.usesColor(1),
            unsupported: unsupported)
      Console.print(output)
      let code = exitCode && plan.hasWork ? Exit.work.rawValue : 0
      memory.keep(
        RememberedAnswer(output: Array(output.utf8), notes: session.warningsNote ?? "", exitCode: code),
        of: session)
      if code != 0 { throw ExitCode(code) }
    }
  }
}
