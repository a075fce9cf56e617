import GraphCore
import Manifests

extension ResolvedWorkspace {
  /// Whether only some of the workspace's architectures are resolved: then nothing that stands over all can be told.
  public var isPartial: Bool { architectures.count < workspace.settings.architectures.count }
}

extension Workspace {
  /// The architectures that have to be resolved where `asked` are asked for, in the workspace's order: these, and what
  /// declarations and Dockerfiles name beside them. A label with an architecture stands for that one, whoever reads it; a
  /// stage may have a platform of its own; and an image without architecture, read by what serves every one, stands for
  /// all.
  ///
  /// - Parameter asked: `nil` for all.
  func architectures(
    neededFor asked: Set<Architecture>?, _ images: [ResolvedImage], _ names: ImageNames
  ) -> [Architecture] {
    let all = settings.architectures.map(\.value)
    guard let asked else { return all }
    var needed = asked
    for (label, isForAll) in labelsRead {
      if let architecture = label.architecture {
        needed.insert(architecture)
      } else if isForAll, isImage(label) {
        return all
      }
    }
    needed.formIntersection(all)
    var waiting = Array(needed)
    while let architecture = waiting.popLast() {
      for image in images {
        let plan = names.stages(of: image, for: architecture, in: self)
        for reference in plan.references {
          var other = reference.architecture
          if case .target(let label) = reference.source, let own = label.architecture { other = own }
          if all.contains(other), needed.insert(other).inserted { waiting.append(other) }
        }
      }
    }
    return all.filter(needed.contains)
  }

  /// The labels that commands and contexts of images name, and whether what names them serves every architecture.
  private var labelsRead: [(label: Label, isForAll: Bool)] {
    var read: [(Label, Bool)] = []
    for command in commands {
      for case .label(let label) in command.inputs.map(\.source) {
        read.append((label.value, command.architectures.isEmpty))
      }
      if case .image(let label) = command.root.value { read.append((label, command.architectures.isEmpty)) }
    }
    for case .base(let label) in rpms.map(\.buildRoot) { read.append((label.value, false)) }
    for case .label(let label) in imageOptions.flatMap(\.contexts).map(\.source) {
      read.append((label.value, false))
    }
    return read
  }

  private func isImage(_ label: Label) -> Bool {
    bases.contains { $0.label.value == label.withoutArchitecture }
      || images.contains { $0.label.package == label.package && $0.label.name == label.name }
  }

  /// The architectures that an entry is to be made for, as far as declarations say.
  func architectures(of image: ResolvedImage) -> [Architecture] {
    let choice = architectureChoice(of: image.entry)
    return settings.architectures.map(\.value).filter { architecture in
      [choice.verdict(on: architecture), image.platformLimits?.verdict(on: architecture)].allSatisfy {
        if case .excluded = $0 { false } else { true }
      }
    }
  }
}
