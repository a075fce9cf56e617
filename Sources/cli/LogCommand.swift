import ArgumentParser
import GraphCore
import Report
import Store

struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Print the newest log of a label; without one, the runs as 'graph runs' does.",
    discussion: """
      Examples:
        graph log //app/httpd:aarch64 '3 RUN'
        graph log //app/httpd:aarch64 --run 12
        graph log
        graph log 12
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(
    help: "A label, with a step or not: its newest log. Nothing: the runs. A number: what that run did.",
    completion: .labels)
  var subject: [String] = []
  @Option(help: "The log of this run, by its number, or 'newest'.") var run: RunNumber?
  @Option(name: .shortAndLong, help: "How many runs to list.") var number = 20
  @Flag(help: "Print JSON; a log itself never is.") var json = false

  func validate() throws {
    if number < 1 { throw ValidationError("-n needs a number from 1 on") }
  }

  func run() async throws {
    try await Exit.reporting {
      let store = try Store.open(at: options.storeFolder, mode: .readOnly)
      if subject.isEmpty { return try RunsCommand.list(store, number, json: json) }
      if subject.count == 1, let number = RunNumber(argument: subject[0]) {
        return try RunsCommand.show(store, number, verbose: false, json: json)
      }
      let rest = subject.dropFirst()
      let names = try await names(of: subject[0]).map { ([$0] + rest).joined(separator: " ") }
      let prefix = names.first ?? subject[0]
      let run = try run?.of(store)
      let found = try names.lazy.compactMap({ try store.lastLog(ofNodesNamed: $0, inRun: run) }).first
      guard let found, let log = found.log else {
        throw GraphError(
          .usage, "no log of '\(prefix)' is kept\(run.map { " of run \($0)" } ?? "")",
          hint:
            "name a label with its tag and architecture, as 'graph ls' prints it; actions that print nothing have none"
        )
      }
      Console.note("== \(found.node)")
      Console.print(try store.readText(log))
    }
  }

  /// The labels that a pattern means, as nodes are named after them; in a folder without a workspace, the text itself.
  private func names(of text: String) async throws -> [String] {
    let pattern = try LabelPattern(text)
    guard let session = try? await Session.open(options, .listing) else { return [text] }
    let labels = session.graph.labels(matching: pattern).map(\.description)
    return labels.isEmpty ? [text] : labels
  }
}
