import ArgumentParser
import GraphCore

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List the targets of the workspace.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Labels or patterns. Default: everything.") var labels: [String] = []
  @Flag(name: .shortAndLong, help: "Print each target's kind before it.") var long = false

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .listing)
      if session.diagnostics.hasErrors { Console.show(session.diagnostics) }
      for (label, target) in try session.targets(labels) {
        let kind = target.kind.rawValue
        Console.print(
          long ? kind + String(repeating: " ", count: max(1, 12 - kind.count)) + "\(label)\n" : "\(label)\n")
      }
      if session.diagnostics.hasErrors { throw Exit.manifestErrors }
    }
  }
}
