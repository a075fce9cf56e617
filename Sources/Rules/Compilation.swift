import GraphCore
import Manifests
import Resolve

/// What compiling a workspace gives.
public struct CompiledWorkspace: Sendable {
  public let graph: Graph
  /// By label with tag and architecture: images and bases.
  public let images: [Label: ImageTarget]
}

/// Compiles a resolved workspace into its graph. Pure but for the listing and hashing of live source files.
public enum GraphCompiler {
  /// - Parameter buildNumber: the snapshot's name, for workspaces that stamp it; `nil` where it has none yet.
  /// - Returns: the graph of everything that could be compiled, and all that was found wrong.
  public static func compile(
    _ resolved: ResolvedWorkspace, buildNumber: String?
  ) throws -> (compiled: CompiledWorkspace, diagnostics: Diagnostics) {
    let compilation = Compilation(resolved, buildNumber: buildNumber)
    try LargeStack.run { try compilation.compileEverything() }
    return (
      CompiledWorkspace(graph: compilation.builder.build(), images: compilation.imageTargets),
      compilation.diagnostics
    )
  }
}

/// A compilation in progress: declarations by label, what each has become, and what is being compiled.
///
/// Each kind of target is compiled by an extension in its own folder. A target is compiled when it is first needed, so
/// producers come before consumers, and a label met while it is being compiled closes a cycle.
final class Compilation {
  let resolved: ResolvedWorkspace
  let buildNumber: String?
  var builder = GraphBuilder()
  var diagnostics = Diagnostics()
  var imageTargets: [Label: ImageTarget] = [:]
  /// Images that have a place in the graph and no content yet.
  var unresolvedLabels: Set<Label> = []
  /// What is not made for an architecture, as far as that is known.
  var unsupported: [Label: UnsupportedTarget] = [:]
  /// Where the declaration of a label asks for its architecture by name.
  var asks: [Label: SourceLocation] = [:]
  var reportedAsks: Set<Label> = []

  /// Entries that need each other, which has been reported.
  private var entriesInCycles: Set<Label> = []
  /// By label with architecture; `nil` where compiling failed and has been reported.
  private var imageStates: [Label: ImageState?] = [:]
  private var repositoryOutputs: [Label: OutputReference?] = [:]
  private var commandNodes: [Label: NodeID?] = [:]
  /// By source and folder.
  var listings: [String: [SourceFile]] = [:]
  var contexts: [String: ContextFiles] = [:]
  /// By label, reference and architecture: each is pulled once, however many stages name it.
  var externals: [String: ImageState] = [:]
  private var inProgress: [(label: Label, location: SourceLocation)] = []

  private let imagesByLabel: [Label: ResolvedImage]
  private let unresolvedByLabel: [Label: UnresolvedImage]
  private let basesByLabel: [Label: BaseImage]
  private let repositoriesByLabel: [Label: RepositoryTarget]
  let commandsByLabel: [Label: CommandTarget]
  /// By the label of the packages.
  let rpmsByLabel: [Label: ResolvedRpm]
  /// By the label of the source package.
  let rpmsBySourceLabel: [Label: ResolvedRpm]
  /// By label with architecture; `nil` where compiling failed and has been reported.
  var rpmOutputs: [Label: OutputReference?] = [:]
  /// The nodes that run rpmbuild, by label.
  var rpmBuilds: [Label: NodeID] = [:]
  /// Labels with a tag, by the same without.
  private let tagged: [Label: [Label]]
  private let imagePins: [PinKey: Snapshot.ImagePin]
  private let fetchPins: [PinKey: Snapshot.FetchPin]
  private let repositoryPins: [PinKey: Snapshot.RepositoryPin]

  private struct PinKey: Hashable {
    let name: String
    let architecture: String
  }

