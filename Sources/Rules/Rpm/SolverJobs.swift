import CSolv
import GraphCore

/// One thing that the solver is asked to do, and for which request.
struct PackageJob {
  enum Target {
    /// Any one of them will do; for an update or a synchronisation, all that it may choose from.
    case anyOf([Id])
    case one(Id)
    /// A formula, such as `(a if b)`, and the packages that it is about.
    case dependency(Id, [Id])
  }

  var action: Int32
  var target: Target
  /// The request as it was given.
  var request: String
  /// Whether it is given up where it cannot be had.
  var isWeak = false

  var packages: [Id] {
    switch target {
    case .anyOf(let packages): packages
    case .one(let package): [package]
    case .dependency(_, let packages): packages
    }
  }
}

/// What a request for one thing means to dnf.
extension PackagePool {
  struct Problems: Error { var problems: [SolverProblem] }

  /// The jobs that a transaction is made of. All requests that mean nothing are reported at once.
  func jobs(of transaction: PackageTransaction, groups: PackageGroups) throws(Problems) -> [PackageJob] {
    switch transaction.verb {
    case .install: try installJobs(transaction, groups)
    case .upgrade: try upgradeJobs(transaction.requests)
    case .reinstall: try reinstallJobs(transaction.requests)
    case .downgrade: try downgradeJobs(transaction.requests)
    case .remove: removeJobs(transaction)
    case .autoremove: []
    case .synchronize: try synchronizeJobs(transaction.requests)
    }
  }

  private func installJobs(
    _ transaction: PackageTransaction, _ groups: PackageGroups
  ) throws(Problems) -> [PackageJob] {
    var jobs: [PackageJob] = []
    var problems: [SolverProblem] = []
    for request in transaction.requests {
      do throws(UnknownPackage) {
        jobs +=
          request.hasPrefix("@")
          ? try groupJobs(request, transaction, groups)
          : try sets(for: request).map {
            PackageJob(action: SOLVER_INSTALL, target: .anyOf($0), request: request)
          }
      } catch {
        // What cannot be found is skipped with what cannot be installed.
        if transaction.isStrict {
          problems.append(SolverProblem(requests: [request], reasons: [error.reason]))
        }
      }
    }
    if !problems.isEmpty { throw Problems(problems: problems) }
    return jobs.map { job in
      var job = job
      job.isWeak = !transaction.isStrict
      return job
    }
  }

  private func groupJobs(
    _ request: String, _ transaction: PackageTransaction, _ groups: PackageGroups
  ) throws(UnknownPackage) -> [PackageJob] {
    let name = String(request.dropFirst())
    guard let members = groups.members(of: name, types: transaction.groupTypes) else {
      let near = Nearest.match(for: name, among: groups.names)
      throw UnknownPackage(
        reason: "no group '\(name)' in the repositories" + (near.map { ": did you mean '\($0)'?" } ?? ""))
    }
    return members.compactMap { member in
      let found = (installed + available).filter {
        self.name($0) == member.name
          && (!member.isBaseArchitectureOnly
            || text(solvable($0).pointee.arch) == architecture.names.baseArch)
      }
      // As with dnf, a group may list packages that the repositories do not have.
      if found.isEmpty { return nil }
      if let requires = member.requires {
        let formula = pool_parserpmrichdep(pointer, "(\(member.name) if \(requires))")
        return formula == 0
          ? nil : PackageJob(action: SOLVER_INSTALL, target: .dependency(formula, found), request: request)
      }
      let wanted = Self.unique(found + obsoleting(Set(found)))
      return PackageJob(action: SOLVER_INSTALL, target: .anyOf(wanted), request: request)
    }
  }

  private func upgradeJobs(_ requests: [String]) throws(Problems) -> [PackageJob] {
    if requests.isEmpty {
      return [upgradeJob(of: installed + available, request: "upgrade", withObsoletes: true)]
    }
    var jobs: [PackageJob] = []
    var problems: [SolverProblem] = []
    for request in requests {
      do throws(UnknownPackage) {
        let found = try matches(request)
        if found.isByName, !found.isPattern {
          let present = Set(installed)
          let successors = found.packages.filter { package in
            dependencies(package, SOLVABLE_OBSOLETES).contains {
              providers($0).contains(where: present.contains)
            }
          }
          let names = Set(found.packages.map { name($0) })
          if successors.isEmpty, !present.contains(where: { names.contains(name($0)) }) {
            throw UnknownPackage(reason: "no package '\(request)' is installed")
          }
        }
        jobs.append(upgradeJob(of: found.packages, request: request, withObsoletes: found.isJustName))
      } catch {
        problems.append(SolverProblem(requests: [request], reasons: [error.reason]))
      }
    }
    // One that can be upgraded is enough for dnf.
    if jobs.isEmpty, !problems.isEmpty { throw Problems(problems: problems) }
    return jobs
  }

