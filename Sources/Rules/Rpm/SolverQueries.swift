import CSolv
import GraphCore

/// What dnf asks of the packages it knows, before it asks the solver.
extension PackagePool {
  var installed: [Id] {
    guard let repository = pointer.pointee.installed else { return [] }
    return (repository.pointee.start..<repository.pointee.end).filter { isInstalled($0) }
  }

  /// The packages of the repositories that may be installed here and are not left out.
  var available: [Id] {
    let architectures = Set(architecture.names.compatible.map { pool_str2id(pointer, $0, 0) })
    return packages.filter {
      !isInstalled($0) && architectures.contains(solvable($0).pointee.arch) && isConsidered($0)
    }
  }

  func fits(_ package: Id) -> Bool {
    let arch = text(solvable(package).pointee.arch)
    return isInstalled(package) || architecture.names.compatible.contains(arch)
  }

  /// Less than, equal to or greater than 0, as versions compare.
  func compareVersions(_ left: Id, _ right: Id) -> Int {
    Int(
      pool_evrcmp(
        pointer, solvable(left).pointee.evr, solvable(right).pointee.evr, Int32(EVRCMP_COMPARE)))
  }

  func isSameName(_ left: Id, _ right: Id) -> Bool {
    solvable(left).pointee.name == solvable(right).pointee.name
  }

  /// Whether one may take the place of the other: the same architecture, or one of them is for all.
  private func isCompatible(_ left: Id, _ right: Id) -> Bool {
    let (one, other) = (solvable(left).pointee.arch, solvable(right).pointee.arch)
    return one == other || text(one) == "noarch" || text(other) == "noarch"
  }

  /// Those of `packages` that are a newer version of what is installed.
  func upgrades(among packages: [Id]) -> [Id] {
    let installed = Dictionary(grouping: installed) { solvable($0).pointee.name }
    return packages.filter { package in
      guard !isInstalled(package), let old = installed[solvable(package).pointee.name] else { return false }
      return old.contains { isCompatible(package, $0) && compareVersions(package, $0) > 0 }
    }
  }

  /// Those of `packages` that are an older version of what is installed.
  func downgrades(among packages: [Id]) -> [Id] {
    let installed = Dictionary(grouping: installed) { solvable($0).pointee.name }
    return packages.filter { package in
      guard !isInstalled(package), let old = installed[solvable(package).pointee.name] else { return false }
      let same = old.filter { isCompatible(package, $0) }
      return !same.isEmpty && same.allSatisfy { compareVersions(package, $0) < 0 }
    }
  }

  /// The packages of the repositories that obsolete one of `targets`.
  func obsoleting(_ targets: Set<Id>) -> [Id] {
    available.filter { package in
      guard solvable(package).pointee.dep_obsoletes != 0 else { return false }
      return dependencies(package, SOLVABLE_OBSOLETES).contains { obsolete in
        providers(obsolete).contains { provider in
          targets.contains(provider) && pool_match_nevr(pointer, solvable(provider), obsolete) != 0
        }
      }
    }
  }

  /// The newest of each name and architecture.
  func newest(of packages: [Id]) -> [Id] {
    struct Kind: Hashable { let name, arch: Id }
    var newest: [Kind: Id] = [:]
    for package in packages {
      let kind = Kind(name: solvable(package).pointee.name, arch: solvable(package).pointee.arch)
      if let known = newest[kind], compareVersions(package, known) <= 0 { continue }
      newest[kind] = package
    }
    return newest.values.sorted()
  }

  // MARK: What is left out

  /// Leaves packages out of every query and solve.
  func leaveOut(where isLeftOut: (Id) -> Bool) {
    considerAll()
    let count = pointer.pointee.nsolvables
    let map = UnsafeMutablePointer<Map>.allocate(capacity: 1)
    map.initialize(to: Map())
    map_init(map, count)
    map_setall(map)
    for package in packages where isLeftOut(package) {
      map.pointee.map[Int(package) >> 3] &= ~(1 << UInt8(package & 7))
    }
    pointer.pointee.considered = map
  }

  func considerAll() {
    guard let map = pointer.pointee.considered else { return }
    map_free(map)
    map.deallocate()
    pointer.pointee.considered = nil
  }

  func isConsidered(_ package: Id) -> Bool {
    guard let map = pointer.pointee.considered, Int(package) >> 3 < map.pointee.size else { return true }
    return map.pointee.map[Int(package) >> 3] & (1 << UInt8(package & 7)) != 0
  }

  // MARK: Weak dependencies

  /// Packages that recommendations may not bring in: what is installed has done without them so far
  /// (dnf's `exclude_from_weak_autodetect`).
  func unwantedRecommendations() -> [Id] {
    let present = installed
    guard !present.isEmpty else { return [] }
    var unwanted: Set<Id> = []
    let isPresent = Set(present)
    for package in present {
      for dependency in dependencies(package, SOLVABLE_RECOMMENDS) where !isRich(dependency) {
        // Whatever version: another one may have been there when it was left out.
        let found = providers(nameOnly(dependency))
        if !found.contains(where: isPresent.contains) { unwanted.formUnion(found) }
      }
    }
    let names = Set(present.map { solvable($0).pointee.name })
    for package in available
    where solvable(package).pointee.dep_supplements != 0 && !names.contains(solvable(package).pointee.name) {
      let supplements = dependencies(package, SOLVABLE_SUPPLEMENTS).filter { !isRich($0) }
      if supplements.contains(where: { providers($0).contains(where: isPresent.contains) }) {
        unwanted.insert(package)
      }
    }
    return unwanted.sorted()
  }

  func relation(_ dependency: Id) -> Reldep? {
    let bits = UInt32(bitPattern: dependency)
    guard bits & 0x8000_0000 != 0, let relations = pointer.pointee.rels else { return nil }
    return relations[Int(bits ^ 0x8000_0000)]
  }

  /// Whether a dependency is a formula, such as `(a if b)`, and no plain capability.
  private func isRich(_ dependency: Id) -> Bool { (relation(dependency)?.flags ?? 0) > 7 }

  func nameOnly(_ dependency: Id) -> Id { relation(dependency)?.name ?? dependency }
}
