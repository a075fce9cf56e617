import GraphCore
import Synchronization

/// Tells which locks say what they said although their repositories moved, without solving them: those that `PackageReach`
/// rules out. Of two thousand images few have a package that moved.
final class UnaffectedLocks: Sendable {
  private let solvers: SolverPools
  private let store: any BlobStore
  private let decoded: DecodedLocks
  private let known = Mutex<[Move: Reach]>([:])

  init(solvers: SolverPools, decoded: DecodedLocks, store: any BlobStore) {
    (self.solvers, self.decoded, self.store) = (solvers, decoded, store)
  }

  /// Repositories before and after.
  private struct Move: Hashable {
    let architecture: Architecture
    let old: [SolverPools.Repository]
    let new: [SolverPools.Repository]
  }

  /// What a move reaches, and what there is at all.
  private struct Reach {
    /// The names of packages that the change can be come upon from.
    let touched: Set<String>
    /// The names of packages that are there before and after.
    let present: Set<String>
    let groupsAreEqual: Bool
  }

  /// Whether a lock says what it said last. Where that cannot be ruled out cheaply, it is solved.
  ///
  /// - Throws: what the store throws.
  func contains(_ task: ActionTask, last: Trace) throws -> Bool {
    guard let architecture = task.action.architecture, let first = task.action.arguments.first,
      first.name == PackageTransaction.Verb.install.rawValue, task.input("list") == nil,
      let old = Self.formerRepositories(of: task, last)
    else { return false }
    let new = LockOperation.repositories(of: task)
    let move = Move(architecture: architecture, old: old, new: new)
    let reach: Reach
    if let known = known.withLock({ $0[move] }) {
      reach = known
    } else {
      reach = try find(move)
      known.withLock { $0[move] = reach }
    }
    // Whatever is no plain name of a package may mean another one now.
    let isPlain = first.values.allSatisfy { reach.present.contains($0) && !reach.touched.contains($0) }
    if !isPlain || (!reach.groupsAreEqual && first.values.contains { $0.hasPrefix("@") }) { return false }
    for role in ["known", "installed"] {
      for input in task.inputs(under: role) {
        let lock = try decoded.lock(input.artifact.digest, store)
        if lock.packages.contains(where: { reach.touched.contains($0.name) }) { return false }
      }
    }
    return true
  }

  /// The repositories that a lock read last, where nothing else of it is different.
  private static func formerRepositories(of task: ActionTask, _ last: Trace) -> [SolverPools.Repository]? {
    let now = Preimage(task.action, inputs: task.inputs).text.utf8.split(separator: 0x0a)
    let before = last.preimage.text.utf8.split(separator: 0x0a)
    guard now.count == before.count else { return nil }
    var former: [String: Artifact] = [:]
    for (new, old) in zip(now, before) where !new.elementsEqual(old) {
      let (newWords, oldWords) = (new.split(separator: 0x20), old.split(separator: 0x20))
      guard newWords.count == 4, oldWords.count == 4, newWords[0].elementsEqual("input".utf8),
        newWords[3].elementsEqual(oldWords[3]), newWords[3].starts(with: "repository/".utf8),
        let digest = Digest(String(decoding: oldWords[2], as: UTF8.self))
      else { return nil }
      former[String(decoding: newWords[3], as: UTF8.self)] = Artifact(.tree, digest)
    }
    return LockOperation.repositories(of: task).map { repository in
      SolverPools.Repository(
        name: repository.name, tree: former["repository/\(repository.name)"] ?? repository.tree,
        place: repository.place, terms: repository.terms)
    }
  }

  private func find(_ move: Move) throws -> Reach {
    try solvers.withSolver(of: move.old, for: move.architecture, store) { old in
      try solvers.withSolver(of: move.new, for: move.architecture, store) { new in
        let difference = PoolDifference(old.pool, new.pool)
        let names = { (solver: PackageSolver) in Set(solver.pool.packages.map { solver.pool.name($0) }) }
        return Reach(
          touched: old.names(reaching: difference.old).union(new.names(reaching: difference.new)),
          present: names(old).intersection(names(new)), groupsAreEqual: old.hasSameGroups(as: new))
      }
    }
  }
}
