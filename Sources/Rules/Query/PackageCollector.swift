import GraphCore

/// Reads what the locks of images say.
public struct PackageCollector {
  private let compiled: CompiledWorkspace

  public init(_ compiled: CompiledWorkspace) { self.compiled = compiled }

  private var graph: Graph { compiled.graph }

  /// The lock nodes of an image or base, those below it first; `nil` for what is neither.
  public func locks(of label: Label) -> [NodeID]? { compiled.images[label]?.locks.map(\.node) }

  /// The packages of an image or base.
  ///
  /// - Parameter lock: the content of a node's lock.
  /// - Throws: `CorruptLock`, and what `lock` throws.
  public func packages(of label: Label, lock: (NodeID) throws -> [UInt8]) throws -> PackageSet {
    var found: [String: PackageSet.Package] = [:]
    for id in locks(of: label) ?? [] {
      let node = graph[id]
      let content = try Lock(encoded: try lock(id))
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
