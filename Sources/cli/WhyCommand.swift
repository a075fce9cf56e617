import ArgumentParser
import GraphCore
import Report
import Store

struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Say why something runs, or ran last, down to the input that changed.",
    discussion: """
      Examples:
        graph why //app/httpd:aarch64
        graph why //app/httpd:aarch64 --step '3 RUN'
        graph why //app/httpd --json
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "A label; of several it means, each is explained.", completion: .labels) var label: String
  @Option(help: "One step of the label, by its number or name.") var step: String?
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .reading, for: [label])
      try session.stopAtErrors()
      let targets = try session.choice.targets([label])
      let plan = try Planner(graph: session.graph, cache: session.store).plan(targets.map(\.target.node))
      let reports = try nodes(of: targets, in: session.graph).map {
        try WhyReport($0, plan: plan, cache: session.store)
      }
      if json { return Console.print(WhyReport.json(reports)) }
      for report in reports { Console.print(report.text(color: Console.usesColor(1))) }
    }
  }

  private func nodes(
    of targets: [(label: Label, target: GraphCore.Graph.Target)], in graph: GraphCore.Graph
  ) throws -> [NodeID] {
    guard let step else { return targets.map(\.target.node) }
    let labels = Set(targets.map(\.label))
    let found = graph.order.filter { id in
      let node = graph[id]
      return labels.contains(node.label) && node.isStep(step)
    }
    if found.isEmpty {
      let steps = graph.nodes.filter { labels.contains($0.label) }.map { "'\($0.stepTitle)'" }
      throw GraphError(
        .usage, "'\(label)' has no step '\(step)'", hint: "it has: " + steps.joined(separator: ", "))
    }
    return found
  }
}
