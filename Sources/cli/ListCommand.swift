import ArgumentParser
import GraphCore

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List the targets of the workspace.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Labels or patterns. Default: everything.") var labels: [String] = []
  @Flag(
    name: .shortAndLong, help: "Print each target's kind before it, and what is not made for an architecture."
  ) var long = false

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .listing)
      if session.diagnostics.hasErrors { Console.show(session.diagnostics) }
      for (label, target) in try session.targets(labels, mayBeUnsupported: long) {
        Console.print(long ? "\(column(target.kind.rawValue))\(label)\n" : "\(label)\n")
      }
      for target in long ? try session.unsupported(labels) : [] {
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
