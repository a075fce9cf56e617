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
  let services: HostServices

  var graph: GraphCore.Graph { compiled.graph }

  /// What a command needs of the store.
  enum Access {
    /// As reading, and facts that are not pinned are left out: enough to name the targets, and never slow.
    case listing
    /// Nothing is written, not even a snapshot or what was learnt of files.
    case reading
    case writing

    func store(_ options: GlobalOptions) throws -> Store {
      self == .writing
        ? try Store.openForWriting(at: options.storeFolder)
        : try Store.open(at: options.storeFolder, mode: .readOnly)
    }
  }

  /// Loads, resolves and compiles the workspace that `options` means.
  ///
  /// - Parameters:
  ///   - patterns: what the command is about; where all of them name architectures, nothing is resolved and
  ///     compiled for others. Empty for everything.
  ///   - places: learns what the graph depends on.
  ///   - authFile: where credentials of registries are, in place of where podman and docker keep them.
  /// - Throws: `GraphError`; errors of manifests are in `diagnostics`, unless graph.yml itself cannot be used.
  static func open(
    _ options: GlobalOptions, _ access: Access, for patterns: [String] = [], places: PlaceRecorder? = nil,
    authFile: String? = nil
  ) async throws -> Session {
    let asked = try patterns.map { try LabelPattern($0).architecture }
    let loader = WorkspaceLoader(files: places.map { .disk.observed(by: $0) } ?? .disk)
    let root = try loader.find(from: options.startFolder)
    let (loaded, loadFaults) = loader.load(root: root)
    guard let workspace = loaded else {
      throw UnusableWorkspace(diagnostics: SourceLines(root: root).completing(loadFaults))
    }
    var diagnostics = loadFaults
    let store = try access.store(options)
    let services = try HostServices(
      options, access, registries: workspace.registryAccess, authFile: authFile, observer: places)
    let digests = FileDigestCache(store: store, isReadOnly: access != .writing, observer: places)
    let base = try Self.startingSnapshot(options, store)
    let resolver = Resolver(
      ports: .init(
        git: services.repositories, registries: services.registries, programs: services.programs,
        digests: digests, signatures: GnuPG(programs: services.programs, scratch: services.scratch.path),
        observer: places),
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
    for pin in resolved.snapshot.git { places?.relies(on: services.mirrors.mirrorPath(pin.url)) }
    // For some architectures alone, the labels of the others are not known.
    if access == .writing, !resolved.isPartial {
      LabelFile(store: options.storeFolder, workspace: root).write(compiled.graph.targets.keys.sorted())
    }
    return Session(
      root: root, store: store, workspace: workspace, resolved: resolved, compiled: compiled,
      diagnostics: SourceLines(root: root).completing(diagnostics), snapshotName: snapshotName,
      services: services)
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

  var choice: TargetChoice {
    TargetChoice(graph: graph, architectures: workspace.settings.architectures.map(\.value))
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
        throw choice.missing(pattern)
      }
      throw GraphError(
        .usage, "'\(text)' means \(candidates.count) images",
        hint: "name one: " + candidates.map(\.description).joined(separator: ", "))
    }
    return (label, image)
  }

  /// - Returns: `nil` where there is no snapshot of that name.
  private static func document(of name: String, _ store: Store) throws -> [UInt8]? {
    do {
      return try store.snapshot(named: name)
    } catch is MissingBlob {
      throw GraphError(
        .environment, "the store lost snapshot '\(name)', or it is damaged",
        hint: "'graph snapshot show' lists the others; '--refresh' makes one of today")
    }
  }

  private static func startingSnapshot(
    _ options: GlobalOptions, _ store: Store
  ) throws -> (name: String, snapshot: Snapshot)? {
    if options.refresh { return nil }
    if let name = options.snapshot {
      guard let document = try Self.document(of: name, store) else {
        let near = Nearest.match(for: name, among: try store.snapshotNames())
        throw GraphError(
          .usage, "there is no snapshot '\(name)'",
          hint: near.map { "did you mean '\($0)'?" } ?? "'graph snapshot show' lists them")
      }
      return (name, try Snapshot(encoded: document))
    }
    do {
      guard let newest = try store.newestSnapshot() else { return nil }
      return (newest.name, try Snapshot(encoded: newest.document))
    } catch is MissingBlob {
      Console.note(
        "graph: warning: the store lost its newest snapshot, or it is damaged: every moving fact is resolved anew"
      )
      return nil
    }
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
