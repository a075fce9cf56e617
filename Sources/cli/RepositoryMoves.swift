import GraphCore
import Report
import Rules
import Store

/// What moved in repositories, as lines.
enum RepositoryMoves {
  /// How many packages of a repository are named unless all are wanted.
  private static let packagesMax = 20

  static func lines(of difference: RepositoryDifference, verbose: Bool) -> [String] {
    difference.repositories.flatMap { repository -> [String] in
      guard let moves = repository.moves else {
        return ["\(repository.label) moved; what it held is not known any more"]
      }
      if moves.isEmpty { return ["\(repository.label) moved, and no package of it"] }
      let shown = verbose ? moves[...] : moves.prefix(packagesMax)
      let more = moves.count - shown.count
      return ["\(repository.label): \(Amounts.counted(moves.count, "package")) moved"]
        + shown.map { "  " + PlainText.oneLine($0.line) }
        + (more > 0 ? ["  and \(more) more: --verbose lists them"] : [])
    }
  }
}

extension Session {
  /// Fetches the metadata of upstream repositories that the snapshot pins and the store lacks, and says what it cannot.
  func bringMetadata() async throws {
    let fetch = MetadataFetch(
      programs: services.programs, scratch: services.scratch.path, isOffline: services.isOffline)
    for failure in try await fetch.bring(graph, into: store) {
      Console.note("graph: warning: \(failure.message)")
    }
    try store.sync()
  }
}
