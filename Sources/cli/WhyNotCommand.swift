import ArgumentParser
import GraphCore
import Report
import Rules
import Store

struct WhyNotCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why-not",
    abstract: "Say why something does not run, or did not: what it rests on, and what was cut off.",
    discussion: """
      With --input: what a file that you changed has to do with it. With --run: why it did not run in that run; neither \
      the workspace nor what the run made has to be there any more.

      Examples:
        graph why-not //app/httpd:aarch64
        graph why-not //app/httpd:aarch64 --input images/httpd/index.html
        graph why-not //app/httpd:aarch64 --step '3 RUN' --run 12
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "A label; of several it means, each is answered.", completion: .labels) var label: String
  @Option(help: "One step of the label, by its number or name.") var step: String?
  @Option(help: "A file that you expected to make it run. May be repeated.", completion: .file())
  var input: [String] = []
  @Option(help: "A run of the past, by its number, or 'newest'.") var run: RunNumber?
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    if run != nil, !input.isEmpty {
      throw ValidationError("--input is about the workspace as it is now, and --run about the past")
    }
  }

  func run() async throws {
    try await Exit.reporting {
      if let run {
        let store = try Store.open(at: options.storeFolder, mode: .readOnly)
        let number = try run.of(store)
        return say(
          try WhyReport.nodes(label, step: step, inRun: number, history: store).map {
            try WhyNotReport($0, inRun: number, history: store)
          }, notMade: [])
      }
      let session = try await Session.open(options, .reading, for: [label])
      try session.stopAtErrors()
      let notMade = try session.choice.unsupported([label])
      let targets = try session.choice.targets([label], mayBeUnsupported: true)
      say(try session.nodes(of: targets, step: step, label).map { try report($0, session) }, notMade: notMade)
    }
  }

  /// One node, as if it alone was asked for.
  private func report(_ node: NodeID, _ session: Session) throws -> WhyNotReport {
    let collector = InputCollector(
      session.compiled, session.resolved, cache: session.store, store: session.store)
    let search = InputSearch(session.compiled, session.resolved)
    return try WhyNotReport(
      node, plan: try Planner(graph: session.graph, cache: session.store).plan([node]),
      history: session.store,
      inputs: try collector.inputs(of: [node]), snapshot: session.snapshotName,
      findings: try input.map {
        try search.finding(for: $0, from: session.services.startFolder, roots: [node])
      })
  }

  private func say(_ reports: [WhyNotReport], notMade: [UnsupportedTarget]) {
    if json { return Console.print(WhyNotReport.json(reports, notMade: notMade)) }
    for report in reports { Console.print(report.text(color: Console.usesColor(1))) }
    for target in notMade {
      Console.print("\(target.label) is not made: \(target.reason) (\(target.location))\n")
    }
  }
}
