import Formats
import Glibc
import GraphCore
import Testing

@testable import Store

@Suite("kept graphs")
struct KeptGraphTests {
  static let question = ["/work", "program 1"]

  /// A workspace of two sources, a manifest, a folder and a link, and the graph that was compiled from it.
  final class World {
    let temporary: TemporaryStore
    var store: Store { temporary.store }
    let places = PlaceRecorder()
    private(set) var graph: GraphCore.Graph
    private(set) var marks: Marks

    /// - Parameter isSettled: whether the places are old enough for their stamps to be trusted.
    init(isSettled: Bool = true) throws {
      temporary = try TemporaryStore()
      let folder = temporary.folder
      mkdir(folder + "/work", 0o755)
      for (name, text) in [("one", "1"), ("two", "2"), ("manifest", "m")] {
        try Self.write(text, to: "\(folder)/work/\(name)")
      }
      symlink("manifest", folder + "/work/link")
      _ = try temporary.store.saveSnapshot(Array("{}".utf8), day: "20260101")
      var builder = GraphBuilder()
      for name in ["one", "two"] {
        let path = "\(folder)/work/\(name)"
        let digest = Digest(ofText: name == "one" ? "1" : "2")
        let leaf = Leaf(Artifact(.blob, digest), .file(path: path), origin: name)
        let node = builder.add(
          Node(
            label: Label(package: "t", name: name), step: "s",
            action: Action(
              rule: .init("r", version: 1), inputs: [Input("in", .leaf(leaf))], outputs: [.init("out", .blob)]
            )))
        builder.deliver(
          Label(package: "t", name: name), Graph.Target(kind: .command, node: node, output: "out"))
      }
      graph = builder.build()
      marks = Marks(graph)
      // Nothing can set the time of the last change of an inode, so the clock has to pass it.
      while isSettled, FileStamp("\(folder)/work/link").isRacy(at: Int64(time(nil))) { usleep(50_000) }
      for name in ["", "/manifest", "/link", "/none"] { places.willLook(at: "\(folder)/work\(name)") }
      for name in ["one", "two"] { places.willIdentify("\(folder)/work/\(name)") }
    }

    func path(_ name: String) -> String { "\(temporary.folder)/work/\(name)" }

    static func write(_ text: String, to path: String) throws {
      unlink(path)
      try OpenFile(creating: path).write(Array(text.utf8))
    }

    /// Writes without another inode, as editors do that write in place.
    func overwrite(_ name: String, _ text: String) throws {
      guard truncate(path(name), 0) == 0 else { throw OpenFile.failure("cannot write", path(name)) }
      try OpenFile(appendingTo: path(name)).write(Array(text.utf8))
    }

    func settleAll() { for id in graph.order { marks.settle(id) } }

    @discardableResult
    func keep() throws -> String? {
      let info = GraphInfo(
        snapshot: "20260101_01", note: "a note\nof two lines", architectures: ["x86_64", "aarch64"],
        registries: ["r.example.org": "insecure /a\\x20b"])
      return store.keep(
        graph, marks, info, losses: try #require(try store.losses()), places: places,
        question: KeptGraphTests.question)
    }

    func kept(_ question: [String] = KeptGraphTests.question, snapshot: String? = nil) async -> KeptGraph? {
      await store.keptGraph(question, snapshot: snapshot)
    }
  }

  @Test("is found again with all that was said of it, and only by the same question")
  func found() async throws {
    let world = try World()
    world.settleAll()
    let identity = try #require(try world.keep())
    let kept = try #require(await world.kept())
    #expect(kept.isComplete && kept.isUntouched && !kept.hasEdits && kept.identity == identity)
    #expect(kept.info.note == "a note\nof two lines" && kept.info.architectures == ["x86_64", "aarch64"])
    #expect(kept.info.registries == ["r.example.org": "insecure /a\\x20b"] && kept.info.rootCount == 2)
    let (graph, marks) = try #require(kept.open())
    for id in world.graph.order {
      #expect(graph[id].action == world.graph[id].action)
      #expect(marks.deepKey(id) == world.marks.deepKey(id))
      #expect(marks.settled[id])
    }
    #expect(await world.kept(["/work", "program 2"]) == nil)
    #expect(await world.kept(snapshot: "20260101_01") != nil)
    #expect(await world.kept(snapshot: "20260101_02") == nil)
    _ = try world.store.saveSnapshot(Array("[]".utf8), day: "20260102")
    #expect(await world.kept() == nil, "there is a newer snapshot")
  }

