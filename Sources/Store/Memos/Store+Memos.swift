import Formats
import Glibc
import GraphCore

extension Store {
  /// How many answers are kept; the oldest go first.
  static let memosMax = 64

  /// Changes with every new result, forgotten result and snapshot; `nil` where there is no store.
  public func generation() throws -> Int64? {
    guard let facts else { return nil }
    return try facts.read { connection in
      try connection.use("SELECT value FROM generation") { try $0.step() ? $0.integer(0) : nil }
    }
  }

  /// The answer that was given to `question`, where nothing that it depends on has moved since.
  ///
  /// A memo is a convenience: one that cannot be read is none.
  public func answer(to question: [String]) async -> RememberedAnswer? {
    let asked = Self.encoded(question)
    guard let file = try? OpenFile(reading: memoPath(asked)), let generation = try? generation(),
      let bytes = try? file.readAll(atMost: 1 << 28)
    else { return nil }
    return await Memo.answer(in: bytes, to: asked, generation: generation)
  }

  /// Keeps an answer for the next one who asks. Nothing is kept where the store may not be written, or where a place was
  /// too new to be trusted.
  ///
  /// - Parameter generation: the store's, read before the answer was worked out.
  public func remember(
    _ answer: RememberedAnswer, to question: [String], generation: Int64, footprint: Footprint
  ) {
    guard let places = footprint.kept() else { return }
    let asked = Self.encoded(question)
    let memo = Memo(question: asked, generation: generation, answer: answer, places: places)
    // Whoever cannot keep it works it out again.
    guard (try? FileSystem.makeFolders(memos)) != nil,
      (try? FileSystem.write(memo.encoded(), to: memoPath(asked))) != nil
    else { return }
    removeOldMemos()
  }

  private func removeOldMemos() {
    let names = (try? Folders.names(in: memos)) ?? []
    guard names.count > Self.memosMax else { return }
    let byAge = names.map { name in
      var status = stat()
      return (lstat("\(memos)/\(name)", &status) == 0 ? status.st_mtim.tv_sec : 0, name)
    }.sorted { $0 < $1 }
    for (_, name) in byAge.prefix(names.count - Self.memosMax) { unlink("\(memos)/\(name)") }
  }

  private func memoPath(_ question: [UInt8]) -> String { "\(memos)/\(Digest(of: question).hex)" }

  private static func encoded(_ question: [String]) -> [UInt8] {
    Array(question.map(Escape.encode).joined(separator: " ").utf8)
  }
}
