import Formats
import Glibc
import GraphCore
import Testing

@testable import Store

@Suite("remembered answers")
struct MemoTests {
  static let answer = RememberedAnswer(output: Array("2 nodes\n".utf8), notes: "a note", exitCode: 2)

  /// A workspace of three places, looked at long after they were made.
  private struct World {
    let temporary: TemporaryStore
    var store: Store { temporary.store }
    let footprint = Footprint()

    init() throws {
      temporary = try TemporaryStore()
      mkdir(path("work"), 0o755)
      try write("one", to: "work/file")
      symlink("file", path("work/link"))
      for name in ["work/file", "work"] { try age(name) }
    }

    func path(_ name: String) -> String { temporary.folder + "/" + name }

    func write(_ text: String, to name: String) throws {
      let file = try OpenFile(creating: path(name))
      try file.write(Array(text.utf8))
    }

    /// Nothing can set the time of the last change of an inode, so the clock has to pass it.
    func age(_ name: String) throws {
      var times = [timespec(tv_sec: 1_600_000_000, tv_nsec: 0), timespec(tv_sec: 1_600_000_000, tv_nsec: 5)]
      #expect(utimensat(AT_FDCWD, path(name), &times, 0) == 0)
    }

    func look() {
      for name in ["work", "work/file", "work/link", "work/none"] { footprint.willLook(at: path(name)) }
    }

    func remember() throws {
      let generation = try #require(try store.generation())
      store.remember(MemoTests.answer, to: ["plan", "//a b"], generation: generation, footprint: footprint)
    }

    func recall(_ question: [String] = ["plan", "//a b"]) async -> RememberedAnswer? {
      await store.answer(to: question)
    }
  }

  /// A world whose places are old enough to be trusted.
  private static func settled() async throws -> World {
    let world = try World()
    try await Task.sleep(for: .milliseconds(3100))
    world.look()
    try world.remember()
    return world
  }

  @Test("the same question gets the same answer, and no other question does")
  func sameQuestion() async throws {
    let world = try await Self.settled()
    #expect(await world.recall() == Self.answer)
    #expect(await world.recall(["plan", "//a", "b"]) == nil)
    #expect(await world.recall(["plan"]) == nil)
  }

  @Test(
    "whatever moves takes the answer away",
    arguments: ["content", "same size", "new name", "what was not there", "link", "generation", "damage"])
  func movement(what: String) async throws {
    let world = try await Self.settled()
    switch what {
    case "content": try world.write("three", to: "work/new-file")
    case "same size":
      unlink(world.path("work/file"))
      try world.write("two", to: "work/file")
      try world.age("work/file")
      try world.age("work")
    case "new name": try world.write("", to: "work/another")
    case "what was not there": mkdir(world.path("work/none"), 0o755)
    case "link":
      unlink(world.path("work/link"))
      symlink("none", world.path("work/link"))
    case "generation": _ = try world.store.saveSnapshot(Array("{}".utf8), day: "20260101")
    default:
      let name = try #require(try Folders.names(in: world.store.memos).first)
      #expect(truncate(world.store.memos + "/" + name, 60) == 0)
    }
    #expect(await world.recall() == nil)
  }

  @Test("places that changed a moment ago are not trusted")
  func racy() async throws {
    let world = try World()
    world.look()
    try world.remember()
    #expect(await world.recall() == nil)
  }

  @Test("only so many answers are kept")
  func bounded() async throws {
    let world = try await Self.settled()
    let generation = try #require(try world.store.generation())
    for number in 0..<Store.memosMax + 5 {
      world.store.remember(
        Self.answer, to: ["\(number)"], generation: generation, footprint: world.footprint)
    }
    #expect(try Folders.names(in: world.store.memos).count == Store.memosMax)
  }
}