  @Test(
    "where its structure moved it is not the graph any more",
    arguments: [
      "manifest", "manifest of the same size", "new name", "name gone", "what was not there", "link",
      "what a link leads to", "source gone", "source is executable", "source is a folder",
    ])
  func moved(what: String) async throws {
    let world = try World()
    try world.keep()
    switch what {
    case "manifest": try world.overwrite("manifest", "other")
    case "manifest of the same size": try world.overwrite("manifest", "n")
    case "new name": try World.write("", to: world.path("another"))
    case "name gone": unlink(world.path("two"))
    case "what was not there": mkdir(world.path("none"), 0o755)
    case "link":
      unlink(world.path("link"))
      symlink("one", world.path("link"))
    case "what a link leads to": try World.write("m", to: world.path("manifest"))
    case "source gone": unlink(world.path("one"))
    case "source is executable": chmod(world.path("one"), 0o755)
    default:
      unlink(world.path("one"))
      mkdir(world.path("one"), 0o755)
    }
    #expect(await world.kept() == nil)
  }

  @Test("what was only touched is the same, and is looked at no second time")
  func touched() async throws {
    let world = try World()
    world.settleAll()
    try world.keep()
    // The link leads to the manifest, and what a link leads to is not compared by content.
    for name in ["one", "two"] { #expect(utimensat(AT_FDCWD, world.path(name), nil, 0) == 0) }
    let kept = try #require(await world.kept())
    #expect(kept.isComplete && !kept.isUntouched)
    while FileStamp(world.path("two")).isRacy(at: Int64(time(nil))) { usleep(50_000) }
    let again = try #require(await world.kept())
    world.store.keepStamps(of: again, question: Self.question)
    #expect(try #require(await world.kept()).isUntouched)
  }

  @Test(
    "an edited source is another leaf, and what reads it is not settled; also within a second, and of the same size",
    arguments: ["longer", "3"])
  func edited(text: String) async throws {
    let world = try World()
    world.settleAll()
    try world.keep()
    try world.overwrite("one", text)
    let kept = try #require(await world.kept())
    #expect(!kept.isComplete && kept.hasEdits && kept.identity == nil)
    let (graph, marks) = try #require(kept.open())
    let (one, two) = (NodeID(index: 0), NodeID(index: 1))
    #expect(!marks.settled[one] && marks.settled[two])
    let expected = world.graph.updating([0: Digest(ofText: text)]).graph
    #expect(graph[one].action == expected[one].action && graph[two].action == world.graph[two].action)
    #expect(marks.deepKey(one) == Marks(expected).deepKey(one))

    // What is kept of it after a build is the graph of today, though the file is too new to be trusted.
    var built = marks
    built.settle(one)
    world.store.keep(
      graph, built, from: kept, losses: try #require(try world.store.losses()), question: Self.question)
    #expect(try #require(await world.kept()).isComplete)
    try world.overwrite("one", text == "3" ? "4" : "other")
    #expect(try #require(await world.kept()).hasEdits)
  }

  @Test("places that changed a moment ago are kept, and compared by content")
  func racy() async throws {
    let world = try World(isSettled: false)
    world.settleAll()
    // A link is not compared by content.
    unlink(world.path("link"))
    let places = PlaceRecorder()
    for name in ["", "/manifest", "/none"] { places.willLook(at: "\(world.temporary.folder)/work\(name)") }
    for name in ["one", "two"] { places.willIdentify(world.path(name)) }
    let info = GraphInfo(snapshot: "20260101_01", note: "", architectures: [], registries: [:])
    let losses = try #require(try world.store.losses())
    #expect(
      world.store.keep(
        world.graph, world.marks, info, losses: losses, places: places, question: Self.question) != nil)
    #expect(try #require(await world.kept()).isComplete)
    try world.overwrite("manifest", "n")
    #expect(await world.kept() == nil)
  }

  @Test("a graph whose sources moved while it was compiled is not kept")
  func movedMeanwhile() async throws {
    let world = try World()
    try world.overwrite("one", "moved")
    #expect(try world.keep() == nil)
    #expect(await world.kept() == nil)
  }

  @Test("what has to be there may change, and may not go")
  func presence() async throws {
    let world = try World()
    mkdir(world.temporary.folder + "/mirror", 0o755)
    world.places.relies(on: world.temporary.folder + "/mirror")
    try world.keep()
    try World.write("", to: world.temporary.folder + "/mirror/new")
    #expect(await world.kept() != nil)
    try Folders.remove(world.temporary.folder + "/mirror")
    #expect(await world.kept() == nil)
  }

  @Test("after a loss nothing is settled, and the graph is the same")
  func losses() async throws {
    let world = try World()
    world.settleAll()
    let trace = makeTrace("t", outputs: ["out": Artifact(.blob, try world.store.write(Array("x".utf8)))])
    try world.store.record(trace, node: "n")
    try world.keep()
    #expect(try #require(await world.kept()).isComplete)
    // A new result is no loss; one that makes something else of the same key is.
    try world.store.record(makeTrace("u", outputs: [:]), node: "n")
    #expect(try #require(await world.kept()).isComplete)
    try world.store.forget(Digest(ofText: "x"))
    let kept = try #require(await world.kept())
    #expect(!kept.isComplete)
    #expect(try #require(kept.open()).marks.settled.nodes.isEmpty)
    #expect(world.store.earlierMarks(Self.question) == nil)
  }

  @Test("an action that makes something else the second time counts as a loss")
  func otherResult() throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    let one = Artifact(.blob, try store.write([1]))
    let two = Artifact(.blob, try store.write([2]))
    try store.record(makeTrace("t", outputs: ["out": one]), node: "n")
    let before = try store.losses()
    try store.record(makeTrace("t", outputs: ["out": one]), node: "n")
    #expect(try store.losses() == before)
    try store.record(makeTrace("t", outputs: ["out": two]), node: "n")
    #expect(try store.losses() != before)
  }

