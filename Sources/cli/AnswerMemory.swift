import ArgumentParser
import Glibc
import GraphCore
import Resolve
import Store

/// The answer that a command gave last time, given again while nothing that it depends on has moved: no manifest is read.
struct AnswerMemory {
  /// Learns, while the answer is worked out, what it depends on.
  let footprint = Footprint()
  private let question: [String]
  private let store: Store?
  /// Of the store, before anything was looked at; `nil` where nothing can be remembered.
  private let generation: Int64?

  /// - Parameter command: the subcommand with everything that shapes its answer.
  init(_ options: GlobalOptions, command: [String]) throws {
    var program = stat()
    let isKnown = stat("/proc/self/exe", &program) == 0
    question =
      command + [
        options.startFolder, options.storeFolder, "snapshot", options.snapshot ?? "",
        options.offline ? "offline" : "online", Console.usesColor(STDOUT_FILENO) ? "color" : "plain",
        "\(Machine.cores)", "\(program.st_dev) \(program.st_ino) \(program.st_size)",
        "\(program.st_mtim.tv_sec) \(program.st_mtim.tv_nsec)",
      ]
    let mayRemember = isKnown && !options.refresh
    store = mayRemember ? try Store.open(at: options.storeFolder, mode: .readOnly) : nil
    // A store of an older program has no generation yet.
    generation = try? store?.generation()
  }

  /// The answer, where it still is the answer.
  func answer() async -> RememberedAnswer? { await store?.answer(to: question) }

  /// Keeps an answer, where it is a function of what was looked at and the recorded snapshot alone: a source that could
  /// not be reached may be there the next time.
  func keep(_ answer: RememberedAnswer, of session: Session) {
    guard let store, let generation, session.snapshotName != nil, session.resolved.unresolved.isEmpty,
      !session.diagnostics.hasErrors
    else { return }
    store.remember(answer, to: question, generation: generation, footprint: footprint)
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
