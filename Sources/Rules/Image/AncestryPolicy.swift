import GraphCore
import Manifests
import Resolve

/// `policy` of graph.yml: what images have to stand on, and what bases may be installed from. Where sources are fetched
/// from is looked at while resolving, before they are.
extension Compilation {
  /// Reports repositories that the policy does not list.
  func checkRepositories() {
    let policy = resolved.workspace.settings.policy
    for base in resolved.workspace.bases {
      for repository in base.repositories where !policy.allowsRepository(repository.value) {
        diagnostics.add(
          .error(
            "'\(repository.value)' is not allowed by 'policy' of graph.yml", at: repository.location,
            hint: "use an allowed repository, or add this one to 'repositories'", code: "policy"))
      }
    }
  }

  /// Reports entries whose Dockerfile leads to something else than what the policy lists. What stands on a reported entry
  /// is not reported again, and one whose source could not be brought is looked at when it is there.
  func checkAncestry(_ entries: EntryGraph) {
    guard let allowed = resolved.workspace.settings.policy.baseAncestry else { return }
    let bases = Set(resolved.workspace.bases.map(\.label.value))
    for label in entries.labels where !allowed.contains(where: { $0.matches(label) }) {
      for edge in entries.edges(of: label) where edge.origin == .discovered {
        let isAllowed: Bool =
          switch edge.parent {
          // What other targets deliver is copied from, and no image stands on it.
          case .target(let parent): !bases.contains(parent) || allowed.contains { $0.matches(parent) }
          case .external(let name):
            (try? ImageReference(name)).map { name in allowed.contains { $0.matches(reference: name) } }
              ?? false
          case .scratch: allowed.contains(.scratch)
          case .missing: true
          }
        if isAllowed { continue }
        diagnostics.add(
          .error(
            "\(label) stands on '\(edge.name.value)', which 'policy' of graph.yml does not allow",
            at: edge.name.location,
            hint: "use an allowed base, or add this one to 'base-ancestry'", code: "policy"))
      }
    }
  }
}

extension InputPolicy.Ancestor {
  fileprivate func matches(_ label: Label) -> Bool {
    if case .target(let pattern) = self { pattern.matches(label) } else { false }
  }
}