  @Test("a damaged file is none, wherever the damage is", arguments: 1...40 as ClosedRange<UInt64>)
  func damaged(seed: UInt64) async throws {
    let world = try World(isSettled: false)
    world.settleAll()
    let info = GraphInfo(snapshot: "20260101_01", note: "", architectures: [], registries: [:])
    let places = PlaceRecorder()
    for name in ["one", "two"] { places.willIdentify(world.path(name)) }
    let losses = try #require(try world.store.losses())
    world.store.keep(world.graph, world.marks, info, losses: losses, places: places, question: Self.question)
    let files = try Folders.names(in: world.store.graphs).sorted()
    #expect(files.count == 2)
    let path = world.store.graphs + "/" + files[Int(seed % 2)]
    var bytes = try OpenFile(reading: path).readAll(atMost: 1 << 20)
    let bit = Int(seed &* 7919) % (bytes.count * 8)
    bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    unlink(path)
    try OpenFile(creating: path).write(bytes)
    // Padding between sections is nobody's.
    guard let kept = await world.kept(), let (graph, marks) = kept.open() else { return }
    for id in world.graph.order {
      #expect(graph[id].action == world.graph[id].action, "seed=\(seed)")
      #expect(marks.deepKey(id) == world.marks.deepKey(id) && marks.settled[id], "seed=\(seed)")
    }
  }

  @Test("a truncated file is none", arguments: [0, 10, 100, 300])
  func truncated(size: Int) async throws {
    for kind in [".state", ".graph"] {
      let world = try World()
      try world.keep()
      for name in try Folders.names(in: world.store.graphs) where name.hasSuffix(kind) {
        #expect(truncate("\(world.store.graphs)/\(name)", size) == 0)
      }
      #expect(await world.kept()?.open() == nil)
    }
  }

  @Test("what was settled is so for a graph that is compiled anew")
  func earlier() throws {
    let world = try World()
    world.settleAll()
    try world.keep()
    let earlier = try #require(world.store.earlierMarks(Self.question))
    var marks = Marks(world.graph)
    marks.settle(as: earlier)
    #expect(marks.settled == world.marks.settled)
  }
}

@Suite("answers given again")
struct AnswerTests {
  static let answer = RememberedAnswer(output: Array("2 nodes\n".utf8), notes: "a note", exitCode: 2)

  @Test("the same question about the same graph gets the same answer, and no other one does")
  func answers() async throws {
    let world = try KeptGraphTests.World()
    let identity = try #require(try world.keep())
    let store = world.store
    let generation = try #require(try store.generation())
    store.remember(Self.answer, to: ["plan", "//a b"], about: identity, generation: generation)
    let kept = try #require(await world.kept())
    #expect(store.answer(to: ["plan", "//a b"], about: kept) == Self.answer)
    #expect(store.answer(to: ["plan", "//a", "b"], about: kept) == nil)
    #expect(store.answer(to: ["plan"], about: kept) == nil)
    store.remember(Self.answer, to: ["ls"], about: "another graph", generation: generation)
    #expect(store.answer(to: ["ls"], about: kept) == nil)
    try world.overwrite("one", "edited")
    #expect(store.answer(to: ["plan", "//a b"], about: try #require(await world.kept())) == nil)
  }

  @Test("a new result takes the answer away")
  func generation() async throws {
    let world = try KeptGraphTests.World()
    let identity = try #require(try world.keep())
    let store = world.store
    store.remember(
      Self.answer, to: ["plan"], about: identity, generation: try #require(try store.generation()))
    let kept = try #require(await world.kept())
    #expect(store.answer(to: ["plan"], about: kept) == Self.answer)
    try store.record(makeTrace("t", outputs: [:]), node: "n")
    #expect(store.answer(to: ["plan"], about: kept) == nil)
  }

  @Test("only so many answers are kept")
  func bounded() throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    for number in 0..<Store.answersMax + 5 {
      store.remember(Self.answer, to: ["\(number)"], about: "g", generation: 1)
    }
    #expect(try Folders.names(in: store.answers).count == Store.answersMax)
  }
}
