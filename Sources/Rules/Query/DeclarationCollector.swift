import GraphCore
import Manifests
import Resolve

/// Puts together all that says something about a target: its declaration, options, the `cccp.yml` beside its Dockerfile,
/// the workspace's settings, and the defaults of what nobody wrote.
public struct DeclarationCollector {
  private let graph: Graph
  private let resolved: ResolvedWorkspace
  private let written: WrittenDeclarations

  public init(_ compiled: CompiledWorkspace, _ resolved: ResolvedWorkspace) {
    graph = compiled.graph
    self.resolved = resolved
    written = WrittenDeclarations(resolved.workspace)
  }

  /// - Returns: `nil` for a label that nothing declares.
  public func declaration(of label: Label) throws -> TargetDeclaration? {
    let label = label.withoutArchitecture
    let parts = written.parts(of: label)
    guard let own = parts.first else { return nil }
    let kind = kind(of: label)
    var sections = [
      TargetDeclaration.Section(
        kind == "image" ? "entry" : kind, at: own.location, Self.members(own.pairs, own.mapping))
    ]
    let options = parts.dropFirst()
    if !options.isEmpty { sections.append(.init("options", at: nil, Self.merged(Array(options)))) }
    if let pipeline = try pipeline(of: label) { sections.append(pipeline) }
    sections.append(workspace(for: own))
    return TargetDeclaration(label, kind: kind, sections: sections)
  }

  /// An image is one, although its label without architecture delivers an index.
  private func kind(of label: Label) -> String {
    let kinds = Set(
      graph.targets.filter { $0.key.withoutArchitecture == label && $0.value.kind != .index }.map {
        $0.value.kind.rawValue
      })
    if resolved.workspace.images.contains(where: { $0.label == label }) { return "image" }
    return kinds.sorted().first ?? "target"
  }

  /// What is written, then the defaults of what is not.
  private static func members(
    _ pairs: [WrittenValue.Pair], _ mapping: ManifestMapping?
  ) -> [DeclaredValue.Member] {
    let ignored = mapping?.ignored ?? []
    var members: [DeclaredValue.Member] = []
    for pair in pairs where !ignored.contains(pair.key.value) {
      let fallback = mapping?.keys.first { $0.name == pair.key.value }?.fallback
      let isUnsaid = pair.value.content == .nothing || pair.value.content == .text("")
      members.append(
        .init(pair.key.value, isUnsaid ? Self.value(pair.value, fallback) : Self.value(pair.value)))
    }
    for key in mapping?.keys ?? [] {
      guard let fallback = key.fallback, !pairs.contains(where: { $0.key.value == key.name }) else {
        continue
      }
      members.append(.init(key.name, Self.parsed(fallback)))
    }
    return members
  }

  /// A value that says nothing: its default where there is one.
  private static func value(_ value: WrittenValue, _ fallback: String?) -> DeclaredValue {
    fallback.map(parsed) ?? DeclaredValue(.nothing, at: value.location)
  }

  /// A default as the tables write it: a text, or texts in brackets.
  private static func parsed(_ text: String) -> DeclaredValue {
    guard text.hasPrefix("["), text.hasSuffix("]") else { return DeclaredValue(.text(text), at: nil) }
    let words = text.dropFirst().dropLast().split(whereSeparator: { $0 == "," || $0 == " " })
    return DeclaredValue(.list(words.map { DeclaredValue(.text(String($0)), at: nil) }), at: nil)
  }

  private static func value(_ written: WrittenValue) -> DeclaredValue {
    switch written.content {
    case .nothing: DeclaredValue(.nothing, at: written.location)
    case .text(let text): DeclaredValue(.text(text), at: written.location)
    case .list(let elements): DeclaredValue(.list(elements.map(value)), at: written.location)
    case .mapping(let pairs):
      DeclaredValue(
        .mapping(pairs.map { .init($0.key.value, value($0.value)) }), at: written.location)
    }
  }

  /// Of one key the last option that sets it counts; of a mapping, that of each name in it.
  private static func merged(_ options: [WrittenDeclarations.Part]) -> [DeclaredValue.Member] {
    var members: [DeclaredValue.Member] = []
    for pair in options.flatMap(\.pairs) where pair.key.value != "name" {
      let new = value(pair.value)
      guard let place = members.firstIndex(where: { $0.key == pair.key.value }) else {
        members.append(.init(pair.key.value, new))
        continue
      }
      if case .mapping(let old) = members[place].value.content, case .mapping(let added) = new.content {
        let kept = old.filter { member in !added.contains { $0.key == member.key } }
        members[place] = .init(pair.key.value, DeclaredValue(.mapping(kept + added), at: new.location))
      } else {
        members[place] = .init(pair.key.value, new)
      }
    }
    return members
  }

  private func pipeline(of label: Label) throws -> TargetDeclaration.Section? {
    guard let image = resolved.images.first(where: { $0.entry.label == label }),
      let location = image.pipeline?.location
    else { return nil }
    // A file of a commit is named `URL#path`, one of the workspace by its path.
    let bytes: [UInt8]?
    if let mark = location.file.lastIndex(of: "#") {
      bytes = try image.source.read(String(location.file[location.file.index(after: mark)...]))
    } else {
      bytes = FileSystem.disk.contents("\(resolved.workspace.root)/\(location.file)")
    }
    let pairs = bytes.flatMap { WrittenValue.read($0, file: location.file) }?.pairs ?? []
    return .init("cccp", at: location, Self.members(pairs, .pipeline))
  }

  /// The settings that reach into every target, and the architectures where the declaration has none of its own.
  private func workspace(for own: WrittenDeclarations.Part) -> TargetDeclaration.Section {
    var names = ["name", "stamps", "compression"]
    if !own.pairs.contains(where: { $0.key.value == "arches" }) { names.insert("arches", at: 1) }
    let all = Self.members(written.settings, .settings)
    return .init(
      "workspace", at: written.settings.first?.key.location,
      names.compactMap { name in all.first { $0.key == name } })
  }
}
