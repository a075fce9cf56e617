import CSolv
import GraphCore
import Glibc

/// What a solve changes.
public struct Solution: Hashable, Sendable {
  /// A package that is installed and would not stay.
  public struct Removal: Hashable, Sendable {
    public let package: LockedPackage
    /// The added package that takes its place (an update, a downgrade or a successor); `nil` where it just
    /// goes.
    public let replacedBy: LockedPackage?
  }

  /// Every package that comes in; empty where all requests are already satisfied. A package that is installed anew in
  /// the same version is among them.
  public let added: Lock
  /// Sorted as locks are.
  public let removed: [Removal]

  /// Whether what was installed stays as it is.
  public var isOnlyAddition: Bool { removed.isEmpty }

  /// What changes, as a lock.
  public var lock: Lock {
    let coming = Set(added.packages.map(\.nevra))
    return Lock(
      packages: added.packages,
      erased: removed.filter { !coming.contains($0.package.nevra) }.map {
        Lock.Erasure($0.package, isReplaced: $0.replacedBy != nil)
      })
  }
}

/// Chooses packages from repositories, by libsolv, with the rules that dnf has.
///
/// Equal metadata, requests and installed packages give equal answers. Not thread safe: one task at a time.
public final class PackageSolver {
  /// The version of libsolv that this program was built with.
  public static let libraryVersion = LIBSOLV_VERSION_STRING

  let pool: PackagePool
  private let providers: ProviderTable
  private var groups = PackageGroups()
  var terms: [String: RepositoryTerms] = [:]
  private var hasFileProvides = false

  /// - Parameter architecture: packages of another one are not considered (`Architecture.Names.compatible`).
  public init(architecture: Architecture) {
    pool = PackagePool(architecture: architecture)
    providers = ProviderTable(pool)
  }

  /// Adds the packages of a repository.
  ///
  /// - Parameters:
  ///   - name: what locks and messages call it.
  ///   - primary: `primary.xml`, not compressed.
  ///   - filelists: `filelists.xml`, not compressed; without it only files that primary lists (programs,
  ///     `/etc`) are known, which is all that the packaging guidelines let a package require.
  ///   - priority: as in dnf, the lower the better; 99 is usual.
  /// - Throws: `SolverError.metadata`; the solver is as it was before then.
  public func addRepository(name: String, primary: [UInt8], filelists: [UInt8]?, priority: Int)
    throws(SolverError)
  {
    try addRepository(
      name: name, try LoadedMetadata(primary: primary, filelists: filelists, repository: name),
      priority: priority)
  }

  /// Adds the packages of a repository whose metadata was parsed before.
  func addRepository(name: String, _ metadata: LoadedMetadata, priority: Int) throws(SolverError) {
    guard let repository = repo_create(pool.pointer, name) else {
      throw .metadata(repository: name, message: "no memory")
    }
    repository.pointee.priority = Int32(clamping: 0 &- max(-1_000_000, min(priority, 1_000_000)))
    do throws(SolverError) {
      try metadata.add(to: repository, pool)
    } catch {
      repo_free(repository, 1)
      throw error
    }
    hasFileProvides = false
    providers.forget()
  }

  /// Adds the groups of a repository: its comps.xml, not compressed.
  public func addGroups(comps: [UInt8]) { groups.add(comps: comps) }

  /// The names of the packages from which a solver can come upon one of `changed`.
  func names(reaching changed: [Id]) -> Set<String> {
    if changed.isEmpty { return [] }
    if !hasFileProvides { pool_addfileprovides(pool.pointer) }
    hasFileProvides = true
    providers.begin([], nil)
    defer { providers.end() }
    return PackageReach(pool).names(reaching: changed)
  }

  func hasSameGroups(as other: PackageSolver) -> Bool { groups == other.groups }

  /// What must change so that every request is satisfied.
  ///
  /// - Parameters:
  ///   - transaction: what is asked.
  ///   - installed: the packages that are there, of the layers below.
  ///   - listed: what the package database says of them, where it was read.
  /// - Throws: `SolverError.unsatisfiable` with all that is wrong.
  public func solve(
    _ transaction: PackageTransaction, installed: [LockedPackage], listed: PackageList? = nil
  ) throws(SolverError) -> Solution {
    if !hasFileProvides { pool_addfileprovides(pool.pointer) }
    hasFileProvides = true
    providers.begin(installed, listed)
    defer { providers.end() }
    if !transaction.excludes.isEmpty || transaction.repositories != nil || !terms.isEmpty {
      let excluded = Set(transaction.excludes.flatMap { pool.excluded(by: $0) }).union(leftOutByTerms())
      pool.leaveOut {
        excluded.contains($0)
          || !pool.isInstalled($0) && transaction.repositories?.contains(pool.repositoryName($0)) == false
      }
      providers.rebuild()
    }
    let jobs: [PackageJob]
    do {
      jobs = try pool.jobs(of: transaction, groups: groups)
    } catch {
      throw .unsatisfiable(error.problems)
    }
    if transaction.isRemoval {
      // As with dnf, nothing comes in to save what needs a package that goes.
      pool.leaveOut { !pool.isInstalled($0) }
      providers.rebuild()
    }
    return try run(transaction, jobs, installed: installed)
  }

