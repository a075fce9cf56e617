import ArgumentParser
import Glibc
import GraphCore
import Manifests
import Publish
import Resolve
import Store

/// The compiled graph of a workspace as it was kept, and how it is kept again: a command that finds it reads no manifest.
struct GraphMemory {
  /// What was kept, where it is the graph of today.
  let kept: KeptGraph?
  /// Learns, while the graph is compiled anew, what it depends on.
  let places = PlaceRecorder()
  /// The folder of the workspace.
  let root: String
  /// Only for reading; `nil` where nothing can be remembered.
  private let store: Store?
  /// What the graph of every architecture, and that of those that were asked for, are the answers to.
  private let question: [String]
  private let partialQuestion: [String]
  /// Which of them `kept` answers.
  private let answered: [String]

  /// What the store has counted before anything was looked up in it: what is kept holds as long as they stand. `nil` in a store
  /// of an older program, and where there is none.
  struct Counts {
    let losses: Int64?
    let generation: Int64?

    init(_ store: Store) {
      losses = try? store.losses()
      generation = try? store.generation()
    }
  }

  /// - Parameter patterns: what the command is about, as for `Session.open`.
  init(_ options: GlobalOptions, for patterns: [String]) async throws {
    root = try WorkspaceLoader().find(from: options.startFolder)
    let asked = try patterns.map { try LabelPattern($0).architecture }
    let architectures =
      asked.isEmpty || asked.contains(nil) ? [] : Set(asked.compactMap { $0?.name }).sorted()
    var program = stat()
    let isKnown = stat("/proc/self/exe", &program) == 0
    // Another program may compile another graph.
    let identity =
      [program.st_dev, program.st_ino, UInt(program.st_size)].map { "\($0)" } + [
        "\(program.st_mtim.tv_sec).\(program.st_mtim.tv_nsec)"
      ]
    question = [root, options.snapshot ?? ""] + identity
    partialQuestion = question + architectures
    store = isKnown ? try Store.open(at: options.storeFolder, mode: .readOnly) : nil
    var (kept, answered): (KeptGraph?, [String]) = (nil, question)
    if !options.refresh, let store {
      kept = await store.keptGraph(question, snapshot: options.snapshot)
      if kept == nil, partialQuestion != question {
        (kept, answered) = (
          await store.keptGraph(partialQuestion, snapshot: options.snapshot), partialQuestion
        )
      }
    }
    (self.kept, self.answered) = (kept, answered)
  }

  /// Keeps a graph that was compiled now, where it is a function of what was looked at and the recorded snapshot alone: a
  /// source that could not be reached may be there the next time.
  ///
  /// - Returns: what tells the graph from others; `nil` where it was not kept.
  @discardableResult
  func keep(_ session: Session, _ marks: Marks, _ counts: Counts) -> String? {
    guard store != nil, let losses = counts.losses, let snapshot = session.snapshotName,
      session.resolved.unresolved.isEmpty,
      !session.diagnostics.hasErrors
    else { return nil }
    let info = GraphInfo(
      snapshot: snapshot, note: session.warningsNote ?? "",
      architectures: session.workspace.settings.architectures.map(\.value.name),
      registries: session.workspace.registryAccess.mapValues(\.words))
    return session.store.keep(
      session.graph, marks, info, losses: losses, places: places,
      question: session.resolved.isPartial ? partialQuestion : question)
  }

  /// What was settled in the graph that was compiled last, for one that is compiled now.
  func earlierMarks(isPartial: Bool) -> Marks? {
    store?.earlierMarks(isPartial ? partialQuestion : question)
  }

  /// Keeps what has become of a graph that was kept, where anything has.
  func update(_ graph: GraphCore.Graph, from before: Marks, to marks: Marks, _ counts: Counts) {
    guard let store, let kept, let losses = counts.losses else { return }
    if kept.hasEdits || before.settled != marks.settled || !kept.areMarksGood {
      store.keep(graph, marks, from: kept, losses: losses, question: answered)
    } else if !kept.isUntouched {
      store.keepStamps(of: kept, question: answered)
    }
  }

  /// Keeps only that places were looked at, where a stamp was not enough.
  func updateStamps() {
    guard let store, let kept, !kept.isUntouched else { return }
    store.keepStamps(of: kept, question: answered)
  }

  /// The answer that a command gave last, where it still is the answer.
  func answer(to command: [String]) -> RememberedAnswer? {
    guard let store, let kept else { return nil }
    return store.answer(to: command, about: kept)
  }

  /// Keeps an answer about a graph that was kept.
  func remember(
    _ answer: RememberedAnswer, to command: [String], about identity: String?, _ counts: Counts
  ) {
    guard let store, let generation = counts.generation, let identity else { return }
    store.remember(answer, to: command, about: identity, generation: generation)
  }
}

extension RememberedAnswer {
  /// Says it once more.
  func give() throws {
    if !notes.isEmpty { Console.note(notes) }
    Console.print(output)
    if exitCode != 0 { throw ExitCode(exitCode) }
  }
}

extension RegistryAccess {
  /// This as three words, in the way that labels and keys are written.
  var words: String {
    [isInsecure ? "insecure" : "secure", authorities ?? "", certificates ?? ""].map(Escape.encode)
      .joined(separator: " ")
  }

  /// What `words` wrote.
  init(words: String) {
    let parts = words.split(separator: " ").map { Escape.decode(String($0)) ?? "" }
    func place(_ index: Int) -> String? {
      parts.indices.contains(index) && !parts[index].isEmpty ? parts[index] : nil
    }
    self.init(isInsecure: parts.first == "insecure", authorities: place(1), certificates: place(2))
  }
}
