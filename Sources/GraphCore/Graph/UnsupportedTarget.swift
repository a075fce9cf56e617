/// A target that is not made for an architecture that others are made for, and why: its declaration says so, or something
/// that it needs is not made for it.
public struct UnsupportedTarget: Sendable, Hashable {
  /// With the architecture.
  public let label: Label
  public let kind: Graph.Target.Kind
  /// In a reader's words, without a full stop: `its 'only' leaves it out`; `it needs //app/a, and that needs //base/core,
  /// whose 'only' leaves it out (graph.d/system.yml:8:5)`.
  public let reason: String
  /// Where the declaration says so, or where it names what it needs.
  public let location: SourceLocation
  /// What is at the bottom of it, with its reason and place: `//base/core, whose 'only' leaves it out (…)`.
  public let origin: String
  /// Whether the target's own declaration is the reason.
  public let isDeclared: Bool

  /// A target whose declaration leaves the architecture out.
  ///
  /// - Parameter cause: what follows "its", such as `'only' leaves it out`.
  public init(_ label: Label, _ kind: Graph.Target.Kind, declared cause: String, at location: SourceLocation)
  {
    (self.label, self.kind, self.location) = (label, kind, location)
    reason = "its \(cause)"
    origin = "\(label.withoutArchitecture), whose \(cause) (\(location))"
    isDeclared = true
  }

  /// A target that needs one that is not made.
  public init(
    _ label: Label, _ kind: Graph.Target.Kind, needs missing: UnsupportedTarget, at location: SourceLocation
  ) {
    self.init(label, kind, needs: missing.phrase, origin: missing.origin, at: location)
  }

  /// A target that needs something else that is not there.
  ///
  /// - Parameter needed: what, and why it is not there, as what follows "it needs".
  public init(
    _ label: Label, _ kind: Graph.Target.Kind, needs needed: String, origin: String? = nil,
    at location: SourceLocation
  ) {
    (self.label, self.kind, self.location) = (label, kind, location)
    reason = "it needs \(needed)"
    self.origin = origin ?? needed
    isDeclared = false
  }

  /// What follows "it needs" in the reason of a target that needs this one.
  public var phrase: String {
    isDeclared ? origin : "\(label.withoutArchitecture), and that needs \(origin)"
  }
}
