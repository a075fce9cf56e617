import GraphCore
import Manifests
import Resolve

/// What the manifests themselves say that targets need: `depends-on`, `repositories`, `members`, `inputs`, `root` and
/// contexts. Nothing of it needs a source that has to be fetched.
struct DeclaredEdges {
  /// What an edge leads to.
  enum End: Hashable {
    case label(Label)
    /// An image of a registry.
    case external(String)
    /// A name that nothing declares.
    case dangling(String)
  }

  private let resolved: ResolvedWorkspace
  /// Tags by label without one.
  private let tags: [Label: [Label]]

  init(_ resolved: ResolvedWorkspace) {
    self.resolved = resolved
    tags = Dictionary(grouping: resolved.workspace.images.map(\.label)) {
      Label(package: $0.package, name: $0.name)
    }
  }

  /// Each edge by the label that declares it, without architecture; ends without one have that of their label.
  func all() -> [(from: Label, to: End)] {
    let workspace = resolved.workspace
    var edges: [(from: Label, to: End)] = []
    for entry in workspace.images {
      edges += entry.dependsOn.map { (entry.label, end(of: $0.value)) }
    }
    for base in workspace.bases {
      edges += base.repositories.map { (base.label.value, .label($0.value)) }
    }
    for repository in workspace.repositories {
      for member in repository.members {
        // Members are found by their names with an architecture or without.
        let architectures = [nil] + repository.architectures.map { Optional($0.value) }
        let found = workspace.commands.filter { command in
          architectures.contains { member.value.matches(command.label.value.on($0)) }
        }
        let rpms = workspace.rpms.filter { rpm in
          architectures.contains { member.value.matches(rpm.label.value.on($0)) }
        }
        edges += (found.map(\.label) + rpms.map(\.label)).map { (repository.label.value, .label($0.value)) }
      }
    }
    for command in workspace.commands {
      if case .image(let root) = command.root.value {
        edges.append((command.label.value, .label(known(root))))
      }
      for input in command.inputs {
        if case .label(let label) = input.source {
          edges.append((command.label.value, .label(known(label.value))))
        }
      }
    }
    for rpm in workspace.rpms {
      edges.append((rpm.label.value, .label(rpm.sourceLabel)))
      if case .base(let base) = rpm.buildRoot {
        edges += [rpm.label.value, rpm.sourceLabel].map { ($0, .label(base.value)) }
      }
    }
    return edges + contexts()
  }

  private func contexts() -> [(from: Label, to: End)] {
    var edges: [(from: Label, to: End)] = []
    for options in resolved.workspace.imageOptions where !options.contexts.isEmpty {
      for entry in resolved.workspace.images where options.pattern.value.matches(entry.label) {
        for context in options.contexts {
          switch context.source {
          case .label(let label): edges.append((entry.label, .label(known(label.value))))
          case .image(let reference): edges.append((entry.label, end(of: reference.value)))
          case .folder: continue
          }
        }
      }
    }
    return edges
  }

  /// What an image reference means.
  func end(of reference: String) -> End {
    switch resolved.names.meaning(of: reference) {
    case .target(let label): .label(known(label))
    case .external(let reference, isInsecure: _): .external(reference)
    case .unknown: .dangling(reference)
    }
  }

  /// The label with the tag that it means where it names none: `latest`, or the only one there is.
  func known(_ label: Label) -> Label {
    guard label.tag == nil, let all = tags[label.withoutArchitecture] else { return label }
    let meant = all.count == 1 ? all.first : all.first { $0.tag == "latest" }
    return meant?.on(label.architecture) ?? label
  }
}
