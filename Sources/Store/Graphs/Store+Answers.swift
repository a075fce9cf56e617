import Formats
import Glibc
import GraphCore

/// What a command printed and how it ended.
public struct RememberedAnswer: Equatable, Sendable {
  /// For standard output.
  public var output: [UInt8]
  /// For standard error.
  public var notes: String
  public var exitCode: Int32
  public init(output: [UInt8], notes: String, exitCode: Int32) {
    (self.output, self.notes, self.exitCode) = (output, notes, exitCode)
  }
}

/// Answers of commands, kept in `answers/`: asked again about the same graph while the store is at the same generation, one is
/// given again without working it out.
extension Store {
  /// How many answers are kept; the oldest go first.
  static let answersMax = 64

  var answers: String { "\(path)/answers" }

  /// Changes with every new result, forgotten result and snapshot; `nil` where there is no store.
  public func generation() throws -> Int64? { try number("SELECT value FROM generation") }

  /// The answer that was given to `question` about a graph, where it still is the answer.
  ///
  /// An answer is a convenience: one that cannot be read is none.
  public func answer(to question: [String], about graph: KeptGraph) -> RememberedAnswer? {
    guard let identity = graph.identity, let file = CheckedFile(mapping: answerPath(question)),
      let generation = try? generation(), let facts = file[0], let output = file[1], let notes = file[2],
      facts.bytes.dropFirst(4).elementsEqual(Self.facts(question, generation, identity))
    else { return nil }
    let code = facts.bytes.loadUnaligned(as: Int32.self)
    return RememberedAnswer(
      output: Array(output.bytes), notes: String(decoding: notes.bytes, as: UTF8.self), exitCode: code)
  }

  /// Keeps an answer for the next one who asks; nothing where the store may not be written.
  ///
  /// - Parameters:
  ///   - identity: of the graph that it is about.
  ///   - generation: the store's, read before the answer was worked out.
  public func remember(
    _ answer: RememberedAnswer, to question: [String], about identity: String, generation: Int64
  ) {
    let facts = withUnsafeBytes(of: answer.exitCode) { Array($0) }
    let sections = [
      facts + Self.facts(question, generation, identity), answer.output, Array(answer.notes.utf8),
    ]
    // Whoever cannot keep it works it out again.
    guard (try? FileSystem.makeFolders(answers)) != nil,
      (try? FileSystem.write(CheckedFile.encode(sections), to: answerPath(question), isDurable: false)) != nil
    else { return }
    Self.removeOldest(in: answers, beyond: Self.answersMax)
  }

  private func answerPath(_ question: [String]) -> String {
    "\(answers)/\(Digest(ofText: Self.encoded(question)).hex)"
  }

  private static func facts(_ question: [String], _ generation: Int64, _ identity: String) -> [UInt8] {
    Array("\(generation) \(identity) \(encoded(question))".utf8)
  }

  static func encoded(_ question: [String]) -> String {
    question.map(Escape.encode).joined(separator: " ")
  }

  /// Removes the files of a folder that were written longest ago.
  static func removeOldest(in folder: String, beyond count: Int) {
    let names = (try? Folders.names(in: folder)) ?? []
    guard names.count > count else { return }
    let byAge = names.map { name in
      var status = stat()
      return (lstat("\(folder)/\(name)", &status) == 0 ? status.st_mtim.tv_sec : 0, name)
    }.sorted { $0 < $1 }
    for (_, name) in byAge.prefix(names.count - count) { unlink("\(folder)/\(name)") }
  }
}
