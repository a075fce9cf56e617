import CSolv
import GraphCore

/// What a change of some packages can reach in a pool: every package from which a solver could come upon one of them.
///
/// libsolv makes its rules by walking from what is asked and what is installed: to whatever provides a requirement, a
/// recommendation or a suggestion of a package; to what supplements or enhances it; to other versions of an installed one,
/// and to what obsoletes it (`solver_addpkgrulesforsolvable`, `…forweak`, `…forupdaters`). A package that this walk does not
/// come to is in no rule and changes no answer. Conflicts lead nowhere: they matter once both are there.
///
/// So a lock whose requests and installed packages all are out of reach says what it said.
struct PackageReach {
  private let pool: PackagePool
  /// The packages that have a dependency which leads from them, by its number; the numbers by the name that they are about.
  private var packagesByDependency: [Id: [Id]] = [:]
  private var dependenciesByName: [Id: [Id]] = [:]
  private var packagesByName: [Id: [Id]] = [:]

  private static let forward = [SOLVABLE_REQUIRES, SOLVABLE_RECOMMENDS, SOLVABLE_SUGGESTS]
  private static let backward = [SOLVABLE_SUPPLEMENTS, SOLVABLE_ENHANCES, SOLVABLE_OBSOLETES]

  /// - Precondition: who provides what is known in the pool.
  init(_ pool: PackagePool) {
    self.pool = pool
    for package in pool.packages where !pool.isInstalled(package) {
      packagesByName[pool.solvable(package).pointee.name, default: []].append(package)
      for kind in Self.forward {
        for dependency in pool.dependencies(package, kind) {
          packagesByDependency[dependency, default: []].append(package)
        }
      }
    }
    for dependency in packagesByDependency.keys {
      for name in pool.names(in: dependency) { dependenciesByName[name, default: []].append(dependency) }
    }
  }

  /// The names of the packages from which one of `changed` can be come upon, theirs among them.
  func names(reaching changed: some Sequence<Id>) -> Set<String> {
    var found = Set(changed)
    var stack = Array(found)
    func add(_ packages: [Id]?) {
      for package in packages ?? [] where found.insert(package).inserted { stack.append(package) }
    }
    while let next = stack.popLast() {
      add(packagesByName[pool.solvable(next).pointee.name])
      for provided in Set(pool.dependencies(next, SOLVABLE_PROVIDES).map({ pool.nameOnly($0) })) {
        // Of whatever version: one that does not fit now may be what an older one was chosen instead of.
        for dependency in dependenciesByName[provided] ?? [] { add(packagesByDependency[dependency]) }
      }
      for kind in Self.backward {
        for dependency in pool.dependencies(next, kind) {
          for name in pool.names(in: dependency) { add(pool.providers(name)) }
        }
      }
    }
    return Set(Set(found.map { pool.solvable($0).pointee.name }).map { pool.text($0) })
  }
}

extension PackagePool {
  /// The names that a dependency is about: one, or all of a formula such as `(a if b)`.
  func names(in dependency: Id) -> [Id] {
    guard let relation = relation(dependency) else { return [dependency] }
    // Flags up to 7 compare with a version.
    return relation.flags <= 7
      ? names(in: relation.name) : names(in: relation.name) + names(in: relation.evr)
  }
}
