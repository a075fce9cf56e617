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
    var reader = InstructionReader(compilation: self, image: image, label: label)
    for instruction in image.dockerfile.instructions { try reader.read(instruction) }
    if let base = reader.unresolvedBase {
      try compile(
        UnresolvedImage(
          entry: image.entry, reason: "its base \(base) is not there", location: image.fromLocation), label,
        standingOn: base)
    }
    guard let state = reader.finishedState else { return nil }
    finish(
      state, label: label, revision: image.revision, runs: reader.runs, location: image.entry.location)
    return state
  }

  /// The build context of an image without what is ignored, walked once however many instructions and architectures read
  /// it. Folders stay where something in them does.
  func listing(of image: ResolvedImage) throws -> [SourceFile] {
    let place =
      "\(image.source.origin)\0\(image.contextFolder)"
      + (image.isIgnored == nil ? "" : "\0\(image.entry.label)")
    if let known = listings[place] { return known }
    var files = try image.source.list(image.contextFolder) ?? []
    if let isIgnored = image.isIgnored {
      var kept: Set<String> = []
      for file in files where !isIgnored(file.path) {
        var parts = file.path.split(separator: "/")
        while !parts.isEmpty, kept.insert(parts.joined(separator: "/")).inserted { parts.removeLast() }
      }
      files = files.filter { kept.contains($0.path) }
    }
    listings[place] = files
    return files
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
      architecture: architecture, runs: runs)
  }

  /// Adds the OCI index over the architectures that a label was compiled for, where there is one at least.
  func addIndex(of label: Label, at location: SourceLocation) {
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
        location: location))
    builder.deliver(label, Graph.Target(kind: .index, node: node, output: "layout"))
  }

  /// A URL as it may be published: without the user and password that it may hold.
  private static func withoutCredentials(_ url: String) -> String {
    guard let scheme = url.firstRange(of: "://"), let at = url[scheme.upperBound...].firstIndex(of: "@"),
      !url[scheme.upperBound..<at].contains("/")
    else { return url }
    return String(url[..<scheme.upperBound] + url[url.index(after: at)...])
  }

  /// Differences between the declared edges (`depends-on`) and what the Dockerfile names.
  func checkDeclaredEdges(of image: ResolvedImage) {
    var discovered: Set<Label> = []
    for architecture in architectures {
      for base in image.dockerfile.bases(for: architecture) {
        if case .target(let label) = resolved.names.meaning(of: base.value) {
          discovered.insert(known(label).withoutArchitecture)
        }
      }
    }
    checkDeclaredEdges(of: image.entry, discovered: discovered)
  }

  /// - Parameter discovered: what the Dockerfile names; `nil` where it could not be read.
  func checkDeclaredEdges(of entry: ImageEntry, discovered: Set<Label>?) {
    func warn(_ message: String, at item: Located<String>, hint: String, code: String) {
      var diagnostic = resolved.workspace.diagnostic(.warning, message, at: item, hint: hint)
      diagnostic.code = code
      diagnostics.add(diagnostic)
    }
    for item in entry.dependsOn {
      switch resolved.names.meaning(of: item.value) {
      case .target(let label) where known(label).withoutArchitecture == entry.label:
        warn(
          "'\(item.value)' depends on itself", at: item, hint: "the edge is dropped; remove it",
          code: "self-edge")
      case .target(let label) where discovered?.contains(known(label).withoutArchitecture) == false:
        warn(
          "depends-on names '\(item.value)', which the Dockerfile does not use", at: item,
          hint: "a declared edge alone rebuilds nothing: remove it, or use the image", code: "unused-edge")
      case .unknown(let hint):
        warn(
          "depends-on names '\(item.value)', which no entry declares: it is kept as a parent outside the index",
          at: item, hint: hint, code: "dangling-edge")
      case .target, .external: continue
      }
    }
  }
}
