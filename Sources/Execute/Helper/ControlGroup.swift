/// Whether the kernel counts what actions use: in control groups (cgroup v2) below one that was handed to this process.
enum ControlGroup: Sendable, Equatable {
  case folder(String)
  /// With the reason, as a person reads it.
  case none(String)

  /// What a helper answers that was asked for it.
  init(answer: String) {
    if answer.hasPrefix("cgroup ") {
      self = .folder(String(answer.dropFirst(7)))
    } else {
      self = .none(answer.hasPrefix("none ") ? String(answer.dropFirst(5)) : "the helper says '\(answer)'")
    }
  }
}
