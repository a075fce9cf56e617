import GraphCore
import Manifests
import Resolve

/// Which targets are made for which architectures.
extension Compilation {
  /// What the declarations themselves leave out, for every architecture of the workspace.
  func leaveOutWhatIsDeclared() {
    let workspace = resolved.workspace
    for command in workspace.commands where !command.architectures.isEmpty {
      leaveOut(command.label.value, .command, command.choice)
    }
    for rpm in resolved.rpms where !rpm.isNoarch {
      let label = rpm.target.label.value
      leaveOut(label, .command, rpm.target.choice)
      for (architecture, exclusion) in rpm.exclusions where architectures.contains(architecture) {
        leaveOut(
          label.on(architecture), .command,
          .excluded(reason: "'\(exclusion.tag)' leaves it out", location: exclusion.location))
      }
    }
    for repository in workspace.repositories {
      leaveOut(repository.label.value, .repository, repository.choice)
    }
    for base in workspace.bases { leaveOut(base.label.value, .base, base.choice) }
    for entry in workspace.images { leaveOut(entry.label, .image, workspace.architectureChoice(of: entry)) }
    for image in resolved.images {
      guard let limits = image.platformLimits else { continue }
      for architecture in architectures {
        leaveOut(image.entry.label.on(architecture), .image, limits.verdict(on: architecture))
      }
    }
  }

  private func leaveOut(_ label: Label, _ kind: Graph.Target.Kind, _ choice: ArchitectureChoice) {
    for architecture in architectures {
      leaveOut(label.on(architecture), kind, choice.verdict(on: architecture))
      if choice.isFailable(on: architecture) { builder.allowFailure(of: label.on(architecture)) }
    }
  }

  private func leaveOut(_ label: Label, _ kind: Graph.Target.Kind, _ verdict: ArchitectureChoice.Verdict) {
    switch verdict {
    case .made(let asked?): asks[label] = asks[label] ?? asked
    case .made(nil): break
    case .excluded(let reason, let location):
      guard unsupported[label] == nil else { return }
      unsupported[label] = UnsupportedTarget(label, kind, declared: reason, at: location)
    }
  }

  /// The architectures that a label is to be made for, as its declaration says.
  func madeArchitectures(of label: Label) -> [Architecture] {
    architectures.filter { unsupported[label.on($0)] == nil }
  }

  /// Where a target is not made for the label's architecture, what is being compiled, which needs it, is not made for it
  /// either; where that was asked for by name, it is an error.
  func passOn(_ label: Label, at location: SourceLocation) {
    guard let missing = unsupported[label] else { return }
    if let consumer = labelInProgress, consumer.architecture != label.architecture {
      diagnostics.add(
        .error(
          "'\(label)' is named here, and is not made: \(missing.reason)", at: location,
          hint: "name another architecture, or change that at \(missing.location)"))
    } else {
      lacks(missing.phrase, origin: missing.origin, at: location)
    }
  }

  /// Notes that what is being compiled needs something that is not there for its architecture.
  ///
  /// - Parameters:
  ///   - needed: what, and why it is not there, as the rest of a sentence that begins with "it needs".
  ///   - origin: what is at the bottom of it, where that is something else.
  func lacks(_ needed: String, origin: String? = nil, at location: SourceLocation) {
    guard let label = labelInProgress, let architecture = label.architecture,
      !unresolvedLabels.contains(label)
    else { return }
    guard let asked = asks[label] else {
      if unsupported[label] != nil { return }
      unsupported[label] = UnsupportedTarget(
        label, kind(of: label), needs: needed, origin: origin, at: location)
      return
    }
    guard reportedAsks.insert(label).inserted else { return }
    diagnostics.add(
      .error(
        "'\(label.withoutArchitecture)' cannot be made for \(architecture): it needs \(needed)", at: asked,
        hint: "take \(architecture) out of these 'arches', or let \(location) name something else"))
  }
}
