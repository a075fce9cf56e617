import CSolv
import GraphCore

/// What a solver decided.
extension PackagePool {
  func solution(
    of solver: UnsafeMutablePointer<Solver>, jobs: [PackageJob], installed: [LockedPackage]
  ) throws(SolverError) -> Solution {
    let decisions = IDQueue()
    solver_get_decisionqueue(solver, decisions.pointer)
    // Number 1 is the library's own stand-in for the system.
    let kept = decisions.ids.filter { $0 > 1 }.map { ($0, packageName($0)) }
      .sorted { $0.1.precedesInBytes($1.1) }.map(\.0)
    let chosen = kept.filter { !isInstalled($0) }
    let present = kept.filter { isInstalled($0) }
    guard let transaction = solver_create_transaction(solver) else {
      preconditionFailure("libsolv ends the process when memory is out")
    }
    defer { transaction_free(transaction) }
    let stays = Set(present)
    let gone = self.installed.filter { !stays.contains($0) }
    let successors = Dictionary(gone.map { ($0, transaction_obs_pkg(transaction, $0)) }) { first, _ in first }
    let names = Set(self.installed.map { solvable($0).pointee.name })
    let replacing = Set(successors.values).union(chosen.filter { names.contains(solvable($0).pointee.name) })
    // A request to upgrade names what is installed, and is why its successor is here.
    let asked = jobs.map { job in
      let isUpgrade = job.action & SOLVER_JOBMASK != SOLVER_INSTALL
      return PackageJob(
        action: job.action,
        target: .anyOf(isUpgrade ? job.packages.filter(replacing.contains) : job.packages),
        request: job.request)
    }
    let requested = reasons(chosen: chosen, installed: present, jobs: asked)
    let byName = Dictionary(installed.map { ($0.nevra, $0) }) { first, _ in first }
    var added: [Id: LockedPackage] = [:]
    for package in chosen {
      let replaced = gone.filter { successors[$0] == package }
      var locked = try locked(
        package,
        requestedBy: requested[package] ?? replaced.first.map { "in place of \(packageName($0))" } ?? "")
      locked.reason = reason(
        of: package, solver: solver, replaced: replaced.compactMap { byName[packageName($0)] })
      added[package] = locked
    }
    let removed = gone.compactMap { package -> Solution.Removal? in
      guard let lock = byName[packageName(package)] else { return nil }
      return Solution.Removal(package: lock, replacedBy: successors[package].flatMap { added[$0] })
    }
    return Solution(
      added: Lock(packages: Array(added.values)),
      removed: removed.sorted { $0.package.nevra.precedesInBytes($1.package.nevra) })
  }

  /// What a package is there for: a new version takes over from the old one, and a successor has the best reason of all
  /// that it succeeds.
  private func reason(
    of package: Id, solver: UnsafeMutablePointer<Solver>, replaced: [LockedPackage]
  ) -> LockedPackage.Reason {
    if let old = replaced.first(where: { $0.name == name(package) }) { return old.reason }
    var rule: Id = 0
    let decision = solver_describe_decision(solver, package, &rule)
    var reason = LockedPackage.Reason.dependency
    if decision == SOLVER_REASON_WEAKDEP {
      reason = .weak
    } else if decision == SOLVER_REASON_UNIT_RULE || decision == SOLVER_REASON_RESOLVE_JOB {
      let kind = solver_ruleclass(solver, rule)
      if kind == SOLVER_RULE_JOB || kind == SOLVER_RULE_BEST { reason = .user }
    }
    return replaced.map(\.reason).reduce(reason, max)
  }
}
