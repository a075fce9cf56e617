import ArgumentParser
import Formats
import GraphCore
import Report
import Store

struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "List past runs, what one of them did, or print the newest log of a label.",
    discussion: """
      Examples:
        graph log
        graph log 12
        graph log //app/httpd:aarch64 '3 RUN'
        graph log -n 5 --json
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(
    help: "Nothing: the runs. A number: what that run did. A label, with a step or not: its newest log.",
    completion: .labels)
  var subject: [String] = []
  @Option(name: .shortAndLong, help: "How many runs to list.") var number = 20
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    if number < 1 { throw ValidationError("-n needs a number from 1 on") }
  }

  func run() async throws {
    try await Exit.reporting {
      let store = try Store.open(at: options.storeFolder, mode: .readOnly)
      if subject.isEmpty {
        let runs = try store.runs(limit: number).map { try row(of: $0, in: store) }
        Console.print(json ? LogReport.json(runs) : LogReport.text(runs, color: Console.usesColor(1)))
      } else if subject.count == 1, let run = Int64(subject[0]) {
        let rows = try store.nodes(ofRun: run).map { record in
          LogReport.NodeRow(
            run: Int(run), time: Self.time(record.started), node: record.node, outcome: record.outcome,
            seconds: record.durationSeconds, key: record.key, log: record.log)
        }
        if rows.isEmpty, try !store.runs(limit: .max).contains(where: { $0.id == run }) {
          throw GraphError(.usage, "there is no run \(run)", hint: "'graph log' lists them")
        }
        Console.print(json ? LogReport.json(rows) : LogReport.text(rows, color: Console.usesColor(1)))
      } else {
        let rest = subject.dropFirst()
        let names = try await names(of: subject[0]).map { ([$0] + rest).joined(separator: " ") }
        let prefix = names.first ?? subject[0]
        guard let found = try names.lazy.compactMap({ try store.lastLog(ofNodesNamed: $0) }).first else {
          throw GraphError(
            .usage, "no log of '\(prefix)' is kept",
            hint:
              "name a label with its tag and architecture, as 'graph ls' prints it; actions that print nothing have none"
          )
        }
        Console.note("== \(found.node)")
        Console.print(try store.readText(found.log))
      }
    }
  }

  /// The labels that a pattern means, as nodes are named after them; in a folder without a workspace, the text itself.
  private func names(of text: String) async throws -> [String] {
    let pattern = try LabelPattern(text)
    guard let session = try? await Session.open(options, .listing) else { return [text] }
    let labels = session.graph.labels(matching: pattern).map(\.description)
    return labels.isEmpty ? [text] : labels
  }

  private func row(of run: RecordedRun, in store: Store) throws -> LogReport.Run {
    var counts = LogReport.Counts()
    for node in try store.nodes(ofRun: run.id) {
      switch node.outcome.split(whereSeparator: { $0 == " " || $0 == ":" }).first {
      case "ran": counts.ran += 1
      case "cut": counts.cutOff += 1
      case "failed": counts.failed += 1
      case "interrupted": counts.interrupted += 1
      default: counts.skipped += 1
      }
    }
    return LogReport.Run(
      number: Int(run.id), time: Self.time(run.started), command: run.command,
      outcome: run.outcome ?? "did not end", counts: counts,
      wallSeconds: (run.finished ?? run.started) - run.started)
  }

  private static func time(_ seconds: Double) -> String { ISO8601.text(ofEpoch: Int64(seconds)) }
}
