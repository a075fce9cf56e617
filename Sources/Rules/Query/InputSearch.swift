import Glibc
import GraphCore
import Manifests
import Resolve

/// Finds out what a file that somebody changed has to do with some targets.
public struct InputSearch {
  private let graph: Graph
  private let resolved: ResolvedWorkspace
  private var root: String { resolved.workspace.root }

  public init(_ compiled: CompiledWorkspace, _ resolved: ResolvedWorkspace) {
    (graph, self.resolved) = (compiled.graph, resolved)
  }

  /// - Parameters:
  ///   - path: as it was written; relative ones are looked for from `folder`, then from the workspace's root.
  ///   - roots: the nodes that are meant with all that they need.
  public func finding(for path: String, from folder: String, roots: [NodeID]) throws -> InputFinding {
    guard let inside = inside(path, from: folder) else {
      return InputFinding(path: path, verdict: isThere(path, folder) ? .outside : try missing(path, roots))
    }
    return InputFinding(path: inside, verdict: try verdict(inside, roots))
  }

  private func verdict(_ path: String, _ roots: [NodeID]) throws -> InputFinding.Verdict {
    let closure = graph.closure(of: roots)
    let readers = readers(of: path, in: closure)
    if let first = readers.first { return .input(first.digest, readers: readers.map(\.reader)) }
    if isManifest(path) { return .manifest }
    let labels = Set(closure.map { graph[$0].label.withoutArchitecture })
    for image in resolved.images where labels.contains(image.entry.label) {
      if let verdict = try verdict(path, in: image, closure) { return verdict }
    }
    let others = Self.unique(self.readers(of: path, in: graph.order).map { graph[$0.reader.node].label })
    if !others.isEmpty { return .elsewhere(others.sorted()) }
    // With nothing else to say of it, a source of git is what people mistake most.
    if let image = resolved.images.first(where: { labels.contains($0.entry.label) && $0.revision != nil }),
      let pin = image.revision
    {
      return .pinned(image.entry.label, url: image.entry.gitURL.value, branch: pin.branch, commit: pin.commit)
    }
    return .unread
  }

  /// The leaf inputs that are a file, or a folder that it is in.
  private func readers(
    of path: String, in nodes: some Sequence<NodeID>
  ) -> [(reader: InputFinding.Reader, digest: Digest)] {
    nodes.flatMap { id in
      graph[id].action.inputs.compactMap { input in
        guard case .leaf(let leaf) = input.source, let digest = Self.digest(of: path, in: leaf) else {
          return nil
        }
        return (InputFinding.Reader(node: id, role: input.role), digest)
      }
    }
  }

  /// The content of a file in a leaf input of the workspace; `nil` where it is not in it.
  private static func digest(of path: String, in leaf: Leaf) -> Digest? {
    switch leaf.content {
    case .file: return leaf.origin == path ? leaf.artifact.digest : nil
    case .tree(let layer, _):
      if leaf.origin == path { return leaf.artifact.digest }
      guard path.hasPrefix(leaf.origin + "/") else { return nil }
      let below = path.dropFirst(leaf.origin.count + 1)
      for entry in layer.entries where entry.path == below {
        if case .file(let digest) = entry.content { return digest }
        return leaf.artifact.digest
      }
      return nil
    case .bytes, .gitBlob, .tool, .stored: return nil
    }
  }

  private func isManifest(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    if path == "graph.yml" { return true }
    if parts.count == 2, ["graph.d", "index.d"].contains(parts[0]) { return true }
    return resolved.images.contains { image in
      guard image.revision == nil, let folder = folder(of: image) else { return false }
      let dockerfile = RepositoryPath.join(folder, image.entry.targetFile.value)
      let names = ["cccp.yml", ".cccp.yml", "cccp.yaml", ".cccp.yaml", "container.yaml"]
      return path == dockerfile || names.contains { path == RepositoryPath.join(folder, $0) }
    }
  }

  /// The folder of an image's Dockerfile, relative to the workspace.
  private func folder(of image: ResolvedImage) -> String? {
    let gitPath = String(image.entry.gitPath.value.drop { $0 == "/" })
    return RepositoryPath.join(image.source.origin, gitPath)
  }

  /// What an image that does not read a file of the workspace has to do with it; `nil` for nothing.
  private func verdict(
    _ path: String, in image: ResolvedImage, _ closure: [NodeID]
  ) throws -> InputFinding.Verdict? {
    guard image.revision == nil, let context = RepositoryPath.join(image.source.origin, image.contextFolder),
      context.isEmpty || path.hasPrefix(context + "/")
    else { return nil }
    let below = context.isEmpty ? path : String(path.dropFirst(context.count + 1))
    let label = image.entry.label
    if image.isIgnored?(below) == true { return .ignored(by: try ignoreFile(of: image), label) }
    let rules = [CopyOperation.rule, ContextOperation.rule]
    let instructions = closure.filter { id in
      graph[id].label.withoutArchitecture == label && rules.contains(graph[id].action.rule)
    }.map { graph[$0].stepTitle }
    return .notTaken(label, context: context.isEmpty ? "." : context, instructions: Self.unique(instructions))
  }

  private func ignoreFile(of image: ResolvedImage) throws -> String {
    guard let folder = folder(of: image),
      let dockerfile = RepositoryPath.join(folder, image.entry.targetFile.value)
    else { return ".dockerignore" }
    let own = IgnoreFile.names(dockerfile: dockerfile).own
    if access("\(root)/\(own)", F_OK) == 0 { return own }
    return RepositoryPath.join(image.source.origin, image.contextFolder, ".dockerignore")
  }

  // MARK: Paths

  /// The path relative to the workspace; `nil` where nothing is there, or it is outside.
  private func inside(_ path: String, from folder: String) -> String? {
    for base in path.hasPrefix("/") ? [""] : [folder + "/", root + "/"] {
      guard let real = realpath(base + path, nil), let top = realpath(root, nil) else { continue }
      defer {
        free(real)
        free(top)
      }
      let (file, workspace) = (String(cString: real), String(cString: top))
      if file.hasPrefix(workspace + "/") { return String(file.dropFirst(workspace.count + 1)) }
    }
    return nil
  }

  private func isThere(_ path: String, _ folder: String) -> Bool {
    access(path.hasPrefix("/") ? path : "\(folder)/\(path)", F_OK) == 0
  }

  private func missing(_ path: String, _ roots: [NodeID]) throws -> InputFinding.Verdict {
    let known = graph.closure(of: roots).flatMap { graph[$0].action.inputs }.compactMap { input in
      if case .leaf(let leaf) = input.source, case .file = leaf.content { leaf.origin } else { nil }
    }
    return .missing(near: Nearest.match(for: path, among: Set(known).sorted()))
  }

  private static func unique<Element: Hashable>(_ all: [Element]) -> [Element] {
    var seen: Set<Element> = []
    return all.filter { seen.insert($0).inserted }
  }
}

extension RepositoryPath {
  fileprivate static func join(_ first: String, _ second: String, _ third: String) -> String {
    join(first, second).flatMap { join($0, third) } ?? third
  }
}
