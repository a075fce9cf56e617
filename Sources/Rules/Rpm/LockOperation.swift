import GraphCore

/// Solves package requests against repositories and what is installed below.
///
/// Outputs: `lock` (which packages are added, and why), `packages` (their RPM files as a tree: all that an installation
/// depends on) and `epoch` (the newest build time among them, as text).
public struct LockOperation: Operation {
  static let rule = Action.Rule("lock", version: 1)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    guard let architecture = task.action.architecture else {
      throw GraphError(.bug, "a lock without architecture")
    }
    let solver = PackageSolver(architecture: architecture)
    for (index, (name, artifact)) in task.inputs(under: "repository").enumerated() {
      let metadata = try RepositoryMetadata(tree: try store.readLayer(artifact), store: store)
      try Self.translatingProblems {
        try solver.addRepository(
          name: name, primary: metadata.primary, filelists: metadata.filelists, priority: 99 + index)
      }
    }
    let installed = try task.inputs(under: "installed").flatMap {
      do {
        return try Lock(encoded: try store.read($0.artifact.digest)).packages
      } catch is CorruptLock {
        throw MissingBlob($0.artifact.digest)
      }
    }
    let requests = task.action.values("install")
    let weak = task.action.value("weak-dependencies") == "yes"
    let solution = try Self.translatingProblems {
      try solver.solve(install: requests, installed: installed, weakDependencies: weak, best: false)
    }
    guard solution.isOnlyAddition else {
      let removed = solution.removed.map { removal in
        removal.package.nevra + (removal.replacedBy.map { " (by \($0.nevra))" } ?? "")
      }
      throw ActionFailed(
        .deterministic,
        "installing \(requests.joined(separator: ", ")) would replace packages of the layers below: "
          + removed.joined(separator: ", "))
    }
    return [
      "lock": Artifact(.blob, try store.write(solution.added.encoded())),
      "packages": try store.write(solution.added.asTree, as: .tree),
      "epoch": Artifact(.blob, try store.write(Array("\(solution.added.epoch)\n".utf8))),
    ]
  }

  private static func translatingProblems<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as SolverError {
      throw ActionFailed(.deterministic, "the packages cannot be installed", log: Array("\(error)\n".utf8))
    }
  }
}
