/// Says what actions would make that are cheap to work out, and writes nothing: so that a plan can look past them and say
/// exactly what is behind, where else it could only say that something may be.
public protocol Foresight: Sendable {
  /// Whether anything is known of the actions of a rule.
  func covers(_ rule: Action.Rule) -> Bool

  /// What an action makes of its inputs.
  ///
  /// - Parameter last: what the same node had last.
  /// - Returns: `nil` where it cannot be said before the action runs.
  /// - Throws: what the store throws.
  func outcome(of task: ActionTask, last: Trace) throws -> ForeseenOutcome?
}

/// What an action will come to.
public enum ForeseenOutcome: Sendable {
  /// By name, as running it gives them.
  case outputs([String: Artifact])
  case failure(ActionFailed)
}
