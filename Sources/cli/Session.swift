import Execute
import Formats
import Glibc
import GraphCore
import Manifests
import Publish
import Resolve
import Rules
import SourceControl
import Store

/// A workspace on its way to a graph, with the store it works on: what every subcommand starts from.
///
/// The only place that names the implementations of the ports.
struct Session {
  let root: String
  let store: Store
  let workspace: Workspace
  let resolved: ResolvedWorkspace
  let compiled: CompiledWorkspace
  let diagnostics: Diagnostics
  /// The name of the snapshot in use; `nil` where it was resolved in memory and not recorded.
  let snapshotName: String?
  let programs: HostProgramRunner
  let registries: SkopeoRegistries
  let scratch: ScratchFolder
  /// Whether the network may not be used.
  let isOffline: Bool
  /// What relative names on the command line start from.
  let startFolder: String

  var graph: GraphCore.Graph { compiled.graph }

  /// What a command needs of the store.
  enum Access {
    /// As reading, and facts that are not pinned are left out: enough to name the targets, and never slow.
    case listing
    /// Nothing is written, not even a snapshot or what was learnt of files.
    case reading
    case writing
  }

  /// Loads, resolves and compiles the workspace that `options` means.
  ///
  /// - Parameters:
  ///   - patterns: what the command is about; where all of them name architectures, nothing is resolved and
  ///     compiled for others. Empty for everything.
  ///   - footprint: learns what the graph depends on.
  ///   - authFile: where credentials of registries are, in place of where podman and docker keep them.
  /// - Throws: `GraphError`; errors of manifests are in `diagnostics`, unless graph.yml itself cannot be used.
  static func open(
    _ options: GlobalOptions, _ access: Access, for patterns: [String] = [], footprint: Footprint? = nil,
    authFile: String? = nil
  ) async throws -> Session {
    let asked = try patterns.map { try LabelPattern($0).architecture }
    let loader = WorkspaceLoader(files: footprint.map { .disk.observed(by: $0) } ?? .disk)
    let root = try loader.find(from: options.startFolder)
    let (loaded, loadFaults) = loader.load(root: root)
    guard let workspace = loaded else {
      throw UnusableWorkspace(diagnostics: SourceLines(root: root).completing(loadFaults))
    }
    var diagnostics = loadFaults
    let store = try Store.open(at: options.storeFolder, mode: access == .writing ? .readWrite : .readOnly)
    let scratch = try ScratchFolder(in: access == .writing ? "\(options.storeFolder)/scratch" : "/tmp")
    let programs = HostProgramRunner(
      helper: { try Machine.sandboxHelper() }, scratch: scratch.path, environment: Environment.all,
      logger: options.logger,
      observer: footprint)
    let registries = SkopeoRegistries(
      skopeo: Skopeo(
        programs: programs, environment: Environment.all, authFile: authFile, scratch: scratch.path),
      access: workspace.registryAccess)
    let digests = FileDigestCache(store: store, isReadOnly: access != .writing, observer: footprint)
    let kept = GitMirrors(folder: "\(options.storeFolder)/git")
    // A command that writes nothing fetches into a folder that is thrown away.
    let mirrors = MirroredRepositories(
      kept: kept, fresh: access == .writing ? kept : GitMirrors(folder: "\(scratch.path)/git"))
    let base = try Self.startingSnapshot(options, store)
    let resolver = Resolver(
      ports: .init(
        git: mirrors, registries: registries, programs: programs, digests: digests, observer: footprint),
      ruleTools: RuleSet.hostTools)
    let today = ISO8601.text(ofEpoch: Int64(WallClock.secondsSince1970)).prefix(10)
    let (resolved, resolveFaults) = try await resolver.resolve(
      workspace,
      policy: .init(
        snapshot: base?.snapshot, isOffline: options.offline, isListing: access == .listing,
        today: String(today),
        architectures: asked.isEmpty || asked.contains(nil) ? nil : Set(asked.compactMap { $0 })))
    diagnostics.add(contentsOf: resolveFaults)
    var snapshotName = resolved.isSnapshotNew ? nil : base?.name
    if access == .writing, resolved.isSnapshotNew, !diagnostics.hasErrors {
      snapshotName = try store.saveSnapshot(
        try resolved.snapshot.encoded(), day: String(today.filter { $0 != "-" }))
    }
    let (compiled, compileFaults) = try GraphCompiler.compile(resolved, buildNumber: snapshotName)
    diagnostics.add(contentsOf: compileFaults)
    try digests.flush()
    // For some architectures alone, the labels of the others are not known.
    if access == .writing, !resolved.isPartial {
      LabelFile(store: options.storeFolder, workspace: root).write(compiled.graph.targets.keys.sorted())
    }
    return Session(
      root: root, store: store, workspace: workspace, resolved: resolved, compiled: compiled,
      diagnostics: SourceLines(root: root).completing(diagnostics), snapshotName: snapshotName,
      programs: programs, registries: registries,
      scratch: scratch, isOffline: options.offline, startFolder: options.startFolder)
  }

  /// Shows what was found wrong and ends the command where it was an error. Without errors, a command that is not about
  /// the manifests only counts the warnings.
  func stopAtErrors(showingWarnings: Bool = false) throws {
    if diagnostics.hasErrors || showingWarnings {
      Console.show(diagnostics)
    } else if let warningsNote {
      Console.note(warningsNote)
    }
    if diagnostics.hasErrors { throw Exit.manifestErrors }
  }

