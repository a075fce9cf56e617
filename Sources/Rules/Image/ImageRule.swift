import Formats
import GraphCore
import Manifests
import Resolve

/// Index entries: each instruction of a Dockerfile becomes a node with its own key.
///
/// Instructions that change files make layers, each a difference over the layers below; the others change the
/// settings. Settings do not enter the keys of what runs but for what it sees of them (environment, user, folder), so
/// a changed LABEL above a RUN does not run it again.
extension Compilation {
  func compile(_ image: ResolvedImage, _ label: Label) throws -> ImageState? {
    guard let architecture = label.architecture else { return nil }
    let stages = ImageStages(compilation: self, image: image, label: label, architecture: architecture)
    let state = try stages.finishedState()
    if let base = stages.unresolved {
      try compile(
        UnresolvedImage(
          entry: image.entry, reason: "its base \(base.value) is not there", location: base.location), label,
        standingOn: base.value)
    }
    guard let state else { return nil }
    finish(
      state, label: label, revision: image.revision, runs: stages.runs, location: image.entry.location)
    return state
  }

  /// Stacks a layer with its `pack` node.
  func push(
    _ recipe: OutputReference, step: String, to state: inout ImageState, label: Label,
    location: SourceLocation
  ) {
    let compression = resolved.workspace.settings.compression
    let pack = builder.add(
      Node(
        label: label, step: step + "pack",
        action: Action(
          rule: PackOperation.rule,
          arguments: [
            .init("compression", compression.rawValue),
            // Another version of the library may write other bytes.
            .init("library", compression == .gzip ? Gzip.libraryVersion : Zstd.libraryVersion),
          ],
          inputs: [Input("layer", recipe.source)], outputs: [.init("blob", .blob), .init("facts", .blob)],
          limits: .init(memoryMegabytes: 512)),
        location: location))
    state.layers.append(
      .init(
        recipe: recipe, blob: OutputReference(node: pack, output: "blob"),
        facts: OutputReference(node: pack, output: "facts")))
  }

  /// Adds the node that puts the image together and stamps it, and delivers the label.
  func finish(
    _ state: ImageState, label: Label, revision: Snapshot.GitPin?, runs: [NodeID], location: SourceLocation
  ) {
    guard let architecture = label.architecture else { return }
    var inputs = [Input("settings", state.settingsSource)]
    for (index, layer) in state.layers.enumerated() {
      inputs.append(Input("blob/\(ImageState.number(index))", layer.blob.source))
      inputs.append(Input("facts/\(ImageState.number(index))", layer.facts.source))
      inputs.append(Input("recipe/\(ImageState.number(index))", layer.recipe.source))
    }
    var arguments: [Action.Argument] = [
      .init("tag", label.tag ?? "latest"),
      .init("history", state.history.map(\.text)),
      .init("history-layers", state.history.map { $0.layer.map(String.init) ?? "-" }),
    ]
    let stamps = resolved.workspace.settings.stamps
    if stamps.contains(.revision), let revision {
      arguments.append(.init("revision", revision.commit))
      arguments.append(.init("source", Self.withoutCredentials(revision.url)))
    }
    if stamps.contains(.base), let base = state.base {
      arguments.append(.init("base", base.name))
      if let manifest = base.manifest { inputs.append(Input("base", manifest)) }
    }
    if stamps.contains(.buildNumber), let buildNumber { arguments.append(.init("build-number", buildNumber)) }
    let node = builder.add(
      Node(
        label: label, step: "image",
        action: Action(
          rule: AssembleOperation.rule, arguments: arguments, architecture: architecture, inputs: inputs,
          outputs: [.init("manifest", .blob), .init("configuration", .blob), .init("layout", .tree)]),
        location: location))
    builder.deliver(
      label, Graph.Target(kind: label.package == "base" ? .base : .image, node: node, output: "layout"))
    imageTargets[label] = ImageTarget(
      layers: state.layers.map { ($0.recipe.node, $0.recipe.output) }, settings: state.settings,
      architecture: architecture, locks: state.locks.map { ($0.node, $0.output) }, runs: runs)
  }

  /// Adds the OCI index over the architectures that a label was compiled for, where there is one at least, and no
  /// architecture was left aside because nobody asked for it.
  func addIndex(of label: Label, at location: SourceLocation) {
    if resolved.isPartial { return }
    var inputs: [Input] = []
    for architecture in architectures {
      guard let target = builder.target(label.on(architecture)) else { continue }
      inputs.append(Input("manifest/\(architecture)", .output(target.node, "manifest")))
      inputs.append(Input("layout/\(architecture)", .output(target.node, "layout")))
    }
    guard !inputs.isEmpty else { return }
    let node = builder.add(
      Node(
        label: label, step: "index",
        action: Action(
          rule: IndexOperation.rule, arguments: [.init("tag", label.tag ?? "latest")], inputs: inputs,
          outputs: [.init("index", .blob), .init("layout", .tree)]),
        location: location, isFanIn: true))
    let comparison = addComparison(of: label, at: location)
    builder.deliver(
      label, Graph.Target(kind: .index, node: node, output: "layout", checks: comparison.map { [$0] } ?? []))
  }

  /// A URL as it may be published: without the user and password that it may hold.
  private static func withoutCredentials(_ url: String) -> String {
    guard let scheme = url.firstRange(of: "://"), let at = url[scheme.upperBound...].firstIndex(of: "@"),
      !url[scheme.upperBound..<at].contains("/")
    else { return url }
    return String(url[..<scheme.upperBound] + url[url.index(after: at)...])
  }
}
