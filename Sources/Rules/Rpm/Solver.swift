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

  /// Every package to install; empty where all requests are already satisfied.
  public let added: Lock
  /// Sorted as locks are.
  public let removed: [Removal]

  /// Whether what was installed stays as it is.
  public var isOnlyAddition: Bool { removed.isEmpty }
}

/// Chooses packages from repositories, by libsolv, with the rules that dnf has.
///
/// Equal metadata, requests and installed packages give equal answers. Not thread safe: one task at a time.
public final class PackageSolver {
  /// The version of libsolv that this program was built with.
  public static let libraryVersion = LIBSOLV_VERSION_STRING

  private let pool: PackagePool
  private var hasFileProvides = false

  /// - Parameter architecture: packages of another one are not considered (`Architecture.Names.compatible`).
  public init(architecture: Architecture) {
    pool = PackagePool(architecture: architecture)
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
    guard let repository = repo_create(pool.pointer, name) else {
      throw .metadata(repository: name, message: "no memory")
    }
    repository.pointee.priority = Int32(clamping: 0 &- max(-1_000_000, min(priority, 1_000_000)))
    do throws(SolverError) {
      try read(primary, into: repository, name: name, flags: 0)
      if let filelists { try read(filelists, into: repository, name: name, flags: REPO_EXTEND_SOLVABLES) }
    } catch {
      repo_free(repository, 1)
      throw error
    }
    hasFileProvides = false
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
    try solve(.install, requests, installed: installed, weakDependencies: weakDependencies, best: best)
  }

  /// What changes when installed packages are updated.
  ///
  /// - Parameter requests: which; all that are installed where it is empty. Each must be installed.
  public func solve(
    update requests: [String], installed: [LockedPackage], weakDependencies: Bool, best: Bool
  ) throws(SolverError) -> Solution {
    try solve(.update, requests, installed: installed, weakDependencies: weakDependencies, best: best)
  }
}

extension PackageSolver {
  private enum Purpose { case install, update }

  private func read(
    _ xml: [UInt8], into repository: UnsafeMutablePointer<Repo>, name: String, flags: Int32
  ) throws(SolverError) {
    let code = xml.withUnsafeBufferPointer { buffer -> Int32 in
      guard let start = buffer.baseAddress,
        let stream = fmemopen(UnsafeMutableRawPointer(mutating: start), buffer.count, "r")
      else { return -1 }
      defer { fclose(stream) }
      return repo_add_rpmmd(repository, stream, nil, flags)
    }
    if code != 0 {
      let message = pool_errstr(pool.pointer).map { String(cString: $0) } ?? ""
      throw .metadata(repository: name, message: xml.isEmpty ? "the file is empty" : message)
    }
  }

