import ArgumentParser
import GraphCore
import Report

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Report everything that is wrong with the workspace, and build nothing.")

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .reading)
      try session.stopAtErrors(showingWarnings: true)
      let graph = session.graph
      Console.print(UnsupportedReport.text(graph.unsupported, color: Console.usesColor(1)))
      Console.print("no errors: \(graph.targets.count) labels, \(graph.nodes.count) actions\n")
    }
  }
}