  private func upgradeJob(of packages: [Id], request: String, withObsoletes: Bool) -> PackageJob {
    let present = installed
    var wanted = packages
    if withObsoletes {
      let presentNames = Set(present.map { solvable($0).pointee.name })
      let related = packages.filter { presentNames.contains(solvable($0).pointee.name) }
      wanted += obsoleting(Set(related.filter { isInstalled($0) } + upgrades(among: related)))
    }
    // The versions that are there have to be among those it may choose, or an equal one would be put in their place.
    let names = Set(wanted.map { solvable($0).pointee.name })
    wanted += newest(of: present).filter { names.contains(solvable($0).pointee.name) }
    return PackageJob(
      action: SOLVER_UPDATE | SOLVER_TARGETED, target: .anyOf(Self.unique(wanted)), request: request)
  }

  private func reinstallJobs(_ requests: [String]) throws(Problems) -> [PackageJob] {
    var jobs: [PackageJob] = []
    var problems: [SolverProblem] = []
    let twins = Dictionary(grouping: available) { packageName($0) }
    for request in requests {
      let present = ((try? matches(request))?.packages ?? []).filter { isInstalled($0) }
      let found = present.compactMap { twins[packageName($0)]?.first }
      if found.isEmpty {
        let reason =
          present.isEmpty ? "no package '\(request)' is installed" : "no repository has '\(request)' any more"
        problems.append(SolverProblem(requests: [request], reasons: [reason]))
      }
      jobs += found.map { PackageJob(action: SOLVER_INSTALL, target: .anyOf([$0]), request: request) }
    }
    if jobs.isEmpty, !problems.isEmpty { throw Problems(problems: problems) }
    return jobs
  }

  private func downgradeJobs(_ requests: [String]) throws(Problems) -> [PackageJob] {
    var jobs: [PackageJob] = []
    var problems: [SolverProblem] = []
    for request in requests {
      do throws(UnknownPackage) {
        let found = try matches(request).packages.filter { !isInstalled($0) }
        let present = Set(installed.map { name($0) })
        if !found.contains(where: { present.contains(name($0)) }) {
          throw UnknownPackage(reason: "no package '\(request)' is installed")
        }
        for (_, older) in Dictionary(grouping: downgrades(among: found), by: { name($0) }).sorted(by: {
          $0.key.precedesInBytes($1.key)
        }) {
          jobs.append(
            PackageJob(action: SOLVER_INSTALL, target: .anyOf(older), request: request, isWeak: true))
        }
      } catch {
        problems.append(SolverProblem(requests: [request], reasons: [error.reason]))
      }
    }
    if jobs.isEmpty, !problems.isEmpty { throw Problems(problems: problems) }
    return jobs
  }

  /// What is not installed need not go, for dnf as well.
  private func removeJobs(_ transaction: PackageTransaction) -> [PackageJob] {
    let action = SOLVER_ERASE | (transaction.cleansRequirements ? SOLVER_CLEANDEPS : 0)
    return transaction.requests.flatMap { request in
      ((try? matches(request, amongInstalled: true))?.packages ?? []).filter { isInstalled($0) }.map {
        PackageJob(action: action, target: .one($0), request: request)
      }
    }
  }

  private func synchronizeJobs(_ requests: [String]) throws(Problems) -> [PackageJob] {
    if requests.isEmpty {
      return [
        PackageJob(action: SOLVER_DISTUPGRADE, target: .anyOf(available), request: "distro-sync")
      ]
    }
    var jobs: [PackageJob] = []
    for request in requests {
      for wanted in (try? sets(for: request)) ?? [] {
        let found = wanted.filter { !isInstalled($0) }
        if !found.isEmpty {
          jobs.append(PackageJob(action: SOLVER_DISTUPGRADE, target: .anyOf(found), request: request))
        }
      }
    }
    return jobs
  }
}
