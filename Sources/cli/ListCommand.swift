import ArgumentParser
import GraphCore
import Report

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List the targets of the workspace.",
    discussion: """
      Nothing is resolved, and the network is not used.

      Examples:
        graph ls
        graph ls --long //app/...
        graph ls --json //...:aarch64
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Labels or patterns. Default: everything.", completion: .labels) var labels: [String] = []
  @Flag(name: .shortAndLong, help: "Print each target's kind before it.") var long = false
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .listing)
      if session.diagnostics.hasErrors { Console.show(session.diagnostics) }
      let targets = try session.targets(labels)
      if json { Console.print(Listings.labels(session.graph, targets.map(\.label))) }
      for (label, target) in targets where !json {
        let kind = target.kind.rawValue
        Console.print(
          long ? kind + String(repeating: " ", count: max(1, 12 - kind.count)) + "\(label)\n" : "\(label)\n")
      }
      if session.diagnostics.hasErrors { throw Exit.manifestErrors }
    }
  }
}
