import CSolv
import GraphCore

extension PackageSolver {
  /// What a declaration says of a repository beside where it is.
  struct RepositoryTerms: Hashable, Sendable {
    /// The lower the better; `nil` for the place in the list.
    var priority: Int?
    /// Patterns of packages; where there are any, there are no others (dnf's `includepkgs`).
    var includes: [String] = []
    /// Patterns of packages that are not there (dnf's `excludepkgs`).
    var excludes: [String] = []

    init(priority: Int?, includes: [String], excludes: [String]) {
      (self.priority, self.includes, self.excludes) = (priority, includes, excludes)
    }

    /// As an argument of a lock has them.
    var words: [String] {
      (priority.map { ["priority=\($0)"] } ?? []) + includes.map { "include=\($0)" }
        + excludes.map { "exclude=\($0)" }
    }

    init(words: [String]) {
      for word in words {
        guard let sign = word.firstIndex(of: "=") else { continue }
        let value = String(word[word.index(after: sign)...])
        switch word[..<sign] {
        case "priority": priority = Int(value)
        case "include": includes.append(value)
        case "exclude": excludes.append(value)
        default: break
        }
      }
    }
  }

  /// Leaves out of a repository what `terms` leave out.
  func limit(_ repository: String, to terms: RepositoryTerms) {
    if !terms.includes.isEmpty || !terms.excludes.isEmpty { self.terms[repository] = terms }
  }

  /// The packages that the terms of their repository leave out.
  func leftOutByTerms() -> Set<Id> {
    var leftOut: Set<Id> = []
    for (repository, terms) in terms {
      func ours(_ patterns: [String]) -> Set<Id> {
        Set(patterns.flatMap { pool.excluded(by: $0) }.filter { pool.repositoryName($0) == repository })
      }
      leftOut.formUnion(ours(terms.excludes))
      if terms.includes.isEmpty { continue }
      let included = ours(terms.includes)
      leftOut.formUnion(
        pool.packages.filter { pool.repositoryName($0) == repository && !included.contains($0) })
    }
    return leftOut
  }
}
