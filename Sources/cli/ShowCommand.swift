import ArgumentParser
import GraphCore
import Report
import Rules

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print the whole declaration of targets, and where each value was written.",
    discussion: """
      The index entry or target of graph.d, options under 'images:', the cccp.yml beside the Dockerfile and the \
      workspace's settings, as one YAML document; behind each value stands its file, line and column, or 'default'. The \
      network is not used.

      Examples:
        graph show //app/httpd
        graph show //base/core --json
        graph show //app/...
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Labels or patterns; tags and architectures share their declaration.", completion: .labels)
  var labels: [String]
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .listing)
      if session.diagnostics.hasErrors { Console.show(session.diagnostics) }
      let collector = DeclarationCollector(session.compiled, session.resolved)
      let labels = Set(try session.choice.targets(labels).map(\.label.withoutArchitecture)).sorted()
      let report = DeclarationReport(try labels.compactMap(collector.declaration))
      Console.print(json ? report.json() : report.text())
      if session.diagnostics.hasErrors { throw Exit.manifestErrors }
    }
  }
}