  init(_ resolved: ResolvedWorkspace, buildNumber: String?) {
    self.resolved = resolved
    self.buildNumber = buildNumber
    func table<T>(_ items: [T], _ label: (T) -> Label) -> [Label: T] {
      Dictionary(items.map { (label($0), $0) }, uniquingKeysWith: { first, _ in first })
    }
    imagesByLabel = table(resolved.images) { $0.entry.label }
    unresolvedByLabel = table(resolved.unresolved) { $0.entry.label }
    basesByLabel = table(resolved.workspace.bases) { $0.label.value }
    repositoriesByLabel = table(resolved.workspace.repositories) { $0.label.value }
    commandsByLabel = table(resolved.workspace.commands) { $0.label.value }
    rpmsByLabel = table(resolved.rpms) { $0.target.label.value }
    rpmsBySourceLabel = table(resolved.rpms) { $0.target.sourceLabel }
    tagged = Dictionary(grouping: imagesByLabel.keys.sorted()) { Label(package: $0.package, name: $0.name) }
    imagePins = Dictionary(
      resolved.snapshot.images.map { (PinKey(name: $0.reference, architecture: $0.architecture), $0) },
      uniquingKeysWith: { first, _ in first })
    fetchPins = Dictionary(
      resolved.snapshot.fetches.map { (PinKey(name: $0.label, architecture: $0.architecture), $0) },
      uniquingKeysWith: { first, _ in first })
    repositoryPins = Dictionary(
      (resolved.snapshot.repositories ?? []).map {
        (PinKey(name: $0.label, architecture: $0.architecture), $0)
      },
      uniquingKeysWith: { first, _ in first })
  }

  func repositoryPin(_ label: Label, _ architecture: Architecture) -> Snapshot.RepositoryPin? {
    repositoryPins[PinKey(name: label.description, architecture: architecture.name)]
  }

  /// Where a repository comes from; `nil` where it is of this workspace's making, or no repository.
  func upstream(of label: Label) -> UpstreamRepository? {
    repositoriesByLabel[label.withoutArchitecture]?.upstream
  }

  func imagePin(_ reference: String, _ architecture: Architecture) -> Snapshot.ImagePin? {
    imagePins[PinKey(name: reference, architecture: architecture.name)]
  }

  func fetchPin(_ label: String, _ architecture: String) -> Snapshot.FetchPin? {
    fetchPins[PinKey(name: label, architecture: architecture)]
  }

  /// The label with the tag that it means where it names none: `latest`, or the only one there is.
  func known(_ label: Label) -> Label {
    guard label.tag == nil, let all = tagged[label.withoutArchitecture] else { return label }
    let meant = all.count == 1 ? all.first : all.first { $0.tag == "latest" }
    return meant?.on(label.architecture) ?? label
  }

  var architectures: [Architecture] { resolved.architectures }

  func isWanted(_ architecture: Architecture?) -> Bool {
    architecture.map(architectures.contains) ?? true
  }

  /// What is being compiled.
  var labelInProgress: Label? { inProgress.last?.label }

  /// The last state of an image or base that was compiled.
  func finishedState(_ label: Label) -> ImageState? { imageStates[label] ?? nil }

  func kind(of label: Label) -> Graph.Target.Kind {
    let plain = label.withoutArchitecture
    if commandsByLabel[plain] != nil || isRpm(plain) { return .command }
    if repositoriesByLabel[plain] != nil { return .repository }
    return basesByLabel[plain] != nil ? .base : .image
  }

  /// Whether a label is an image or a base, compiled or not.
  func isImage(_ label: Label) -> Bool {
    let plain = label.withoutArchitecture
    return basesByLabel[plain] != nil || isEntry(label)
  }

  /// Whether a label is a package or a source package.
  private func isRpm(_ plain: Label) -> Bool { rpmsByLabel[plain] != nil || rpmsBySourceLabel[plain] != nil }

  /// Whether a label is a command, a package or a repository.
  func deliversFiles(_ label: Label) -> Bool {
    let plain = label.withoutArchitecture
    return commandsByLabel[plain] != nil || repositoriesByLabel[plain] != nil || isRpm(plain)
  }

  /// Whether a label is an entry of the index.
  func isEntry(_ label: Label) -> Bool {
    let plain = label.withoutArchitecture
    return imagesByLabel[plain] != nil || unresolvedByLabel[plain] != nil
  }

