import ArgumentParser
import GraphCore
import Report
import Resolve
import Store

struct DiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Say what differs between two runs, or two snapshots, and why.",
    discussion: """
      Root causes come first, with old and new values; what only follows from them is counted. Of runs, outputs that \
      differ at the same key are named as not reproducible. Of snapshots, the workspace as it is now is compared with \
      each of them; nothing is built and the network is not used.

      Examples:
        graph diff
        graph diff 12
        graph diff 12 15 --verbose
        graph diff 20260102_01 newest
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "A run by its number, or a snapshot by its name. Default: the run before the newest.")
  var old: String?
  @Argument(help: "Another one of the same kind. Default: the newest.") var new: String?
  @Flag(name: .shortAndLong, help: "Name every node.") var verbose = false
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await Exit.reporting {
      let store = try Store.open(at: options.storeFolder, mode: .readOnly)
      let report = try await report(store)
      Console.print(json ? report.json() : report.text(verbose: verbose, color: Console.usesColor(1)))
    }
  }

  /// What a word on the command line means.
  private enum Side {
    case run(RunNumber)
    case snapshot(String)
    /// Of the kind that the other one is.
    case newest

    init(_ text: String) {
      if text == "newest" {
        self = .newest
      } else if let number = RunNumber(argument: text) {
        self = .run(number)
      } else {
        self = .snapshot(text)
      }
    }
  }

  private func report(_ store: Store) async throws -> DifferenceReport {
    switch (Side(old ?? "newest"), Side(new ?? "newest")) {
    case (.newest, .newest):
      let runs = try store.runs(limit: 2)
      guard runs.count == 2 else {
        throw GraphError(.usage, "there are no two runs yet", hint: "'graph runs' lists what there is")
      }
      return try self.runs(runs[1].id, runs[0].id, store)
    case (.run(let old), .run(let new)): return try runs(try old.of(store), try new.of(store), store)
    case (.run(let old), .newest): return try runs(try old.of(store), try RunNumber.newest.of(store), store)
    case (.newest, .run(let new)): return try runs(try RunNumber.newest.of(store), try new.of(store), store)
    case (.snapshot(let old), .snapshot(let new)): return try await snapshots(old, new, store)
    case (.snapshot(let old), .newest): return try await snapshots(old, "newest", store)
    case (.newest, .snapshot(let new)): return try await snapshots("newest", new, store)
    case (.run, .snapshot), (.snapshot, .run):
      throw GraphError(
        .usage,
        "'\(old ?? "")' and '\(new ?? "")' are of two kinds: runs have numbers, snapshots names as 20260102_01",
        hint:
          "'graph runs' and 'graph snapshot show' list them; 'graph runs show' says with which snapshot a run was made"
      )
    }
  }

  private func runs(_ old: Int64, _ new: Int64, _ store: Store) throws -> DifferenceReport {
    guard let before = try store.run(old), let after = try store.run(new) else {
      throw GraphError(.usage, "there is no run \(old) or \(new)", hint: "'graph runs' lists them")
    }
    return DifferenceReport(
      before, after, moves: try moves(before.snapshot, after.snapshot, store),
      difference: try GraphDifference(
        from: GraphSide(asOf: old, in: store), to: GraphSide(asOf: new, in: store)))
  }

  /// What moved between two snapshots; `nil` where one of them is not kept.
  private func moves(_ old: String?, _ new: String?, _ store: Store) throws -> [Listings.Move]? {
    guard let old, let new else { return nil }
    if old == new { return [] }
    do {
      return try SnapshotCommand.moves(from: old, to: new, store)
    } catch is MissingBlob {
      return nil
    } catch let error as GraphError where error.kind == .usage {
      return nil
    }
  }

  private func snapshots(_ old: String, _ new: String, _ store: Store) async throws -> DifferenceReport {
    DifferenceReport(
      snapshots: old, new, moves: try SnapshotCommand.moves(from: old, to: new, store),
      difference: try await graphs(old, new, store))
  }

  /// What the workspace is with two snapshots; `nil` where there is none.
  private func graphs(_ old: String, _ new: String, _ store: Store) async throws -> GraphDifference? {
    func side(_ name: String) async throws -> GraphSide {
      var options = options
      options.snapshot = name == "newest" ? try store.snapshotNames().last : name
      return GraphSide(try await Session.open(options, .listing).graph)
    }
    do {
      return try GraphDifference(from: await side(old), to: await side(new))
    } catch let error as GraphError where error.kind == .user {
      Console.note("graph: only what moved is said: \(error.message)")
      return nil
    }
  }
}
