/// Finds the actions that an expanding action needs besides, once what it reads is known: the work that nobody could plan, such
/// as a step for each file that another action made.
public protocol Expander: Sendable {
  /// What `node` needs besides its inputs. The same inputs find the same: whoever reads the result relies on it.
  ///
  /// - Parameter inputs: of its action, in order.
  /// - Throws: `ActionFailed` where the inputs do not say it; what the store throws.
  func expand(_ node: Node, inputs: [Artifact], store: any BlobStore) throws -> [FoundNode]
}