  func compileEverything() throws {
    leaveOutWhatIsDeclared()
    defer { builder.leaveOut(unsupported.values) }
    for command in resolved.workspace.commands {
      for architecture in command.targetArchitectures where isWanted(architecture) {
        _ = try commandNode(command.label.value.on(architecture), at: command.location)
      }
    }
    try compileRpms()
    for repository in resolved.workspace.repositories {
      for architecture in repository.architectures where isWanted(architecture.value) {
        _ = try repositoryOutput(repository.label.value.on(architecture.value), at: repository.label.location)
      }
    }
    for base in resolved.workspace.bases {
      for architecture in base.architectures where isWanted(architecture.value) {
        _ = try imageState(base.label.value.on(architecture.value), at: base.label.location)
      }
      if builder.target(base.label.value) == nil { addIndex(of: base.label.value, at: base.label.location) }
    }
    for label in try entryOrder() {
      if let image = unresolvedByLabel[label] {
        checkDeclaredEdges(of: image.entry, discovered: nil)
        if entriesInCycles.contains(label) { continue }
        for architecture in madeArchitectures(of: label) { try compile(image, label.on(architecture)) }
        addIndex(of: image.entry.label, at: image.entry.location)
      } else if let image = imagesByLabel[label] {
        checkDeclaredEdges(of: image)
        for architecture in madeArchitectures(of: label) {
          _ = try imageState(image.entry.label.on(architecture), at: image.entry.location)
        }
        if builder.target(image.entry.label) == nil {
          addIndex(of: image.entry.label, at: image.entry.location)
        }
      }
    }
  }

  /// Entries in an order where parents come first, so that compiling one never goes deep. Reports entries that need each
  /// other, and those that stand on what the policy does not allow.
  private func entryOrder() throws -> [Label] {
    let entries = resolved.entryGraph
    for diagnostic in entries.cycleDiagnostics { diagnostics.add(diagnostic) }
    entriesInCycles = entries.inCycles
    checkRepositories()
    checkAncestry(entries)
    return entries.parentsFirst
  }

  /// The last state of an image or base target for an architecture; `nil` where it has errors, which are reported.
  ///
  /// - Parameter isRequired: whether what is being compiled cannot do without it.
  func imageState(
    _ label: Label, at location: SourceLocation, isRequired: Bool = true
  ) throws -> ImageState? {
    let label = known(label)
    // No frame of its own: chains of targets go deep.
    defer { if isRequired { passOn(label, at: location) } }
    if unsupported[label] != nil { return nil }
    if let known = imageStates[label] { return known }
    // They have been reported, with the shortest way round.
    if entriesInCycles.contains(label.withoutArchitecture) { return nil }
    let state: ImageState?? = try guardingCycles(label, at: location) {
      if let base = basesByLabel[label.withoutArchitecture] {
        guard isDeclared(label, among: base.architectures, at: location) else { return nil }
        return try compile(base, label)
      }
      if let image = imagesByLabel[label.withoutArchitecture] { return try compile(image, label) }
      if let image = unresolvedByLabel[label.withoutArchitecture] {
        try compile(image, label)
        return nil
      }
      reportUnknown(label, at: location)
      return nil
    }
    imageStates[label] = state ?? nil
    return state ?? nil
  }

  /// The `repodata` output of a repository target for an architecture.
  func repositoryOutput(_ label: Label, at location: SourceLocation) throws -> OutputReference? {
    defer { passOn(label, at: location) }
    if unsupported[label] != nil { return nil }
    if let known = repositoryOutputs[label] { return known }
    let output: OutputReference?? = try guardingCycles(label, at: location) {
      guard let repository = repositoriesByLabel[label.withoutArchitecture] else {
        reportUnknown(label, at: location)
        return nil
      }
      guard isDeclared(label, among: repository.architectures, at: location) else { return nil }
      return try compile(repository, label)
    }
    repositoryOutputs[label] = output ?? nil
    return output ?? nil
  }

  /// The node of a command target for an architecture, or of one that serves every architecture.
  func commandNode(_ label: Label, at location: SourceLocation) throws -> NodeID? {
    guard let command = commandsByLabel[label.withoutArchitecture] else {
      reportUnknown(label, at: location)
      return nil
    }
    let label = command.architectures.isEmpty ? label.withoutArchitecture : label
    defer { passOn(label, at: location) }
    if unsupported[label] != nil { return nil }
    if let known = commandNodes[label] { return known }
    if !command.architectures.isEmpty, !isDeclared(label, among: command.architectures, at: location) {
      return nil
    }
    let node: NodeID?? = try guardingCycles(label, at: location) { try compile(command, label) }
    commandNodes[label] = node ?? nil
    return node ?? nil
  }

