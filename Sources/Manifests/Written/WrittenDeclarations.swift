import GraphCore

/// Where each target of a workspace is declared, and what is written there. Made from the texts that loading has read, so
/// it agrees with the declarations that were made of them.
public struct WrittenDeclarations: Sendable {
  /// One mapping that says something about a target.
  public struct Part: Sendable {
    public enum Kind: String, Sendable {
      /// An entry of the index, or a target of `graph.d`.
      case declaration
      /// An item of `images:`, which says more about entries.
      case options
    }
    public let kind: Kind
    /// What is known of such mappings; `nil` for a list that has no table.
    public let mapping: ManifestMapping?
    public let location: SourceLocation
    public let pairs: [WrittenValue.Pair]
  }

  /// `graph.yml`; empty where it is no mapping.
  public let settings: [WrittenValue.Pair]
  private var byLabel: [Label: Part] = [:]
  private var options: [(pattern: LabelPattern, part: Part)] = []

  public init(_ workspace: Workspace) {
    func document(_ file: String) -> WrittenValue? {
      guard let source = workspace.sources[file] else { return nil }
      let text = source.lines.joined(separator: "\n")
      return WrittenValue.read(Array(text.utf8), file: file)
    }
    settings = document("graph.yml")?.pairs ?? []
    let entries = Dictionary(
      workspace.images.map { ($0.location, $0.label) }, uniquingKeysWith: { first, _ in first })
    for file in workspace.sources.keys.sorted(by: { $0.precedesInBytes($1) }) {
      if file.hasPrefix("index.d/") {
        for entry in document(file)?["Projects"]?.elements ?? [] {
          guard let label = entries[entry.location] else { continue }
          byLabel[label] = Part(
            kind: .declaration, mapping: .indexEntry, location: entry.location, pairs: entry.pairs)
        }
      } else if file.hasPrefix("graph.d/") {
        for list in document(file)?.pairs ?? [] {
          for item in list.value.elements { add(item, of: list.key.value) }
        }
      }
    }
  }

  private mutating func add(_ item: WrittenValue, of list: String) {
    guard let name = item["name"]?.text else { return }
    let mapping = ManifestMapping.targetLists[list]
    if list == "images" {
      guard let pattern = try? LabelPattern(name) else { return }
      options.append(
        (pattern, Part(kind: .options, mapping: mapping, location: item.location, pairs: item.pairs)))
      return
    }
    let forEach = item["for-each"]
    let values = forEach?.text.map { [$0] } ?? forEach?.elements.compactMap(\.text)
    for value in values.map({ $0.map(Optional.some) }) ?? [nil] {
      let filled = value.map { item.filled($0) } ?? item
      guard let label = filled["name"]?.text.flatMap({ try? Label($0) }) else { continue }
      // The list of the others says nothing about this one.
      let pairs = value == nil ? filled.pairs : filled.pairs.filter { $0.key.value != "for-each" }
      let part = Part(kind: .declaration, mapping: mapping, location: item.location, pairs: pairs)
      byLabel[label] = part
      // One item declares the packages and the source package.
      if list == "rpms" { byLabel[Label(package: "srpm", name: label.name)] = part }
    }
  }

  /// What says something about a target, whatever its architecture: its declaration, then options in their order.
  public func parts(of label: Label) -> [Part] {
    let plain = label.withoutArchitecture
    guard let declaration = byLabel[plain] else { return [] }
    return [declaration] + options.filter { $0.pattern.matches(plain) }.map(\.part)
  }
}