  private func solve(
    _ purpose: Purpose, _ requests: [String], installed: [LockedPackage], weakDependencies: Bool, best: Bool
  ) throws(SolverError) -> Solution {
    if !hasFileProvides { pool_addfileprovides(pool.pointer) }
    hasFileProvides = true
    pool.install(installed)
    pool_createwhatprovides(pool.pointer)
    defer {
      pool.forgetInstalled()
      pool_freewhatprovides(pool.pointer)
    }
    let jobs = try jobs(purpose, requests)
    let queue = IDQueue()
    for job in jobs {
      let what = IDQueue(job.packages)
      let how = (purpose == .install ? SOLVER_INSTALL : SOLVER_UPDATE) | (best ? SOLVER_FORCEBEST : 0)
      queue_push2(
        queue.pointer, how | SOLVER_SOLVABLE_ONE_OF, pool_queuetowhatprovides(pool.pointer, what.pointer))
    }
    for kernel in Self.installedBesideEachOther {
      queue_push2(
        queue.pointer, SOLVER_MULTIVERSION | SOLVER_SOLVABLE_PROVIDES, pool_str2id(pool.pointer, kernel, 1))
    }
    guard let solver = solver_create(pool.pointer) else {
      preconditionFailure("libsolv ends when memory is out")
    }
    defer { solver_free(solver) }
    for (flag, value) in Self.flags { solver_set_flag(solver, flag, value) }
    solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, weakDependencies ? 0 : 1)
    if solver_solve(solver, queue.pointer) != 0 {
      throw .unsatisfiable(pool.problems(of: solver, requests: jobs.map(\.request)))
    }
    return try solution(solver, jobs: jobs, installed: installed)
  }

  /// What dnf sets: successors by obsoletes, no lock on vendors, nothing is just erased.
  private static let flags: [(flag: Int32, value: Int32)] = [
    (SOLVER_FLAG_ALLOW_VENDORCHANGE, 1), (SOLVER_FLAG_KEEP_ORPHANS, 1), (SOLVER_FLAG_BEST_OBEY_POLICY, 1),
    (SOLVER_FLAG_YUM_OBSOLETES, 1), (SOLVER_FLAG_URPM_REORDER, 1), (SOLVER_FLAG_ALLOW_DOWNGRADE, 1),
  ]

  /// Packages of which several versions may be there at once (dnf's `installonlypkgs`).
  private static let installedBesideEachOther = [
    "kernel", "kernel-PAE", "installonlypkg(kernel)", "installonlypkg(kernel-module)", "installonlypkg(vm)",
    "multiversion(kernel)",
  ]

  /// All requests that mean nothing are reported at once.
  private func jobs(_ purpose: Purpose, _ requests: [String]) throws(SolverError) -> [PackageJob] {
    if purpose == .update, requests.isEmpty {
      let everything = pool.packages.filter { pool.isInstalled($0) }
      return everything.isEmpty ? [] : [PackageJob(packages: everything, request: "update")]
    }
    var jobs: [PackageJob] = []
    var problems: [SolverProblem] = []
    for request in requests {
      switch pool.jobs(for: request) {
      case .success(let found) where purpose == .install:
        jobs += found
      case .success(let found):
        let names = Set(found.flatMap(\.packages).map { pool.name($0) })
        let present = pool.packages.filter { pool.isInstalled($0) && names.contains(pool.name($0)) }
        if present.isEmpty {
          problems.append(
            SolverProblem(requests: [request], reasons: ["no package '\(request)' is installed"]))
        } else {
          jobs.append(PackageJob(packages: present, request: request))
        }
      case .failure(let unknown):
        problems.append(SolverProblem(requests: [request], reasons: [unknown.reason]))
      }
    }
    if !problems.isEmpty { throw .unsatisfiable(problems) }
    return jobs
  }

  private func solution(
    _ solver: UnsafeMutablePointer<Solver>, jobs: [PackageJob], installed: [LockedPackage]
  ) throws(SolverError) -> Solution {
    let decisions = IDQueue()
    solver_get_decisionqueue(solver, decisions.pointer)
    // Number 1 is the library's own stand-in for the system.
    let kept = decisions.ids.filter { $0 > 1 }.map { ($0, pool.packageName($0)) }
      .sorted { $0.1.precedesInBytes($1.1) }.map(\.0)
    let chosen = kept.filter { !pool.isInstalled($0) }
    let present = kept.filter { pool.isInstalled($0) }
    guard let transaction = solver_create_transaction(solver) else {
      preconditionFailure("libsolv ends the process when memory is out")
    }
    defer { transaction_free(transaction) }
    let stays = Set(present)
    let gone = pool.packages.filter { pool.isInstalled($0) && !stays.contains($0) }
    let successors = Dictionary(gone.map { ($0, transaction_obs_pkg(transaction, $0)) }) { first, _ in first }
    // A request to update names what is installed, and is why its successor is here.
    let asked = jobs.map { job in
      PackageJob(packages: job.packages + job.packages.compactMap { successors[$0] }, request: job.request)
    }
    let reasons = pool.reasons(chosen: chosen, installed: present, jobs: asked)
    var added: [Id: LockedPackage] = [:]
    for package in chosen {
      added[package] = try pool.locked(package, requestedBy: reasons[package] ?? "")
    }
    let byName = Dictionary(installed.map { ($0.nevra, $0) }) { first, _ in first }
    let removed = gone.compactMap { package -> Solution.Removal? in
      guard let lock = byName[pool.packageName(package)] else { return nil }
      return Solution.Removal(package: lock, replacedBy: successors[package].flatMap { added[$0] })
    }
    return Solution(
      added: Lock(packages: Array(added.values)),
      removed: removed.sorted { $0.package.nevra.precedesInBytes($1.package.nevra) })
  }
}
