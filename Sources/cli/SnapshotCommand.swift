import ArgumentParser
import GraphCore
import Report
import Resolve
import Rules
import Store

struct SnapshotCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot", abstract: "Show, compare and renew the pinned facts builds are made from.",
    discussion: """
      A snapshot is a document of every branch, image, download and tool as it was once. Builds work from the newest.

      Examples:
        graph snapshot show
        graph snapshot diff 20260102_01
        graph snapshot refresh
      """,
    subcommands: [Show.self, Diff.self, Refresh.self])

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the snapshots, or print one.",
      discussion: """
        Examples:
          graph snapshot show
          graph snapshot show newest
          graph snapshot show --json
        """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The name of a snapshot, or 'newest'.") var name: String?
    @Flag(help: "Print JSON; a snapshot itself always is.") var json = false

    func run() async throws {
      try await Exit.reporting {
        let store = try Store.open(at: options.storeFolder, mode: .readOnly)
        guard let name else {
          let names = try store.snapshotNames()
          if names.isEmpty {
            Console.note(
              "graph: there is no snapshot yet: 'graph snapshot refresh' makes one, and so does a build")
          }
          return Console.print(json ? Listings.snapshots(names) : names.map { $0 + "\n" }.joined())
        }
        Console.print(String(decoding: try SnapshotCommand.document(name, store), as: UTF8.self))
      }
    }
  }

  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what moved between two snapshots.",
      discussion: """
        Examples:
          graph snapshot diff 20260102_01
          graph snapshot diff 20260102_01 20260109_01 --json
        """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The older snapshot.") var old: String
    @Argument(help: "The newer snapshot.") var new: String = "newest"
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
      try await Exit.reporting {
        let store = try Store.open(at: options.storeFolder, mode: .readOnly)
        let moves = try SnapshotCommand.moves(from: old, to: new, store)
        if json { return Console.print(Listings.moves(moves)) }
        for move in moves { Console.print(move.line + "\n") }
        if moves.isEmpty { Console.print("nothing moved\n") }
      }
    }
  }

  struct Refresh: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Resolve every moving fact anew and record it; say which packages moved in repositories.",
      discussion: """
        Examples:
          graph snapshot refresh
          graph snapshot refresh --directory examples/index
          graph snapshot refresh --verbose
        """)
    @OptionGroup var options: GlobalOptions
    @Flag(name: .shortAndLong, help: "List every package that moved in a repository.") var verbose = false

    func run() async throws {
      try await Exit.reporting {
        var options = options
        options.refresh = true
        let session = try await Session.open(options, .writing)
        try session.stopAtErrors()
        Console.print("\(session.snapshotName ?? "")\n")
        try await session.bringMetadata()
        let names = try session.store.snapshotNames().filter { $0 != session.snapshotName }
        // What is lost cannot be compared with.
        guard let before = names.last.flatMap({ (try? session.store.snapshot(named: $0)) ?? nil }),
          let old = try? Snapshot(encoded: before)
        else { return }
        let moved = try RepositoryDifference(
          from: old, to: session.resolved.snapshot, store: session.store, cache: session.store.metadataCache)
        for line in RepositoryMoves.lines(of: moved, verbose: verbose) { Console.note(line) }
      }
    }
  }

  /// What moved from one snapshot to another.
  static func moves(from old: String, to new: String, _ store: Store) throws -> [Listings.Move] {
    SnapshotDifference(
      from: try Snapshot(encoded: try document(old, store)),
      to: try Snapshot(encoded: try document(new, store))
    ).moves.map { .init(kind: $0.kind, subject: $0.subject, old: $0.old, new: $0.new) }
  }

  fileprivate static func document(_ name: String, _ store: Store) throws -> [UInt8] {
    if name == "newest", let newest = try store.newestSnapshot() { return newest.document }
    if let document = try store.snapshot(named: name) { return document }
    throw GraphError(.usage, "there is no snapshot '\(name)'", hint: "'graph snapshot show' lists them")
  }
}
