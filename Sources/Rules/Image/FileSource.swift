import GraphCore
import Manifests
import Resolve

/// Where an instruction takes files from when it does not take them from the build context.
enum FileSource {
  /// The stacked layers of a stage or image, bottom first.
  case layers([Input.Source])
  /// What a command or repository delivers: a folder, or a file of that name.
  case delivered(Input.Source, name: String)
  /// A folder of the workspace.
  case folder(ContextFiles)

  /// The inputs `from/…`; of a folder none.
  var inputs: [Input] {
    switch self {
    case .layers(let layers): layers.enumerated().map { Input("from/\(ImageState.number($0))", $1) }
    case .delivered(let source, let name): [Input("from/\(name)", source)]
    case .folder: []
    }
  }
}

extension InstructionReader {
  /// What a `--from` of COPY or a `from` of a mount means: a named context, a stage above by name or number, a label,
  /// an image.
  ///
  /// - Returns: `nil` where it means nothing or cannot be had, which is reported.
  mutating func source(named name: Located<String>) throws -> FileSource? {
    switch stages.plan.source(named: name.value, in: stage) {
    case .nothing: return .layers([])
    case .stage(let number):
      guard let state = try stages.state(of: number) else {
        hasFailed = true
        return nil
      }
      return .layers(state.layers.map(\.recipe.source))
    case .target(let label):
      return try source(of: label.architecture == nil ? label.on(stages.plan.architecture) : label, name)
    case .external(let reference, _):
      let state = try compilation.externalState(
        reference, label: label, architecture: stages.plan.architecture, location: name.location)
      if state == nil {
        hasFailed = true
        // What resolving saw, it has reported; it does not see the triggers that a base brings.
        if !stages.plan.references.contains(where: { $0.name == name }) {
          failAt(name.location, "'\(name.value)' is not pinned", hint: "name it in a FROM of this Dockerfile")
        }
      }
      return state.map { .layers($0.layers.map(\.recipe.source)) }
    case .folder(let folder):
      return .folder(try compilation.files(ofFolder: folder.value))
    case .unknown(let hint):
      compilation.diagnostics.add(
        .error(
          "--from names '\(name.value)', which is no stage above, no context and no image of this workspace",
          at: name.location, hint: hint))
      hasFailed = true
      return nil
    }
  }

  private mutating func source(of label: Label, _ name: Located<String>) throws -> FileSource? {
    let target = compilation.known(label)
    if compilation.isImage(target) {
      guard let state = try imageState(target, at: name.location) else { return nil }
      return .layers(state.layers.map(\.recipe.source))
    }
    guard let output = try compilation.delivered(target, at: name.location) else {
      hasFailed = true
      return nil
    }
    return .delivered(output.source, name: output.output)
  }

  /// The state of an image of this workspace; where it cannot be brought, neither can this one.
  mutating func imageState(_ target: Label, at location: SourceLocation) throws -> ImageState? {
    if let architecture = target.architecture, !compilation.architectures.contains(architecture) {
      compilation.diagnostics.add(
        .error(
          "'\(target.withoutArchitecture)' is needed for \(architecture), which this workspace does not build",
          at: location, hint: "add \(architecture) to 'arches' of graph.yml, or name another platform"))
      hasFailed = true
      return nil
    }
    if let state = try compilation.imageState(target, at: location) { return state }
    // It has errors of its own, which have been reported, or could not be brought itself.
    if compilation.unresolvedLabels.contains(target) { stages.unresolved = Located(target, at: location) }
    hasFailed = true
    return nil
  }
}

/// What is at one path of stacked layers, as a layer that stands alone: the folders on the way are in it.
///
/// Inputs `from/NN`; argument `path`, links in which are followed. What is elsewhere in the layers does not change the
/// result, so that an edit there goes no further.
public struct SelectOperation: Operation {
  static let rule = Action.Rule("select", version: 1)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    let layers = try task.inputs(under: "from").map { name, artifact in
      artifact.kind == .blob
        ? Layer(entries: [Layer.Entry(path: name, content: .file(artifact.digest), mode: 0o644)])
        : try store.readLayer(artifact)
    }
    let root = StackedRoot(layers)
    let path = task.action.value("path") ?? ""
    guard let real = root.resolve(path), root.exists(real) else {
      throw ActionFailed(.deterministic, "there is no '/\(path)' in what 'from' names")
    }
    let asked = String(InstructionReader.join("/", path).dropFirst())
    var entries: [Layer.Entry] = []
    var parent = asked.split(separator: "/").dropLast()
    while !parent.isEmpty {
      entries.append(Layer.Entry(path: parent.joined(separator: "/"), content: .directory, mode: 0o755))
      parent = parent.dropLast()
    }
    if let found = root.found(real) {
      var top = found.entry
      top.path = asked
      if !asked.isEmpty { entries.append(top) }
    }
    let prefix = real.isEmpty ? 0 : real.utf8.count + 1
    for found in root.contents(of: real) {
      var entry = found.entry
      let below = String(found.path.utf8.dropFirst(prefix)) ?? found.path
      entry.path = asked.isEmpty ? below : "\(asked)/\(below)"
      entries.append(entry)
    }
    return ["layer": try store.write(Layer(entries: entries), as: .layer)]
  }
}
