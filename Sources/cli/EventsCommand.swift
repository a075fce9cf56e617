import ArgumentParser
import GraphCore
import Store

struct EventsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Print the events of a run as lines of JSON, and follow a run that goes on.",
    discussion: """
      Without --run: of the newest run that goes on, else of the newest run. The first line has the version of the form; \
      the last line says how the run ended, also where it was killed. BUILDGRAPH.md, section 12.3, lists the lines.

      Examples:
        graph events --follow
        graph events --run 12
        graph events --follow | jq --unbuffered -r 'select(.type == "finished") | .node'
      """)

  @OptionGroup var options: GlobalOptions
  @Flag(help: "Wait for more until the run ends.") var follow = false
  @Option(help: "A run by its number, or 'newest'.") var run: RunNumber?

  func run() async throws {
    try await Exit.reporting {
      let store = try Store.open(at: options.storeFolder, mode: .readOnly)
      let stream = try EventStream(of: try run?.of(store), in: store)
      try stream.read(following: follow) { lines in
        Console.print(lines)
        return true
      }
    }
  }
}
