import GraphCore
import Synchronization

/// Solvers with repositories loaded, kept for whoever solves on the same ones next: to load them takes longer than to solve.
public final class SolverPools: Sendable {
  /// A repository that a lock reads.
  struct Repository: Hashable, Sendable {
    /// What locks call it.
    let name: String
    /// Its repodata.
    let tree: Artifact
    /// Its number among those of the lock; of equal priority the first wins.
    let place: Int
    let terms: PackageSolver.RepositoryTerms
  }

  private struct Kind: Hashable {
    let architecture: Architecture
    let repositories: [Repository]
  }

  /// A solver that nobody uses: whoever takes it has it alone.
  private struct Idle: @unchecked Sendable {
    let kind: Kind
    let solver: PackageSolver
  }

  private let cache: MetadataCache?
  /// Used last at the end.
  private let idle = Mutex<[Idle]>([])

  /// Two for each of four architectures: before and after a repository moved, or one for each of two jobs.
  private static let idleMax = 8

  /// - Parameter cache: for metadata that other processes loaded.
  public init(cache: MetadataCache? = nil) { self.cache = cache }

  /// Lends a solver for one task.
  ///
  /// - Throws: `SolverError.metadata`; what the store and `body` throw.
  func withSolver<Result>(
    of repositories: [Repository], for architecture: Architecture, _ store: any BlobStore,
    _ body: (PackageSolver) throws -> Result
  ) throws -> Result {
    let kind = Kind(architecture: architecture, repositories: repositories)
    let kept = idle.withLock { idle in
      idle.lastIndex { $0.kind == kind }.map { idle.remove(at: $0) }
    }
    let mine = try kept ?? Idle(kind: kind, solver: try load(kind, store))
    defer {
      idle.withLock { idle in
        if idle.count >= Self.idleMax { idle.removeFirst() }
        idle.append(mine)
      }
    }
    return try body(mine.solver)
  }

  private func load(_ kind: Kind, _ store: any BlobStore) throws -> PackageSolver {
    let solver = PackageSolver(architecture: kind.architecture)
    for repository in kind.repositories {
      let metadata = try RepositoryMetadata(tree: try store.readLayer(repository.tree), store: store)
      try solver.addRepository(
        name: repository.name, try metadata.loaded(cache, repository: repository.name),
        priority: repository.terms.priority ?? 99 + repository.place)
      solver.limit(repository.name, to: repository.terms)
      if let groups = try metadata.groups() { solver.addGroups(comps: groups) }
    }
    return solver
  }
}
