import GraphCore
import Manifests
import Resolve

/// Finds every leaf input of some nodes: what they and all that they need read, and no action makes.
public struct InputCollector {
  private let graph: Graph
  private let resolved: ResolvedWorkspace
  private let cache: any ActionCache
  private let store: any BlobStore

  public init(
    _ compiled: CompiledWorkspace, _ resolved: ResolvedWorkspace, cache: any ActionCache,
    store: any BlobStore
  ) {
    (graph, self.resolved, self.cache, self.store) = (compiled.graph, resolved, cache, store)
  }

  /// - Throws: what cache and store throw, but for a lock that the store has lost, which is not known then.
  public func inputs(of roots: [NodeID]) throws -> GraphInputs {
    let closure = graph.closure(of: roots)
    var found: [GraphInput] = []
    for id in closure { found += leaves(of: graph[id]) }
    found += commits(of: closure)
    var unknownLocks: [String] = []
    let locks = closure.filter { graph[$0].action.rule == LockOperation.rule }
    if !locks.isEmpty {
      let plan = try Planner(graph: graph, cache: cache).plan(roots)
      for id in locks {
        if let packages = try packages(of: id, plan) {
          found += packages
        } else {
          unknownLocks.append(graph[id].name)
        }
      }
    }
    return GraphInputs(found, unknownLocks: unknownLocks)
  }

  private func leaves(of node: Node) -> [GraphInput] {
    let action = node.action
    var found: [GraphInput] = []
    if action.rule == FetchOperation.rule, let digest = action.value("digest").flatMap(Digest.init) {
      let url = action.hints["url"]
      found.append(
        GraphInput(
          .fetched, url ?? node.step, digest: digest.hex, size: digest.size,
          facts: [.init("file", String(node.step.drop { $0 != " " }.dropFirst()))], readers: [node.name]))
    }
    if action.rule == PullOperation.rule, let manifest = action.value("manifest") {
      found.append(
        GraphInput(
          .image, action.hints["reference"] ?? node.step, digest: manifest, size: nil,
          facts: node.label.architecture.map { [.init("architecture", $0.name)] } ?? [], readers: [node.name])
      )
    }
    for input in action.inputs {
      guard case .leaf(let leaf) = input.source else { continue }
      let digest = leaf.artifact.digest
      let (kind, facts) = Self.kind(of: leaf)
      found.append(
        GraphInput(
          kind, leaf.origin, digest: digest.hex, size: digest.size, facts: facts, readers: [node.name]))
    }
    return found
  }

  private static func kind(of leaf: Leaf) -> (GraphInput.Kind, [GraphInput.Fact]) {
    switch leaf.content {
    case .file: return (.file, [])
    case .bytes, .stored: return (.text, [])
    case .gitBlob: return (.source, [])
    case .tool(let path): return (.tool, [.init("path", path)])
    case .tree(let layer, let files):
      let isCommit = files.values.contains { if case .gitBlob = $0 { true } else { false } }
      return (isCommit ? .source : .file, [.init("entries", String(layer.entries.count))])
    }
  }

  /// The commits that the sources of index entries are.
  private func commits(of closure: [NodeID]) -> [GraphInput] {
    let labels = Set(closure.map { graph[$0].label.withoutArchitecture })
    return resolved.images.compactMap { image in
      guard let pin = image.revision, labels.contains(image.entry.label) else { return nil }
      return GraphInput(
        .commit, image.entry.gitURL.value, digest: pin.commit, size: nil,
        facts: [.init("branch", pin.branch), .init("tree", pin.tree), .init("time", String(pin.time))],
        readers: [image.entry.label.description])
    }
  }

  /// What a lock pins; `nil` where the store has no result for it.
  private func packages(of id: NodeID, _ plan: Plan) throws -> [GraphInput]? {
    let result =
      try plan.preimage(id).flatMap { try cache.result(of: $0.key) }
      ?? cache.result(ofDeep: plan.deepKey(id))
    guard let artifact = result?.outputs["lock"] else { return nil }
    let lock: Lock
    do {
      lock = try Lock(encoded: try store.read(artifact.digest))
    } catch is MissingBlob {
      return nil
    } catch is CorruptLock {
      return nil
    }
    return lock.packages.map { package in
      GraphInput(
        .package, package.nevra, digest: package.digest.hex, size: package.digest.size,
        facts: [
          .init("repository", package.repository), .init("location", package.location),
          .init("requestedBy", package.requestedBy),
        ], readers: [graph[id].name])
    }
  }
}
