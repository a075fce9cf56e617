import GraphCore

/// The parts of a `Node.name` of the history, whose graph may be gone.
struct NodeName {
  let label: String
  let step: String

  /// A label holds no space.
  init(_ name: String) {
    let parts = name.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    (label, step) = (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
  }

  /// The name and what the node does, on one line, as `Node.title` has it.
  static func title(_ name: String, _ description: NodeDescription?) -> String {
    let detail = description?.detail ?? ""
    return PlainText.oneLine(detail.isEmpty ? name : "\(name) \(detail)")
  }
}

extension NodeDescription {
  /// The name of the rule without its version.
  var ruleName: String { String(rule.prefix { $0 != "@" }) }
}
