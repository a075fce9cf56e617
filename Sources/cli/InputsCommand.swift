import ArgumentParser
import GraphCore
import Report
import Rules

struct InputsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inputs",
    abstract: "List every file, commit, download, image, tool and package that targets are made from.",
    discussion: """
      What no action makes is listed, with its digest and what reads it. Packages are listed where their lock is in the \
      store. Nothing is built.

      Examples:
        graph inputs //app/httpd:aarch64
        graph inputs //app/httpd:aarch64 --verbose
        graph inputs //... --json
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Labels or patterns.", completion: .labels) var labels: [String]
  @Flag(help: "Print JSON.") var json = false
  @Flag(name: .shortAndLong, help: "Print whole digests, and all that is known of each input.") var verbose =
    false

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .reading, for: labels)
      try session.stopAtErrors()
      let roots = try session.choice.targets(labels).flatMap(\.target.roots)
      let collector = InputCollector(
        session.compiled, session.resolved, cache: session.store, store: session.store)
      let report = InputsReport(try collector.inputs(of: roots))
      Console.print(json ? report.json() : report.text(verbose: verbose, color: Console.usesColor(1)))
    }
  }
}
