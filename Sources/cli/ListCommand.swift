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
  @Flag(
    name: .shortAndLong, help: "Print each target's kind before it, and what is not made for an architecture."
  ) var long = false
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .listing)
      if session.diagnostics.hasErrors { Console.show(session.diagnostics) }
      let targets = try session.choice.targets(labels, mayBeUnsupported: long || json)
      let unsupported = long || json ? try session.choice.unsupported(labels) : []
      if json {
        Console.print(Listings.labels(session.graph, targets.map(\.label), unsupported: unsupported))
      }
      for (label, target) in targets where !json {
        Console.print(long ? "\(column(target.kind.rawValue))\(label)\n" : "\(label)\n")
      }
      for target in json ? [] : unsupported {
        Console.print(
          "\(column("unsupported"))\(target.label)  \(target.kind.rawValue): \(target.reason) (\(target.location))\n"
        )
      }
      if session.diagnostics.hasErrors { throw Exit.manifestErrors }
    }
  }

  private func column(_ word: String) -> String {
    word + String(repeating: " ", count: max(1, 12 - word.count))
  }
}
