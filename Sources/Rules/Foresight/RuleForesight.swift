import GraphCore
import Resolve
import Synchronization

/// What locks will say, and what leads to them: a plan knows which packages move before anything is built.
///
/// Metadata that the store lacks is fetched into memory, where a plan came upon it (`fetchMissing`); packages never are.
/// What has to be built first, such as the repository of packages of this workspace, is not foreseen, nor is what stands on
/// it.
public final class RuleForesight: Foresight {
  let store: DraftStore
  private let locks: LockOperation
  private let unaffected: UnaffectedLocks
  private let metadata: MetadataFetch
  let decoded = DecodedLocks()
  /// Fetches that were asked about and whose files are not there.
  private let missing = Mutex<[Node]>([])

  /// - Parameter scratch: a folder for files that are being downloaded.
  public init(
    store: any BlobStore, programs: any HostPrograms, solvers: SolverPools, scratch: String, isOffline: Bool
  ) {
    self.store = DraftStore(over: store)
    locks = LockOperation(solvers: solvers, decoded: decoded)
    unaffected = UnaffectedLocks(solvers: solvers, decoded: decoded, store: self.store)
    metadata = MetadataFetch(programs: programs, scratch: scratch, isOffline: isOffline)
  }

  private static let rules: Set<Action.Rule> = [
    FetchOperation.rule, RepodataOperation.rule, LockOperation.rule, FetchPackagesOperation.rule,
  ]

  public func covers(_ rule: Action.Rule) -> Bool { Self.rules.contains(rule) }

  /// Fetches the metadata that a plan asked about and the store lacks. What cannot be fetched now is not foreseen.
  ///
  /// - Returns: whether there is more to foresee now, so that a plan made anew says more.
  public func fetchMissing(_ graph: Graph) async throws -> Bool {
    let files = missing.withLock { missing in
      defer { missing = [] }
      // Other downloads may be large, and no lock reads them.
      return missing.filter { graph.targets[$0.label]?.kind == .repository }
    }
    return try await metadata.bring(files, into: store).count < files.count
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
      guard let digest = task.action.value("digest").flatMap({ Digest($0) }) else { return nil }
      guard try store.contains(digest) else {
        missing.withLock { $0.append(task.node) }
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
}
