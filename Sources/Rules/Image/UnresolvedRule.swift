import GraphCore
import Manifests
import Resolve

/// Index entries whose source could not be brought: one node that says so when it is asked to run, behind the declared
/// edges of the entry. So the whole index is a graph, whatever part of it can be reached.
extension Compilation {
  /// - Parameter base: what FROM names, where that is known.
  func compile(_ image: UnresolvedImage, _ label: Label, standingOn base: Label? = nil) throws {
    if builder.target(label) != nil { return }
    unresolvedLabels.insert(label)
    var inputs: [Input] = []
    if let base, let node = builder.target(base)?.node {
      inputs.append(Input("base", .output(node, "manifest")))
    }
    for (number, item) in image.entry.dependsOn.enumerated() {
      guard case .target(let parent) = resolved.names.meaning(of: item.value),
        parent.withoutArchitecture != image.entry.label,
        parent.on(label.architecture) != base,
        let parentNode = try declaredParent(parent.on(label.architecture), at: item.location)
      else { continue }
      inputs.append(Input("parent/\(ImageState.number(number))", .output(parentNode, "manifest")))
    }
    let node = builder.add(
      Node(
        label: label, step: "source",
        action: Action(
          rule: UnresolvedOperation.rule,
          arguments: [.init("url", image.entry.gitURL.value), .init("branch", image.entry.gitBranch.value)],
          architecture: label.architecture, inputs: inputs,
          outputs: [.init("manifest", .blob), .init("layout", .tree)], hints: ["reason": image.reason]),
        location: image.location))
    builder.deliver(label, Graph.Target(kind: .image, node: node, output: "layout"))
  }

  /// The node that delivers a parent which `depends-on` names.
  private func declaredParent(_ label: Label, at location: SourceLocation) throws -> NodeID? {
    _ = try imageState(label, at: location)
    return builder.target(label)?.node
  }
}

/// Fails with the reason why an entry could not be compiled.
public struct UnresolvedOperation: Operation {
  static let rule = Action.Rule("unresolved", version: 1)
  public var rule: Action.Rule { Self.rule }

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    let reason = task.action.hints["reason"] ?? "unknown"
    throw GraphError(
      .environment, "\(task.node.label) cannot be compiled: \(reason)",
      hint: "run again when what it needs can be reached")
  }
}
