import GraphCore

/// Reads what the locks of images say.
public struct PackageCollector {
  private let compiled: CompiledWorkspace
  private let store: any BlobStore
  private let decoded = DecodedLocks()

  public init(_ compiled: CompiledWorkspace, store: any BlobStore) {
    (self.compiled, self.store) = (compiled, store)
  }

  private var graph: Graph { compiled.graph }

  /// The lock nodes of an image or base, those below it first; `nil` for what is neither.
  public func locks(of label: Label) -> [NodeID]? { compiled.images[label]?.locks.map(\.node) }

  /// The packages of an image or base.
  ///
  /// - Parameter lock: the lock of a node.
  /// - Throws: what the store and `lock` throw.
  public func packages(of label: Label, lock: (NodeID) throws -> Digest) throws -> PackageSet {
    var found: [String: PackageSet.Package] = [:]
    for id in locks(of: label) ?? [] {
      let node = graph[id]
      let content = try decoded.lock(try lock(id), store)
      for gone in content.erased { found[gone.nevra] = nil }
      let repositories = repositories(of: node)
      for package in content.packages {
        found[package.nevra] = PackageSet.Package(
          name: package.name, epoch: package.epoch, version: package.version, release: package.release,
          arch: package.arch, digest: package.digest,
          repository: repositories[package.repository] ?? package.repository, because: package.requestedBy,
          isRequested: package.reason == .user, lock: node.name, place: node.location.map { "\($0)" } ?? "")
      }
    }
    return PackageSet(label: label, packages: Array(found.values))
  }

  /// The packages of every image and base whose locks are all up to date, by label.
  ///
  /// - Returns: also the images that have a lock that is not.
  /// - Throws: what cache and store throw.
  public func known(in cache: any ActionCache) throws -> (sets: [Label: PackageSet], unknown: [Label]) {
    let plan = try Planner(graph: graph, cache: cache).plan(labels.flatMap { locks(of: $0) ?? [] })
    return try sets { plan[$0] == .cached ? try plan.result(of: $0) : nil }
  }

  /// The same by what every lock said last, of whatever snapshot.
  public func last(in cache: any ActionCache) throws -> (sets: [Label: PackageSet], unknown: [Label]) {
    try sets { try cache.trace(ofNode: graph.name(of: $0))?.result }
  }

  private var labels: [Label] { compiled.images.keys.filter { locks(of: $0)?.isEmpty == false } }

  private func sets(_ result: (NodeID) throws -> ActionResult?) throws -> (
    sets: [Label: PackageSet], unknown: [Label]
  ) {
    var sets: [Label: PackageSet] = [:]
    let labels = labels
    for label in labels {
      do {
        sets[label] = try packages(of: label) { node in
          guard let lock = try result(node)?.outputs["lock"] else { throw UnknownLock() }
          return lock.digest
        }
      } catch is UnknownLock {
        continue
      } catch is MissingBlob {
        continue
      }
    }
    return (sets, labels.filter { sets[$0] == nil })
  }

  private struct UnknownLock: Error {}

  /// The labels of the repositories that a lock reads, by the numbers that it calls them.
  private func repositories(of lock: Node) -> [String: String] {
    let role = "repository/"
    return Dictionary(
      lock.action.inputs.compactMap { input in
        guard input.role.hasPrefix(role), case .output(let producer, _) = input.source else { return nil }
        return (String(input.role.dropFirst(role.count)), "\(graph[producer].label.withoutArchitecture)")
      }, uniquingKeysWith: { first, _ in first })
  }
}
