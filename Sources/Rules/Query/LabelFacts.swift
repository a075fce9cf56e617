import GraphCore
import Manifests
import Resolve
import Synchronization

/// The attributes of labels: what the graph knows of them, and what their declarations say.
final class LabelFacts: Sendable {
  private let query: WorkspaceQuery
  private let items: [QueryGraph.Item]
  /// Read when they are first asked for: most queries need none of them.
  private let tables = Mutex<Tables?>(nil)

  private struct Tables {
    let written: WrittenDeclarations
    let nodes: [Label: [Int]]
    let images: [Label: Int]
    let edges: DeclaredEdges
  }

  /// What the graph knows of every label.
  static let general = [
    "kind", "arch", "package", "name", "tag", "rule", "opaque", "file", "input", "base", "registry", "commit",
    "step", QueryGraph.packages,
  ]

  /// Every attribute: general ones, then the keys of declarations.
  static let names: [String] = {
    let mappings = [.indexEntry] + ManifestMapping.targetLists.sorted { $0.key < $1.key }.map(\.value)
    var names = general
    for key in mappings.flatMap(\.keys) where !names.contains(key.name) && key.name != "for-each" {
      names.append(key.name)
    }
    return names
  }()

  init(_ query: WorkspaceQuery, items: [QueryGraph.Item]) {
    (self.query, self.items) = (query, items)
  }

  func values(_ item: Int, _ name: String) -> [String] {
    let item = items[item]
    guard let label = item.label else { return name == "kind" ? [item.kind] : [] }
    switch name {
    case "kind": return [item.kind]
    case "arch": return [label.architecture?.name ?? "none"]
    case "package": return [label.package]
    case "name": return [label.name]
    case "tag": return label.tag.map { [$0] } ?? []
    case "file": return item.location.map { [$0.file] } ?? []
    case "step": return []
    case QueryGraph.packages: return query.packages[label] ?? []
    default:
      return tables.withLock { tables in
        let known = tables ?? read()
        tables = known
        return values(label, name, known)
      }
    }
  }

  private func read() -> Tables {
    var nodes: [Label: [Int]] = [:]
    for (number, node) in query.graph.nodes.enumerated() { nodes[node.label, default: []].append(number) }
    let images = Dictionary(
      query.resolved.images.enumerated().map { ($0.element.entry.label, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    return Tables(
      written: WrittenDeclarations(query.resolved.workspace), nodes: nodes, images: images,
      edges: DeclaredEdges(query.resolved))
  }

  private func values(_ label: Label, _ name: String, _ tables: Tables) -> [String] {
    let nodes = (tables.nodes[label] ?? []).map { query.graph.nodes[$0] }
    switch name {
    case "rule": return Self.unique(nodes.map(\.action.rule.name))
    case "opaque": return [nodes.contains(where: \.isOpaque) ? "true" : "false"]
    case "input": return Self.unique(nodes.flatMap(WorkspaceQuery.origins))
    case "base": return bases(of: label, tables).flatMap { [$0.text] + ($0.label.map { [$0] } ?? []) }
    case "registry":
      let texts = bases(of: label, tables).map(\.text) + declared("depends-on", label, tables)
      return Self.unique(texts.compactMap { (try? ImageReference($0))?.registry })
    case "commit":
      return image(label, tables)?.revision.map { [$0.commit] } ?? []
    default: return declared(name, label, tables)
    }
  }

  private func image(_ label: Label, _ tables: Tables) -> ResolvedImage? {
    tables.images[label.withoutArchitecture].map { query.resolved.images[$0] }
  }

  /// What FROM names, for the label's architecture or for all of them, as it is written and as the label it means.
  private func bases(of label: Label, _ tables: Tables) -> [(text: String, label: String?)] {
    guard let image = image(label, tables) else { return [] }
    let all = query.resolved.workspace.settings.architectures.map(\.value)
    let texts = Self.unique(
      (label.architecture.map { [$0] } ?? all).flatMap { query.resolved.stages(of: image, for: $0).usedBases }
    )
    return texts.map { text in
      if case .label(let base) = tables.edges.end(of: text) { return (text, base.description) }
      return (text, nil)
    }
  }

  /// What the declaration, or else the last option that sets it, says under a key; its default where nothing is written.
  private func declared(_ key: String, _ label: Label, _ tables: Tables) -> [String] {
    let parts = tables.written.parts(of: label)
    for part in parts.reversed() where key != "name" || part.kind == .declaration {
      if let value = part.pairs.first(where: { $0.key.value == key })?.value { return Self.texts(of: value) }
    }
    let fallbacks = parts.compactMap { part in part.mapping?.keys.first { $0.name == key }?.fallback }
    return fallbacks.first.map { [$0] } ?? []
  }

  private static func texts(of value: WrittenValue) -> [String] {
    switch value.content {
    case .nothing: []
    case .text(let text): text.isEmpty ? [] : [text]
    case .list(let elements): elements.flatMap(texts)
    case .mapping(let pairs):
      pairs.flatMap { pair in texts(of: pair.value).map { "\(pair.key.value)=\($0)" } }
    }
  }

  private static func unique(_ texts: [String]) -> [String] {
    var seen: Set<String> = []
    return texts.filter { seen.insert($0).inserted }
  }
}
