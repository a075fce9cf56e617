extension Plan.Reason {
  /// The kinds of reasons by the names that documents and the history give them.
  public enum Kind: String, Sendable {
    case new, changed, cascade, lost, forced, assumed
  }

  public var kind: Kind {
    switch self {
    case .new: .new
    case .changed: .changed
    case .cascade: .cascade
    case .lost: .lost
    case .forced: .forced
    case .assumed: .assumed
    }
  }
}
