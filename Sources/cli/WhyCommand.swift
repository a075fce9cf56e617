import ArgumentParser
import GraphCore
import Report
import Store

struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Say why something runs, or ran last, down to the input that changed.",
    discussion: """
      Without --run: why it would run now, or came to the result that it has. With it: why it ran in that run; neither \
      the workspace nor what the run made has to be there any more.

      Examples:
        graph why //app/httpd:aarch64
        graph why //app/httpd:aarch64 --step '3 RUN'
        graph why //app/httpd:aarch64 --run 12
        graph why //app/httpd --json
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "A label; of several it means, each is explained.", completion: .labels) var label: String
  @Option(help: "One step of the label, by its number or name.") var step: String?
  @Option(help: "Explain this run of the past, by its number, or 'newest'.") var run: RunNumber?
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await Exit.reporting {
      let reports = try await reports()
      if json { return Console.print(WhyReport.json(reports)) }
      for report in reports { Console.print(report.text(color: Console.usesColor(1))) }
    }
  }

  private func reports() async throws -> [WhyReport] {
    if let run {
      let store = try Store.open(at: options.storeFolder, mode: .readOnly)
      let number = try run.of(store)
      return try WhyReport.nodes(label, step: step, inRun: number, history: store).map {
        try WhyReport($0, inRun: number, history: store)
      }
    }
    let session = try await Session.open(options, .reading, for: [label])
    try session.stopAtErrors()
    let targets = try session.targets([label])
    let plan = try Planner(graph: session.graph, cache: session.store).plan(targets.map(\.target.node))
    return try session.nodes(of: targets, step: step, label).map {
      try WhyReport($0, plan: plan, history: session.store)
    }
  }
}

extension Session {
  /// The nodes of targets: those that make what they deliver, or one step of each.
  ///
  /// - Throws: `GraphError(.usage)` that names the steps, where none is meant.
  func nodes(
    of targets: [(label: Label, target: GraphCore.Graph.Target)], step: String?, _ text: String
  ) throws -> [NodeID] {
    guard let step else { return targets.map(\.target.node) }
    let labels = Set(targets.map(\.label))
    let steps = graph.order.filter { labels.contains(graph[$0].label) }
    let found = steps.filter { graph[$0].isStep(step) }
    if found.isEmpty {
      throw GraphError(
        .usage, "'\(text)' has no step '\(step)'",
        hint: "it has: " + steps.map { "'\(graph[$0].stepTitle)'" }.joined(separator: ", "))
    }
    return found
  }
}
