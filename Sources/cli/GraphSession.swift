import GraphCore
import Manifests
import Publish
import Resolve
import Rules
import Store

/// The graph of a workspace with what is known of its nodes, ready to be planned and built: as it was kept, where nothing but
/// contents of sources has changed since, else compiled anew.
struct GraphSession {
  /// The folder of the workspace.
  let root: String
  let store: Store
  let graph: GraphCore.Graph
  private(set) var marks: Marks
  /// The architectures of the workspace, in its order.
  let architectures: [Architecture]
  /// How many warnings about the manifests there are, in one line; `nil` where there is none.
  let warningsNote: String?
  /// `nil` where the snapshot was resolved in memory and not recorded.
  let snapshotName: String?
  let services: HostServices
  private let memory: GraphMemory?
  private let counts: GraphMemory.Counts
  /// Where the graph was compiled.
  private let session: Session?

  /// The graph that `options` mean. What is wrong with manifests is said, and ends the command where it is an error.
  static func open(
    _ options: GlobalOptions, _ access: Session.Access, for patterns: [String], _ memory: GraphMemory
  ) async throws -> GraphSession {
    if let kept = memory.kept, let (graph, marks) = kept.open() {
      let note = kept.info.note.isEmpty ? nil : kept.info.note
      if let note { Console.note(note) }
      let store = try access.store(options)
      let name = kept.info.snapshot
      let pinned = { @Sendable () -> [String] in
        // Where it cannot be read, what is read of a mirror has to be there.
        guard let document = try? store.snapshot(named: name) else { return [] }
        return (try? Snapshot(encoded: document))?.git.map(\.url) ?? []
      }
      return GraphSession(
        root: memory.root, store: store, graph: graph, marks: marks,
        architectures: kept.info.architectures.compactMap { Architecture($0) },
        warningsNote: note, snapshotName: name,
        services: try HostServices(
          options, access, registries: kept.info.registries.mapValues { RegistryAccess(words: $0) },
          pinned: pinned),
        memory: memory, session: nil)
    }
    let session = try await Interrupts.stopping {
      try await Session.open(options, access, for: patterns, places: memory.places)
    }
    try session.stopAtErrors()
    var marks = Marks(session.graph)
    if let earlier = memory.earlierMarks(isPartial: session.resolved.isPartial) { marks.settle(as: earlier) }
    return GraphSession(session, marks: marks, memory: memory)
  }

  /// Of a session that something else than the graph was needed of.
  init(_ session: Session, marks: Marks? = nil, memory: GraphMemory? = nil) {
    self.init(
      root: session.root, store: session.store, graph: session.graph, marks: marks ?? Marks(session.graph),
      architectures: session.workspace.settings.architectures.map(\.value),
      warningsNote: session.warningsNote, snapshotName: session.snapshotName, services: session.services,
      memory: memory, session: session)
  }

  private init(
    root: String, store: Store, graph: GraphCore.Graph, marks: Marks, architectures: [Architecture],
    warningsNote: String?, snapshotName: String?, services: HostServices, memory: GraphMemory?,
    session: Session?
  ) {
    (self.root, self.store, self.graph, self.marks, self.architectures) = (
      root, store, graph, marks, architectures
    )
    (self.warningsNote, self.snapshotName, self.services) = (warningsNote, snapshotName, services)
    (self.memory, self.session, counts) = (memory, session, GraphMemory.Counts(store))
  }

  /// Looks up every result in the store.
  mutating func verify() throws { marks = try store.verified(marks) }

  /// What locks will say.
  var foresight: RuleForesight {
    RuleForesight(
      store: store, programs: services.programs, solvers: SolverPools(cache: store.metadataCache.readOnly),
      scratch: services.scratch.path, isOffline: services.isOffline)
  }

  var choice: TargetChoice { TargetChoice(graph: graph, architectures: architectures) }

  /// Keeps the graph for the next command, with what is settled now.
  ///
  /// - Returns: what tells it from others, as answers about it name it; `nil` where it was not kept.
  @discardableResult
  func keep(_ marks: Marks) -> String? {
    guard let memory else { return nil }
    if let session { return memory.keep(session, marks, counts) }
    memory.update(graph, from: self.marks, to: marks, counts)
    return memory.kept?.identity
  }

  /// Keeps an answer about this graph, and the graph itself where it was compiled now; one that was kept stays as it is.
  func remember(_ answer: RememberedAnswer, to command: [String], _ marks: Marks) {
    let identity = session == nil ? memory?.kept?.identity : keep(marks)
    memory?.remember(answer, to: command, about: identity, counts)
  }
}

extension Store {
  /// What solvers have loaded of repositories.
  var metadataCache: MetadataCache { MetadataCache(folder: metadata) }
}
