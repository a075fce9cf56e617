import GraphCore
import Resolve

/// Brings the metadata of upstream repositories that the snapshot pins, before a build asks for it.
public struct MetadataFetch: Sendable {
  private let fetch: FetchOperation

  /// - Parameter scratch: a folder for files that are being downloaded.
  public init(programs: any HostPrograms, scratch: String, isOffline: Bool) {
    fetch = FetchOperation(programs: programs, scratch: scratch, isOffline: isOffline)
  }

  /// Fetches what `store` lacks of all repositories.
  ///
  /// - Returns: what could not be fetched, in the order of the labels.
  /// - Throws: what the store throws.
  public func bring(_ graph: Graph, into store: any BlobStore) async throws -> [GraphError] {
    let repositories = graph.targets.filter { $0.value.kind == .repository }.map { graph[$0.value.node] }
    let producers = repositories.filter { $0.action.rule == RepodataOperation.rule }.flatMap { node in
      node.action.inputs.compactMap { input in
        if case .output(let producer, _) = input.source { graph[producer] } else { nil }
      }
    }
    return try await bring(producers.filter { $0.action.rule == FetchOperation.rule }, into: store)
  }

  /// - Parameter files: nodes that fetch metadata.
  func bring(_ files: [Node], into store: any BlobStore) async throws -> [GraphError] {
    var failures: [GraphError] = []
    for file in files {
      do {
        // Its content is named by what the snapshot pins; there is nothing else that a key could tell.
        _ = try await fetch.run(
          ActionTask(node: file, key: Key(digest: Digest(of: [])), inputs: []), store: store)
      } catch let failure as GraphError {
        failures.append(failure)
      }
    }
    return failures
  }
}
