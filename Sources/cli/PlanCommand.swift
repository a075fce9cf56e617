import ArgumentParser
import GraphCore
import Execute
import Report
import Store

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Say what a build would do, and why, and touch nothing.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Labels or patterns. Default: everything.") var labels: [String] = []
  @Flag(help: "Print JSON.") var json = false
  @Flag(name: .customLong("exit-code"), help: "Exit with 2 where there is work.") var exitCode = false
  @Flag(name: .shortAndLong, help: "List what is cached, too.") var verbose = false

  func run() async throws {
    try await Exit.reporting {
      let shape = [json ? "json" : "text", exitCode ? "exit-code" : "", verbose ? "verbose" : ""]
      let memory = try AnswerMemory(options, command: ["plan"] + shape + labels)
      if let answer = await memory.answer() { return try answer.give() }
      let session = try await Session.open(options, .reading, for: labels, footprint: memory.footprint)
      try session.stopAtErrors()
      let roots = try session.targets(labels).flatMap(\.target.roots)
      let unsupported = try session.unsupported(labels)
      let plan = try Planner(graph: session.graph, cache: session.store).plan(roots)
      let path = CriticalPath(plan: plan, durations: try session.store.durations())
      let estimate = max(path.longest, path.total / Double(Machine.cores))
      let output =
        json
        ? PlanReport.json(plan, estimateSeconds: estimate, unsupported: unsupported)
        : PlanReport.text(
          plan, estimateSeconds: estimate, verbose: verbose, color: Console.usesColor(1),
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
