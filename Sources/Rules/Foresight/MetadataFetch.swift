import GraphCore
import Resolve

/// Brings the metadata of upstream repositories that the snapshot pins, before a build asks for it.
public struct MetadataFetch: Sendable {
  private let fetch: FetchOperation

  /// - Parameter scratch: a folder for files that are being downloaded.
  public init(programs: any HostPrograms, scratch: String, isOffline: Bool) {
    fetch = FetchOperation(programs: programs, scratch: scratch, isOffline: isOffline)
  }

  /// Fetches what `store` lacks.
  ///
  /// - Parameter isWanted: whether the metadata of a repository is, by its node.
  /// - Returns: what could not be fetched, in the order of the labels.
  /// - Throws: what the store throws.
  @discardableResult
  public func bring(
    _ graph: Graph, into store: any BlobStore, where isWanted: (Node) throws -> Bool = { _ in true }
  ) async throws -> [GraphError] {
    var failures: [GraphError] = []
    for (_, target) in graph.targets where target.kind == .repository {
      let node = graph[target.node]
      guard node.action.rule == RepodataOperation.rule, try isWanted(node) else { continue }
      for case .output(let producer, _) in node.action.inputs.map(\.source) {
        let file = graph[producer]
        guard file.action.rule == FetchOperation.rule else { continue }
        do {
          // Its content is named by what the snapshot pins; there is nothing else that a key could tell.
          _ = try await fetch.run(
            ActionTask(node: file, key: Key(digest: Digest(of: [])), inputs: []), store: store)
        } catch let failure as GraphError {
          failures.append(failure)
        }
      }
    }
    return failures
  }
}
