import ArgumentParser
import GraphCore
import Report

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
  @Flag(help: "Print the messages as JSON.") var json = false
  @Flag(help: "Print the messages as SARIF 2.1.0, which code review tools show beside the lines.") var sarif =
    false

  func validate() throws {
    if json && sarif {
      throw ValidationError("--json and --sarif are two formats of one output: leave one out")
    }
  }

  func run() async throws {
    try await Exit.reporting {
      let diagnostics: Diagnostics
      var summary = ""
      do {
        let session = try await Session.open(options, .reading)
        let graph = session.graph
        diagnostics = session.diagnostics
        summary =
          UnsupportedReport.text(graph.unsupported, color: Console.usesColor(1))
          + "no errors: \(graph.targets.count) labels, \(graph.nodes.count) actions\n"
      } catch let unusable as UnusableWorkspace {
        diagnostics = unusable.diagnostics
      }
      if json {
        Console.print(DiagnosticReport.json(diagnostics))
      } else if sarif {
        Console.print(DiagnosticReport.sarif(diagnostics, version: Version.text))
      } else {
        Console.show(diagnostics)
        if !diagnostics.hasErrors { Console.print(summary) }
      }
      if diagnostics.hasErrors { throw Exit.manifestErrors }
    }
  }
}
