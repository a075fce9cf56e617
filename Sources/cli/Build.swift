import Execute
import Glibc
import GraphCore
import Report
import Rules
import SourceControl
import Store

/// A run of actions for a session: the wave, its reporter, the history, and Ctrl-C.
struct Build {
  let session: GraphSession
  let running: RunningOptions

  struct Outcome {
    let wave: Wave.Outcome
    let record: RunRecord
    let wallSeconds: Double

    /// The kind of the failure that decides the exit code: the environment's only where no action failed by itself.
    var worstKind: GraphError.Kind {
      let serious = wave.failures.filter { !wave.allowed.contains($0.node) }
      let failures = serious.isEmpty ? wave.failures : serious
      if failures.contains(where: { $0.failure.kind == .bug }) { return .bug }
      if failures.allSatisfy({ $0.failure.kind == .unavailable }) { return .unavailable }
      if failures.allSatisfy({ [.environment, .unavailable].contains($0.failure.kind) }) {
        return .environment
      }
      return .user
    }
  }

  /// Brings nodes up to date.
  func run(_ roots: some Collection<NodeID> & Sendable, command: String) async throws -> Outcome {
    let store = session.store
    let options = running.options
    let graph = session.graph.growing()
    let wave = Wave(
      graph: graph, cache: store, store: store, executor: try executor(), options: options,
      marks: session.marks, admit: running.checksDisk ? DiskRoom(of: store.path).require : nil)
    let journal = RunJournal(
      store: store, graph: graph, about: RunHistory.run(command, in: session, jobs: options.jobs),
      wanted: roots)
    let recorder = RunRecorder()
    let reporter = makeReporter(
      graph: graph, fileDescriptor: STDERR_FILENO, isTerminal: isatty(STDERR_FILENO) == 1,
      environment: Environment.all)
    let begin = ContinuousClock.now
    let task = Task { try await wave.run(roots, events: EventBroadcast([reporter, recorder, journal])) }
    let interrupts = Interrupts { task.cancel() }
    defer { interrupts.stop() }
    let ticking = Task {
      while !Task.isCancelled {
        try await Task.sleep(for: .milliseconds(100))
        reporter.tick()
      }
    }
    defer { ticking.cancel() }
    let outcome: Wave.Outcome
    do {
      outcome = try await task.value
    } catch {
      if journal.run != nil { RunHistory.end(journal, "failed") }
      throw error
    }
    ticking.cancel()
    reporter.finish()
    RunHistory.end(journal, RunHistory.outcome(of: outcome))
    let elapsed = begin.duration(to: .now).components
    return Outcome(
      wave: outcome, record: recorder.record,
      wallSeconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18)
  }

  /// What runs actions on this machine.
  func executor() throws -> LocalExecutor {
    let services = session.services
    return LocalExecutor(
      store: session.store, checkouts: session.store,
      operations: RuleSet.operations(
        programs: services.programs, registries: services.registries,
        solvers: SolverPools(cache: session.store.metadataCache),
        scratch: services.scratch.path, isOffline: services.isOffline),
      scratch: services.scratch.path, helpers: try Machine.helpers(),
      limits: Machine.limits(scratch: services.scratch.path), emulators: Emulators(),
      mounts: try running.mountSources(cacheFolder: session.store.caches, folder: services.startFolder),
      readGitBlob: { [repositories = services.repositories] mirror, object in
        try repositories.blob(mirror: mirror, object: object)
      })
  }
}
