import GraphCore
import Manifests

extension StagePlan {
  /// The git repositories that ADD instructions of the needed stages name, with variables replaced as far as the
  /// Dockerfile itself sets them; by the text that is left then.
  ///
  /// - Parameter escape: of the Dockerfile.
  func addedRepositories(escape: Unicode.Scalar) -> [(text: Located<String>, reference: GitReference)] {
    var found: [(Located<String>, GitReference)] = []
    var scopes: [Int: Scope] = [:]
    for number in used {
      let stage = stages[number]
      var scope = Scope(arguments: arguments, environment: [:])
      if case .stage(let parent) = stage.base, let below = scopes[parent] {
        scope.environment = below.environment
        scope.arguments.beginStage(inheriting: below.arguments.values)
      } else {
        scope.arguments.beginStage()
      }
      for instruction in stage.instructions {
        switch instruction.kind {
        case .argument(let name, let value):
          scope.arguments.declare(name, value.flatMap { scope.expanded($0, escape) })
        case .environment(let pairs):
          let values = pairs.map { scope.expanded($0.value, escape) }
          for (pair, value) in zip(pairs, values) { scope.environment[pair.name] = value }
        case .add(let add):
          for source in add.copy.sources {
            guard let text = scope.expanded(source.value, escape), let reference = GitReference(text) else {
              continue
            }
            found.append((Located(text, at: source.location), reference))
          }
        default: continue
        }
      }
      scopes[number] = scope
    }
    return found
  }

  private struct Scope {
    var arguments: BuildArguments
    var environment: [String: String]

    func expanded(_ text: String, _ escape: Unicode.Scalar) -> String? {
      try? Variables.expand(text, escape: escape) { environment[$0] ?? arguments.values[$0] }
    }
  }
}
