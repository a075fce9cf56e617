/// A failure that ends a command: what kind it is decides who acts and the exit code (BUILDGRAPH.md,
/// section 12.5).
public struct GraphError: Error, Sendable, CustomStringConvertible {
  /// Who has to act.
  public enum Kind: Sendable {
    /// The manifests, or what an action did: exit code 1.
    case user
    /// Wrong usage of the command line: 64.
    case usage
    /// A service or tool that is needed is not there: 69.
    case unavailable
    /// Our bug: 70.
    case bug
    /// The environment failed (disk, network); trying again may help: 75.
    case environment
  }

  public let kind: Kind
  public let message: String
  public let hint: String?
  /// The rule that a message about it names; see `Diagnostic.code`.
  public let code: String?

  public init(_ kind: Kind, _ message: String, hint: String? = nil, code: String? = nil) {
    self.code = code
    self.kind = kind
    self.message = message
    self.hint = hint
  }

  /// The code of the failure that a disk has no room.
  public static let diskFullCode = "disk-full"

  public var isDiskFull: Bool { code == Self.diskFullCode }

  public var description: String { message + (hint.map { "\n  hint: \($0)" } ?? "") }
}
