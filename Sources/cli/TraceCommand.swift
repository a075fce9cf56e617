import ArgumentParser
import GraphCore
import Report
import Store

struct TraceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Write a run as a trace for ui.perfetto.dev or chrome://tracing.",
    discussion: """
      Lanes are what ran at once. Waiting for a place, waiting for another process, and running are slices of their own; \
      arrows follow the chain that decided how long the run took.

      Examples:
        graph trace newest >trace.json
        graph trace 12 | gzip >trace.json.gz
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "A run by its number, or 'newest'.") var number: RunNumber

  func run() async throws {
    try await Exit.reporting {
      let store = try Store.open(at: options.storeFolder, mode: .readOnly)
      Console.print(try TraceDocument(try number.of(store), in: store).json())
    }
  }
}
