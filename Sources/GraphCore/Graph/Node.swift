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
  /// Which step of the label it is, unique within the label: `lock`, `3 RUN`. Holds nothing that an edit of the step's
  /// own text changes, so that its history survives the edit.
  public let step: String
  /// What the step does, for people: `dnf install httpd`. Empty where the step says it all.
  public let detail: String
  public let action: Action
  /// Where it was declared.
  public let location: SourceLocation?
  /// Whether what it does cannot be seen from its declaration (a RUN that is no package installation).
  public let isOpaque: Bool
  /// Whether it goes on without inputs whose producers failed where failure is allowed, as an index over architectures
  /// does. What it makes then has a key of its own: that of the same action without those inputs.
  public let isFanIn: Bool

  public init(
    label: Label, step: String, detail: String = "", action: Action, location: SourceLocation? = nil,
    isOpaque: Bool = false, isFanIn: Bool = false
  ) {
    self.label = label
    self.step = step
    self.detail = detail
    self.action = action
    self.location = location
    self.isOpaque = isOpaque
    self.isFanIn = isFanIn
  }

  /// The same node without the inputs that come from `producers`.
  public func without(_ producers: Set<NodeID>) -> Node {
    replacingInputs { inputs in
      inputs.filter { input in
        if case .output(let producer, _) = input.source { !producers.contains(producer) } else { true }
      }
    }
  }

  func replacingInputs(_ change: ([Input]) -> [Input]) -> Node {
    var action = action
    action.inputs = change(action.inputs)
    return Node(
      label: label, step: step, detail: detail, action: action, location: location, isOpaque: isOpaque,
      isFanIn: isFanIn)
  }

  /// The name under which the node's history is kept, injective over labels and steps.
  public var name: String { "\(label) \(step)" }

  /// The step and what it does, as a person reads and types it: `3 RUN dnf install httpd`.
  public var stepTitle: String { detail.isEmpty ? step : "\(step) \(detail)" }

  /// Whether a person who writes `text` means this step: the whole of its title, or whole words from its start.
  public func isStep(_ text: String) -> Bool { step == text || "\(stepTitle) ".hasPrefix(text + " ") }
}
