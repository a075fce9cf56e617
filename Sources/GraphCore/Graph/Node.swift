/// A node's number in its graph: dense, from 0.
public struct NodeID: Hashable, Sendable, Comparable {
  public let index: Int32
  public init(index: Int32) { self.index = index }
  public static func < (left: NodeID, right: NodeID) -> Bool { left.index < right.index }
}

/// An action in its place in the graph.
public struct Node: Sendable {
  /// What the node serves, with its architecture where it has one.
  public let label: Label
  /// Which step of the label it is, unique within the label: `lock`, `3 RUN dnf install httpd`.
  public let step: String
  public let action: Action
  /// Where it was declared.
  public let location: SourceLocation?
  /// Whether what it does cannot be seen from its declaration (a RUN that is no package installation).
  public let isOpaque: Bool

  public init(
    label: Label, step: String, action: Action, location: SourceLocation? = nil, isOpaque: Bool = false
  ) {
    self.label = label
    self.step = step
    self.action = action
    self.location = location
    self.isOpaque = isOpaque
  }

  /// The name under which the node's history is kept, injective over labels and steps.
  public var name: String { "\(label) \(step)" }
}