  /// What must be added so that every request is satisfied.
  ///
  /// - Parameters:
  ///   - requests: name, `name.arch`, `name-version`, `name-version-release`,
  ///     `name-epoch:version-release.arch`, what a package provides (`libfoo.so.1()(64bit)`, `foo >= 2`),
  ///     paths of files, and patterns (`lib*`).
  ///   - installed: the lock of what is there, of the layers below.
  ///   - weakDependencies: whether recommended packages are wanted (dnf's `install_weak_deps`).
  ///   - best: whether a request is for the newest version and for no other (dnf's `best`, which Enterprise
  ///     Linux sets since 8): what is installed is updated, and a newest version that cannot be installed is
  ///     a problem.
  /// - Throws: `SolverError.unsatisfiable` with all that is wrong.
  public func solve(
    install requests: [String], installed: [LockedPackage], weakDependencies: Bool, best: Bool
  ) throws(SolverError) -> Solution {
    var transaction = PackageTransaction(packages: requests, weakDependencies: weakDependencies)
    transaction.best = best
    return try solve(transaction, installed: installed)
  }
}

extension PackageSolver {
  private func run(
    _ transaction: PackageTransaction, _ jobs: [PackageJob], installed: [LockedPackage]
  ) throws(SolverError) -> Solution {
    let queue = IDQueue()
    for job in jobs { push(job, isBest: transaction.best && !transaction.isRemoval, to: queue) }
    if transaction.isRemoval { pushWanted(installed, to: queue) }
    if transaction.weakDependencies {
      for package in pool.unwantedRecommendations() {
        queue_push2(queue.pointer, SOLVER_EXCLUDEFROMWEAK | SOLVER_SOLVABLE, package)
      }
    }
    for kernel in Self.installedBesideEachOther {
      queue_push2(
        queue.pointer, SOLVER_MULTIVERSION | SOLVER_SOLVABLE_PROVIDES, pool_str2id(pool.pointer, kernel, 1))
    }
    if transaction.mayErase || transaction.isRemoval {
      for package in pool.installed where !Self.protected.contains(pool.name(package)) {
        queue_push2(queue.pointer, SOLVER_ALLOWUNINSTALL | SOLVER_SOLVABLE, package)
      }
    }
    guard let solver = solver_create(pool.pointer) else {
      preconditionFailure("libsolv ends when memory is out")
    }
    defer { solver_free(solver) }
    for flag in Self.flags { solver_set_flag(solver, flag, 1) }
    let mayGoBack = [.install, .reinstall, .downgrade, .synchronize].contains(transaction.verb)
    solver_set_flag(solver, SOLVER_FLAG_ALLOW_DOWNGRADE, mayGoBack ? 1 : 0)
    solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, transaction.weakDependencies ? 0 : 1)
    if transaction.verb == .autoremove {
      _ = solver_solve(solver, queue.pointer)
      let unneeded = IDQueue()
      solver_get_unneeded(solver, unneeded.pointer, 0)
      for package in unneeded.ids {
        push(
          .init(action: SOLVER_ERASE, target: .one(package), request: "autoremove"), isBest: false, to: queue)
      }
    }
    if solver_solve(solver, queue.pointer) != 0 {
      throw .unsatisfiable(pool.problems(of: solver, requests: jobs.map(\.request)))
    }
    let solution = try pool.solution(of: solver, jobs: jobs, installed: installed)
    let lost = solution.removed.filter { $0.replacedBy == nil && Self.protected.contains($0.package.name) }
    if let lost = lost.first {
      let reason = "\(lost.package.nevra) is protected, and would be removed"
      throw .unsatisfiable([SolverProblem(requests: transaction.requests, reasons: [reason])])
    }
    return solution
  }

  private func push(_ job: PackageJob, isBest: Bool, to queue: borrowing IDQueue) {
    let how = job.action | (isBest ? SOLVER_FORCEBEST : 0) | (job.isWeak ? SOLVER_WEAK : 0)
    switch job.target {
    case .anyOf(let packages):
      let what = IDQueue(packages)
      queue_push2(
        queue.pointer, how | SOLVER_SOLVABLE_ONE_OF | SOLVER_SETARCH | SOLVER_SETEVR,
        pool_queuetowhatprovides(pool.pointer, what.pointer))
    case .one(let package): queue_push2(queue.pointer, how | SOLVER_SOLVABLE, package)
    case .dependency(let formula, _): queue_push2(queue.pointer, how | SOLVER_SOLVABLE_PROVIDES, formula)
    }
  }

  /// What stays when nothing needs it: what somebody asked for, and what may not go.
  private func pushWanted(_ installed: [LockedPackage], to queue: borrowing IDQueue) {
    let wanted = Set(installed.filter { $0.reason == .user }.map(\.nevra))
    for package in pool.installed
    where wanted.contains(pool.packageName(package)) || Self.protected.contains(pool.name(package)) {
      queue_push2(queue.pointer, SOLVER_USERINSTALLED | SOLVER_SOLVABLE, package)
    }
  }

  /// What dnf sets: successors by obsoletes, no lock on vendors, nothing is just erased.
  private static let flags: [Int32] = [
    SOLVER_FLAG_ALLOW_VENDORCHANGE, SOLVER_FLAG_DUP_ALLOW_VENDORCHANGE, SOLVER_FLAG_KEEP_ORPHANS,
    SOLVER_FLAG_BEST_OBEY_POLICY, SOLVER_FLAG_YUM_OBSOLETES, SOLVER_FLAG_URPM_REORDER,
  ]

  /// Packages of which several versions may be there at once (dnf's `installonlypkgs`).
  private static let installedBesideEachOther = [
    "kernel", "kernel-PAE", "installonlypkg(kernel)", "installonlypkg(kernel-module)", "installonlypkg(vm)",
    "multiversion(kernel)",
  ]

  /// What dnf does not remove (`protected_packages`): itself, and what the packages of Enterprise Linux name in
  /// /etc/dnf/protected.d.
  private static let protected: Set<String> = [
    "dnf", "yum", "setup", "sudo", "systemd", "systemd-udev",
  ]
}
