import GraphCore

/// The rules this package brings: their operations, and the host's tools that they run.
public enum RuleSet {
  /// Programs of the host that rules run themselves; pinned by digest like those that commands declare.
  public static let hostTools = ["cp", "createrepo_c", "rpm", "sh"]

  /// - Parameters:
  ///   - solvers: keep what they have loaded.
  ///   - scratch: a folder for files while they are made.
  public static func operations(
    programs: any HostPrograms, registries: any ImageRegistries, solvers: SolverPools, scratch: String,
    isOffline: Bool
  ) -> [any Operation] {
    GatherOperation.all + [
      AssembleOperation(), CompareOperation(), ConfigureOperation(), ContextOperation(),
      CopyOperation(scratch: scratch),
      FetchOperation(programs: programs, scratch: scratch, isOffline: isOffline),
      FetchPackagesOperation(programs: programs, scratch: scratch, isOffline: isOffline), IndexOperation(),
      LockOperation(solvers: solvers),
      MakeFolderOperation(), PackageDatabaseOperation(), PackOperation(scratch: scratch),
      PullOperation(registries: registries, scratch: scratch, isOffline: isOffline), RemovePathsOperation(),
      RepodataOperation(), SelectOperation(), UnresolvedOperation(),
    ]
  }
}
