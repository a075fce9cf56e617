import Execute
import GraphCore

/// A target with the label that means it.
typealias LabelledTarget = (label: Label, target: GraphCore.Graph.Target)

extension Session {
  /// Those of `targets` that are images. One of an architecture is left out where the index over it is there too.
  ///
  /// - Throws: `GraphError(.usage)` where none is.
  func images(among targets: [LabelledTarget], of patterns: [String]) throws -> [LabelledTarget] {
    let images = targets.filter { [.image, .base, .index].contains($0.target.kind) }
    let indexes = Set(images.filter { $0.target.kind == .index }.map(\.label))
    guard !images.isEmpty else {
      throw GraphError(
        .usage, "'\(patterns.joined(separator: " "))' is no image",
        hint: "'graph ls -l' says which targets are")
    }
    return images.filter { $0.target.kind == .index || !indexes.contains($0.label.withoutArchitecture) }
  }

  /// The images of one architecture that patterns mean; where a pattern leaves a choice, those for this
  /// machine.
  ///
  /// - Throws: `GraphError(.usage)` where a pattern means no image, or one that is not made for this machine and for
  ///   several others.
  func localImages(_ patterns: [String]) throws -> [LabelledTarget] {
    var chosen: [Label: GraphCore.Graph.Target] = [:]
    for pattern in patterns {
      let targets = try targets([pattern])
      let images = targets.filter { [.image, .base].contains($0.target.kind) }
      guard !images.isEmpty else {
        throw GraphError(.usage, "'\(pattern)' is no image", hint: "'graph ls -l' says which targets are")
      }
      for (plain, group) in Dictionary(grouping: images, by: \.label.withoutArchitecture) {
        if let native = group.first(where: { $0.label.architecture == .host }) ?? only(of: group) {
          chosen[native.label] = native.target
        } else {
          throw GraphError(
            .usage, "'\(plain)' is not made for this machine, \(Architecture.host)",
            hint: "name one: " + group.map(\.label.description).sorted().joined(separator: ", "))
        }
      }
    }
    return chosen.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private func only(of group: [LabelledTarget]) -> LabelledTarget? { group.count == 1 ? group.first : nil }

  /// Brings targets up to date.
  ///
  /// - Returns: what they deliver, in their order.
  /// - Throws: the exit code, where one of them failed.
  func build(
    _ targets: [GraphCore.Graph.Target], _ running: RunningOptions, command: String
  ) async throws -> [Artifact] {
    let outcome = try await Build(session: self, running: running).run(targets.map(\.node), command: command)
    let artifacts = try targets.compactMap { try outcome.wave.outputs(of: $0.node)?[$0.output] }
    guard artifacts.count == targets.count, outcome.wave.succeeded else {
      throw outcome.wave.interrupted.isEmpty ? Exit.code(of: outcome.worstKind) : Exit.interrupted
    }
    for target in targets {
      guard let missing = outcome.wave.partial[target.node] else { continue }
      let names = missing.sorted().compactMap { graph[$0].label.architecture?.name }
      Console.note(
        "graph: warning: \(graph[target.node].label) is without \(names.joined(separator: ", ")): it may fail there, and did"
      )
    }
    return artifacts
  }
}
