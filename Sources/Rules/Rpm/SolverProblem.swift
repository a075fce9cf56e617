import CSolv
import GraphCore

/// One reason why no package set satisfies the requests, in a reader's words.
public struct SolverProblem: Hashable, Sendable, CustomStringConvertible {
  /// The requests that cannot be satisfied together, as they were given; empty where what is installed is to
  /// blame.
  public let requests: [String]
  /// Why, most telling first: `nothing provides libfoo needed by httpd-1-1.aarch64`.
  public let reasons: [String]

  /// One line: the reasons, then the requests where they are more than the reasons already say.
  public var description: String {
    let reason = reasons.joined(separator: "; ")
    if requests.isEmpty { return reason }
    return "\(reason) (requested: \(requests.map { "'\($0)'" }.joined(separator: ", ")))"
  }
}

/// Why a solver gave no lock.
public enum SolverError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A repository's metadata cannot be used: not XML, or a package without a SHA-256.
  case metadata(repository: String, message: String)
  /// Never empty.
  case unsatisfiable([SolverProblem])

  public var description: String {
    switch self {
    case .metadata(let repository, let message): "metadata of repository '\(repository)': \(message)"
    case .unsatisfiable(let problems): problems.map(\.description).joined(separator: "\n")
    }
  }
}

extension PackagePool {
  /// What `solver` could not solve, in its order, each problem once.
  ///
  /// - Parameter requests: the request behind each job, by position of the job.
  func problems(of solver: UnsafeMutablePointer<Solver>, requests: [String]) -> [SolverProblem] {
    var problems: [SolverProblem] = []
    for number in 0..<solver_problem_count(solver) {
      let rules = IDQueue()
      solver_findallproblemrules(solver, Id(number) + 1, rules.pointer)
      var asked = Set<String>()
      var reasons: [(rank: Int, text: String)] = []
      for rule in rules.ids {
        let job = Int(solver_rule2jobidx(solver, rule))
        // The index counts the ids of the job queue from 1, and a job is two ids.
        if job > 0, requests.indices.contains((job - 1) / 2) {
          asked.insert(requests[(job - 1) / 2])
        }
        guard let reason = reason(of: rule, solver: solver) else { continue }
        if !reasons.contains(where: { $0.text == reason.text }) { reasons.append(reason) }
      }
      let best = reasons.map(\.rank).min() ?? 0
      var texts = reasons.filter { $0.rank == best }.map(\.text)
      if texts.isEmpty { texts = ["the requests exclude each other"] }
      let problem = SolverProblem(requests: Self.unique(requests.filter(asked.contains)), reasons: texts)
      if !problems.contains(problem) { problems.append(problem) }
    }
    return problems
  }

  /// What one rule says, ranked: a cause comes before the chain that leads to it. `nil` for rules that say
  /// nothing.
  private func reason(of rule: Id, solver: UnsafeMutablePointer<Solver>) -> (rank: Int, text: String)? {
    var (from, to, dependency): (Id, Id, Id) = (0, 0, 0)
    let kind = solver_ruleinfo(solver, rule, &from, &to, &dependency)
    let (subject, object) = (packageName(from), packageName(to))
    switch kind {
    case SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
      return (0, "nothing provides \(dependencyName(dependency)) needed by \(subject)")
    case SOLVER_RULE_JOB_NOTHING_PROVIDES_DEP, SOLVER_RULE_JOB_UNKNOWN_PACKAGE:
      return (0, "nothing provides \(dependencyName(dependency))")
    case SOLVER_RULE_PKG_NOT_INSTALLABLE:
      return (0, "\(subject) cannot be installed on \(architecture)")
    case SOLVER_RULE_PKG_CONFLICTS:
      return (0, "\(subject) conflicts with \(dependencyName(dependency)) provided by \(object)")
    case SOLVER_RULE_PKG_SELF_CONFLICT:
      return (0, "\(subject) conflicts with \(dependencyName(dependency)), which it provides itself")
    case SOLVER_RULE_PKG_OBSOLETES, SOLVER_RULE_PKG_INSTALLED_OBSOLETES, SOLVER_RULE_PKG_IMPLICIT_OBSOLETES,
      SOLVER_RULE_YUMOBS:
      return (0, "\(subject) obsoletes \(dependencyName(dependency)) provided by \(object)")
    case SOLVER_RULE_PKG_SAME_NAME:
      return (0, "\(subject) and \(object) cannot both be installed")
    case SOLVER_RULE_INFARCH:
      return (1, "\(subject) is of an inferior architecture")
    case SOLVER_RULE_UPDATE, SOLVER_RULE_FEATURE:
      return (1, "\(subject) is installed and would have to go")
    case SOLVER_RULE_PKG_REQUIRES:
      return (
        2, "\(subject) requires \(dependencyName(dependency)), which nothing that can be installed provides"
      )
    default:
      return nil
    }
  }
}
