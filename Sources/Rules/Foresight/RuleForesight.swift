import GraphCore
import Resolve

/// What locks will say, and what leads to them: a plan knows which packages move before anything is built.
///
/// Metadata that the store lacks is fetched into memory (`prepare`); packages never are. What has to be built first, such as
/// the repository of packages of this workspace, is not foreseen, nor is what stands on it.
public final class RuleForesight: Foresight {
  let store: DraftStore
  private let locks: LockOperation
  private let unaffected: UnaffectedLocks
  private let metadata: MetadataFetch

  /// - Parameter scratch: a folder for files that are being downloaded.
  public init(
    store: any BlobStore, programs: any HostPrograms, solvers: SolverPools, scratch: String, isOffline: Bool
  ) {
    self.store = DraftStore(over: store)
    locks = LockOperation(solvers: solvers)
    unaffected = UnaffectedLocks(solvers: solvers, store: self.store)
    metadata = MetadataFetch(programs: programs, scratch: scratch, isOffline: isOffline)
  }

  private static let rules: Set<Action.Rule> = [
    FetchOperation.rule, RepodataOperation.rule, LockOperation.rule, FetchPackagesOperation.rule,
  ]

  public func covers(_ rule: Action.Rule) -> Bool { Self.rules.contains(rule) }

  /// Fetches the metadata that moved. What cannot be fetched now is not foreseen.
  ///
  /// - Parameter history: of which repositories something was made before.
  public func prepare(_ graph: Graph, history: any ActionCache) async throws {
    try await metadata.bring(graph, into: store) { try history.newestKey(ofNode: $0.name) != nil }
  }

  public func outcome(of task: ActionTask, last: Trace) throws -> ForeseenOutcome? {
    do {
      if task.action.rule == LockOperation.rule, try unaffected.contains(task, last: last) {
        return .outputs(last.result.outputs)
      }
      return try outputs(of: task).map { .outputs($0) }
    } catch let failure as ActionFailed {
      return .failure(failure)
    } catch is MissingBlob {
      return nil
    }
  }

  private func outputs(of task: ActionTask) throws -> [String: Artifact]? {
    switch task.action.rule {
    case FetchOperation.rule:
      guard let digest = task.action.value("digest").flatMap({ Digest($0) }), try store.contains(digest)
      else {
        return nil
      }
      return ["file": Artifact(.blob, digest)]
    case RepodataOperation.rule:
      for case .leaf(let leaf) in task.action.inputs.map(\.source) {
        if case .bytes(let bytes) = leaf.content { _ = try store.write(bytes) }
      }
      return try RepodataOperation.outputs(of: task, store)
    case LockOperation.rule: return try locks.solve(task, store)
    case FetchPackagesOperation.rule:
      // Which files it brings, the lock says; a signature may still be missing.
      return task.input("packages").map { ["packages": Artifact(.tree, $0.digest)] }
    default: return nil
    }
  }

  /// What a lock says that was foreseen, or is in the store.
  public func read(_ digest: Digest) throws -> [UInt8] { try store.read(digest) }
}
