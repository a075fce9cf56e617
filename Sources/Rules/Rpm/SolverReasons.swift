import CSolv
import GraphCore

extension PackagePool {
  /// Why each package of a solved set is in it: the shortest way from a request, so that the answer does not
  /// depend on the order in which the solver happened to decide.
  ///
  /// - Parameters:
  ///   - chosen: the packages that are added, sorted by name.
  ///   - installed: what stays installed; its own requirements may be what an added package is for.
  /// - Returns: by package the request, or `name requires capability`; nothing for what cannot be explained.
  func reasons(chosen: [Id], installed: [Id], jobs: [PackageJob]) -> [Id: String] {
    let wanted = Set(chosen)
    var reasons: [Id: String] = [:]
    var queue: [Id] = []
    for job in jobs {
      for package in job.packages where wanted.contains(package) && reasons[package] == nil {
        reasons[package] = job.request
        queue.append(package)
      }
    }
    // What is required comes before what is only recommended, and new packages before those already there.
    for kinds in [[SOLVABLE_REQUIRES], [SOLVABLE_REQUIRES, SOLVABLE_RECOMMENDS]] {
      var left = queue + installed
      while !left.isEmpty {
        var next: [Id] = []
        for package in left {
          for kind in kinds {
            for dependency in dependencies(package, kind) {
              for provider in providers(dependency)
              where wanted.contains(provider) && reasons[provider] == nil {
                let verb = kind == SOLVABLE_REQUIRES ? "requires" : "recommends"
                reasons[provider] = "\(name(package)) \(verb) \(dependencyName(dependency))"
                next.append(provider)
              }
            }
          }
        }
        queue += next
        left = next
      }
    }
    for package in chosen where reasons[package] == nil {
      reasons[package] = supplemented(package, by: chosen + installed)
    }
    return reasons
  }

  /// `name supplements capability`: the package itself asks to come along.
  private func supplemented(_ package: Id, by present: [Id]) -> String? {
    let present = Set(present)
    for dependency in dependencies(package, SOLVABLE_SUPPLEMENTS)
    where providers(dependency).contains(where: { present.contains($0) }) {
      return "\(name(package)) supplements \(dependencyName(dependency))"
    }
    return nil
  }
}