  /// What a label delivers, whatever its kind; an image of no architecture is its index over all of them.
  func delivered(_ label: Label, at location: SourceLocation) throws -> OutputReference? {
    let label = known(label)
    let plain = label.withoutArchitecture
    if commandsByLabel[plain] != nil {
      _ = try commandNode(label, at: location)
    } else if isRpm(plain) {
      return try rpmOutput(label, at: location)
    } else if repositoriesByLabel[plain] != nil {
      _ = try repositoryOutput(label, at: location)
    } else if label.architecture == nil, basesByLabel[plain] != nil || imagesByLabel[plain] != nil {
      for architecture in madeArchitectures(of: plain) {
        _ = try imageState(label.on(architecture), at: location, isRequired: false)
      }
      if builder.target(plain) == nil { addIndex(of: plain, at: location) }
    } else {
      _ = try imageState(label, at: location)
    }
    return (builder.target(label) ?? builder.target(plain)).map {
      OutputReference(node: $0.node, output: $0.output)
    }
  }

  /// Whether a target is declared for the label's architecture; it is an error where something needs it for another.
  func isDeclared(
    _ label: Label, among declared: [Located<Architecture>], at location: SourceLocation
  ) -> Bool {
    if declared.contains(where: { $0.value == label.architecture }) { return true }
    let names = declared.map(\.value.name).joined(separator: ", ")
    let plain = label.withoutArchitecture
    diagnostics.add(
      label.architecture.map {
        .error(
          "'\(plain)' is needed for \($0), and declared for \(names) only", at: location,
          hint: "add \($0) to its 'arches', or take it out of those of what needs it")
      }
        ?? .error(
          "'\(plain)' is needed without an architecture", at: location,
          hint: "name one: '\(plain):\(declared.first?.value.name ?? Architecture.host.name)'"))
    return false
  }

  var commands: [CommandTarget] { resolved.workspace.commands }

  // Compiling what a target needs before it costs stack.
  private static let depthMax = 150

  func guardingCycles<T>(_ label: Label, at location: SourceLocation, _ body: () throws -> T?) throws
    -> T??
  {
    if let start = inProgress.firstIndex(where: { $0.label == label }) {
      let cycle = inProgress[start...]
      // Without architectures, so that a cycle is one message and not one for each.
      let path = (cycle.map(\.label) + [label]).map(\.withoutArchitecture.description).joined(
        separator: " -> ")
      let lines =
        cycle.dropFirst().map { "\($0.location) names \($0.label.withoutArchitecture)" }
        + ["\(location) names \(label.withoutArchitecture)"]
      diagnostics.add(
        .error(
          "these targets need each other: \(path)", at: location,
          hint: "remove one of: " + lines.joined(separator: "; ")))
      return .some(nil)
    }
    guard inProgress.count < Self.depthMax else {
      diagnostics.add(
        .error(
          "'\(label.withoutArchitecture)' is the end of a chain of more than \(Self.depthMax) targets",
          at: location,
          hint: "declare what others need before them, or make the chain shorter", code: "limit"))
      return .some(nil)
    }
    inProgress.append((label, location))
    defer { inProgress.removeLast() }
    return try body()
  }

  func reportUnknown(_ label: Label, at location: SourceLocation) {
    let names =
      (Array(imagesByLabel.keys) + basesByLabel.keys + repositoriesByLabel.keys + commandsByLabel.keys
        + rpmsByLabel.keys + rpmsBySourceLabel.keys)
    if names.contains(label.withoutArchitecture) { return }
    // A package whose spec is wrong has been reported as such.
    if resolved.workspace.rpms.contains(where: {
      [$0.label.value, $0.sourceLabel].contains(label.withoutArchitecture)
    }) {
      return
    }
    // An entry whose source is wrong has been reported as such.
    if resolved.workspace.images.contains(where: { $0.label == label.withoutArchitecture }) { return }
    let plain = label.withoutArchitecture.description
    let near = Nearest.match(for: plain, among: names.map(\.description).sorted())
    diagnostics.add(
      .error(
        "no target is called '\(plain)'", at: location,
        hint: near.map { "did you mean '\($0)'?" } ?? "'graph ls' lists all targets"))
  }
}

extension CommandTarget {
  /// Whether the target is declared for an architecture.
  func serves(_ architecture: Architecture) -> Bool {
    architectures.isEmpty || architectures.contains { $0.value == architecture }
  }

  /// One label for each architecture, or one without for a target that serves all.
  var targetArchitectures: [Architecture?] { architectures.isEmpty ? [nil] : architectures.map(\.value) }
}
