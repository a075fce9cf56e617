import ArgumentParser
import GraphCore

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Report everything that is wrong with the workspace, and build nothing.",
    discussion: """
      Examples:
        graph check
        graph check --offline
        graph check --directory examples/index
      """)

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .reading)
      try session.stopAtErrors(showingWarnings: true)
      let graph = session.graph
      Console.print("no errors: \(graph.targets.count) labels, \(graph.nodes.count) actions\n")
    }
  }
}
