import ArgumentParser
import GraphCore
import Report
import Store

struct RunsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "List past runs, or show one: why it had work, and what became of each node.",
    discussion: """
      What is said of a run outlives the blobs that it made.

      Examples:
        graph runs
        graph runs -n 5 --json
        graph runs show 12
      """,
    subcommands: [List.self, Show.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the newest runs.",
      discussion: """
        Examples:
          graph runs list
          graph runs list -n 100
        """)
    @OptionGroup var options: GlobalOptions
    @Option(name: .shortAndLong, help: "How many runs to list.") var number = 20
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      if number < 1 { throw ValidationError("-n needs a number from 1 on") }
    }

    func run() async throws {
      try await Exit.reporting {
        try RunsCommand.list(try Store.open(at: options.storeFolder, mode: .readOnly), number, json: json)
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one run.",
      discussion: """
        Root causes come first, with old and new values, then the chain that decided how long it took, then each node.

        Examples:
          graph runs show 12
          graph runs show 12 --json
        """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "Its number, or 'newest'.") var number: RunNumber
    @Flag(name: .shortAndLong, help: "Name every node of each cause.") var verbose = false
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
      try await Exit.reporting {
        let store = try Store.open(at: options.storeFolder, mode: .readOnly)
        try RunsCommand.show(store, number, verbose: verbose, json: json)
      }
    }
  }

  static func list(_ store: Store, _ number: Int, json: Bool) throws {
    let rows = try store.runs(limit: number).map { run in
      RunsReport.Row(run, outcomes: try store.outcomes(ofRun: run.id))
    }
    Console.print(json ? RunsReport.json(rows) : RunsReport.text(rows, color: Console.usesColor(1)))
  }

  static func show(_ store: Store, _ number: RunNumber, verbose: Bool, json: Bool) throws {
    let report = try RunReport(try number.of(store), in: store)
    Console.print(json ? report.json() : report.text(verbose: verbose, color: Console.usesColor(1)))
  }
}

/// A run as people name it: by its number, or the newest one.
enum RunNumber: ExpressibleByArgument, Equatable {
  case number(Int64)
  case newest

  init?(argument: String) {
    if argument == "newest" {
      self = .newest
    } else if let number = Int64(argument), number > 0 {
      self = .number(number)
    } else {
      return nil
    }
  }

  /// The number in a store.
  ///
  /// - Throws: `GraphError(.usage)` where there is no such run.
  func of(_ store: Store) throws -> Int64 {
    switch self {
    case .number(let number):
      guard try store.run(number) == nil else { return number }
      throw GraphError(.usage, "there is no run \(number)", hint: "'graph runs' lists them")
    case .newest:
      if let newest = try store.runs(limit: 1).first { return newest.id }
      throw GraphError(.usage, "nothing has run yet", hint: "'graph build' is a run")
    }
  }
}