  /// How many warnings there are, in one line; `nil` where there is none.
  var warningsNote: String? {
    let count = diagnostics.all.count
    if count == 0 { return nil }
    return
      "graph: \(count) \(count == 1 ? "warning" : "warnings") about the manifests: 'graph check' shows them"
  }

  /// The targets that patterns mean, in label order; all where there is no pattern.
  ///
  /// - Parameter mayBeUnsupported: whether a pattern that means nothing but what is not made is no error.
  func targets(
    _ patterns: [String], mayBeUnsupported: Bool = false
  ) throws -> [(label: Label, target: GraphCore.Graph.Target)] {
    let parsed = try (patterns.isEmpty ? ["//..."] : patterns).map { try LabelPattern($0) }
    if graph.targets.isEmpty, patterns.isEmpty || patterns == ["//..."] {
      Console.note(
        "graph: nothing is declared yet: put entries into index.d, or bases and commands into graph.d")
      return []
    }
    var labels: Set<Label> = []
    for pattern in parsed {
      let matching = graph.labels(matching: pattern)
      if matching.isEmpty {
        guard mayBeUnsupported, graph.unsupported.contains(where: { pattern.matches($0.label) }) else {
          throw missing(pattern)
        }
      }
      labels.formUnion(matching)
    }
    return labels.sorted().compactMap { label in graph.targets[label].map { (label, $0) } }
  }

  /// The one image with an architecture that a label means: its own architecture, else the host's.
  func image(_ text: String) throws -> (label: Label, image: ImageTarget) {
    let pattern = try LabelPattern(text)
    let candidates = compiled.images.keys.filter { pattern.matches($0) }.sorted()
    let chosen = candidates.count == 1 ? candidates : candidates.filter { $0.architecture == .host }
    guard chosen.count == 1, let label = chosen.first, let image = compiled.images[label] else {
      if candidates.isEmpty {
        if !graph.labels(matching: pattern).isEmpty {
          throw GraphError(.usage, "'\(text)' is no image", hint: "'graph ls' says which targets are")
        }
        throw missing(pattern)
      }
      throw GraphError(
        .usage, "'\(text)' means \(candidates.count) images",
        hint: "name one: " + candidates.map(\.description).joined(separator: ", "))
    }
    return (label, image)
  }

  /// What patterns mean, and is not made.
  func unsupported(_ patterns: [String]) throws -> [UnsupportedTarget] {
    let parsed = try (patterns.isEmpty ? ["//..."] : patterns).map { try LabelPattern($0) }
    return graph.unsupported.filter { target in parsed.contains { $0.matches(target.label) } }
  }

  /// Says in one line that something of what was asked for is not made.
  func noteUnsupported(_ patterns: [String]) {
    guard let count = try? unsupported(patterns).count, count > 0 else { return }
    Console.note(
      "graph: \(count) \(count == 1 ? "target is" : "targets are") not made for an architecture: 'graph ls -l' says why"
    )
  }

  /// Why a pattern means nothing that can be built.
  private func missing(_ pattern: LabelPattern) -> GraphError {
    let matching = graph.unsupported.filter { pattern.matches($0.label) }
    guard let first = matching.first else { return unknown(pattern) }
    return GraphError(
      .usage, "\(first.label) is not made: \(first.reason)",
      hint: (first.isDeclared ? "that is said at " : "it is named at ") + "\(first.location)"
        + (matching.count > 1 ? "; 'graph ls -l \(pattern)' says why not the others" : ""))
  }

  private func unknown(_ pattern: LabelPattern) -> GraphError {
    let known = workspace.settings.architectures.map(\.value)
    if let architecture = pattern.architecture, !known.contains(architecture) {
      return GraphError(
        .usage, "'\(pattern)' means nothing: the workspace is not built for \(architecture)",
        hint: "'arches' in graph.yml lists \(known.map(\.name).joined(separator: ", "))")
    }
    let names = graph.targets.keys.map(\.description)
    let plain = graph.targets.keys.map { Label(package: $0.package, name: $0.name).description }
    let near =
      Nearest.match(for: pattern.description, among: Set(plain).sorted())
      ?? Nearest.match(for: pattern.description, among: names.sorted())
      ?? Nearest.match(
        for: pattern.exactLabel?.withoutArchitecture.description ?? pattern.description,
        among: Set(graph.targets.keys.map(\.withoutArchitecture.description)).sorted())
    return GraphError(
      .usage, "no target matches '\(pattern)'",
      hint: near.map { "did you mean '\($0)'?" } ?? "'graph ls' lists all targets")
  }

  private static func startingSnapshot(
    _ options: GlobalOptions, _ store: Store
  ) throws -> (name: String, snapshot: Snapshot)? {
    if options.refresh { return nil }
    if let name = options.snapshot {
      guard let document = try store.snapshot(named: name) else {
        let near = Nearest.match(for: name, among: try store.snapshotNames())
        throw GraphError(
          .usage, "there is no snapshot '\(name)'",
          hint: near.map { "did you mean '\($0)'?" } ?? "'graph snapshot show' lists them")
      }
      return (name, try Snapshot(encoded: document))
    }
    guard let newest = try store.newestSnapshot() else { return nil }
    return (newest.name, try Snapshot(encoded: newest.document))
  }
}

/// A workspace whose graph.yml cannot be used, so that nothing else of it can be.
struct UnusableWorkspace: Error {
  let diagnostics: Diagnostics
}

/// A folder of this process alone, removed with all it holds when the last user is gone.
final class ScratchFolder: Sendable {
  let path: String

  init(in parent: String) throws {
    path = try Folders.makeTemporary(in: parent)
  }

  // What stays is scratch that the next command removes.
  deinit { try? Folders.remove(path) }
}
