import FoundationEssentials
import Formats
import Glibc
import GraphCore
import Synchronization
import Testing

@testable import Store

@Suite("the journal of a run, and its stream of events")
struct RunJournalTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }
  let nodes = RecordedGraph()

  init() throws { temporary = try TemporaryStore() }

  private var result: ActionResult {
    ActionResult(
      outputs: ["out": Artifact(.blob, Digest(ofText: "out"))],
      provenance: .init(durationSeconds: 1, finished: RunJournal.now()))
  }

  private func plan() throws -> Plan { try Planner(graph: nodes.graph, cache: store).plan([nodes.b]) }

  private func journal(_ store: Store? = nil) -> RunJournal {
    RunJournal(
      store: store ?? self.store, graph: nodes.graph, about: nodes.run(RunJournal.now()), wanted: [nodes.b])
  }

  private func course(_ key: String = "key") -> BuildEvent.Course {
    BuildEvent.Course(
      key: Key(digest: Digest(ofText: key)), deepKey: Key(digest: Digest(ofText: "deep")), storedBytes: 5)
  }

  private func lines(_ run: Int64?) throws -> [Line] {
    let bytes = Mutex<[UInt8]>([])
    try EventStream(of: run, in: temporary.another(.readOnly)).read(following: false) { more in
      bytes.withLock { $0 += more }
      return true
    }
    return try bytes.withLock { $0 }.split(separator: 0x0a).map {
      try JSONDecoder().decode(Line.self, from: Data($0))
    }
  }

  private struct Line: Decodable {
    var type: String
    var time: Double
    var schema: Int?
    var run: Int?
    var command: String?
    var node: String?
    var outcome: String?
    var message: String?
    var reason: String?
    var outputs: [Output]?
    struct Output: Decodable {
      var name: String
      var digest: String
      var size: Int
    }
  }

  @Test(
    "what happened is in the history and in the stream, whose first line has the version and whose last the end"
  )
  func whole() throws {
    let journal = journal()
    journal.handle(.planned(try plan(), estimateSeconds: 2))
    journal.handle(.started(nodes.a))
    journal.handle(.waiting(nodes.b))
    journal.handle(.finished(nodes.a, .ran(result), seconds: 1, course: course()))
    journal.handle(.restarted(reason: "blob lost"))
    journal.handle(.finished(nodes.b, .skipped(because: nodes.a), seconds: 0))
    try journal.end(outcome: "failed")
    let run = try #require(journal.run)
    let records = try store.records(ofRun: run)
    #expect(records.map(\.outcome) == [.ran, .skipped])
    #expect(records.map(\.reason) == ["new", "new"])
    #expect(records[0].storedBytes == 5 && records[1].message == "//t/a run")
    #expect(try store.run(run)?.estimateSeconds == 2)
    let lines = try lines(run)
    #expect(
      lines.map(\.type) == [
        "run", "planned", "started", "waiting", "finished", "restarted", "finished", "ended",
      ])
    #expect(lines[0].schema == 1 && lines[0].run == Int(run) && lines[0].command == "build //t/b")
    #expect(lines[4].outputs?.first?.digest == Digest(ofText: "out").hex && lines[4].outcome == "ran")
    #expect(lines[7].outcome == "failed")
  }

  @Test("a run that finds nothing to do leaves one row, and no stream; its events are told from the history")
  func idle() throws {
    try store.record(
      Trace(
        key: Key(digest: Digest(ofText: "k")), deepKey: Key(digest: Digest(ofText: "d")),
        preimage: Preimage(text: ""), result: result), node: "//t/x run")
    let journal = journal()
    #expect(journal.run == nil)
    try journal.end(outcome: "done")
    #expect(try store.runs(limit: 9).map(\.outcome) == ["done"])
    #expect(try store.wanted(byRun: 1) == ["//t/b run"])
    #expect(store.runsWithEvents().isEmpty)
    #expect(try lines(nil).map(\.type) == ["run", "ended"])
  }

  @Test("every type of line is described in the manual")
  func documented() throws {
    let manual = try String(
      decoding: Data(
        contentsOf: URL(filePath: #filePath.components(separatedBy: "/Tests/")[0] + "/BUILDGRAPH.md")),
      as: UTF8.self)
    for kind in EventLine.Kind.allCases {
      #expect(manual.contains("\n| `\(kind.rawValue)` |"), "\(kind)")
    }
  }

  @Test("no line is longer than 64 KiB, whatever an action says or makes, and each is one line of JSON")
  func bounded() throws {
    var outputs: [String: Artifact] = [:]
    for number in 0..<500 {
      outputs["\(number) " + String(repeating: "\u{1}\"", count: 300)] = Artifact(
        .tree, Digest(ofText: "\(number)"))
    }
    let record = RecordedNode(
      node: String(repeating: "é\n", count: 50_000), outcome: .failed, started: 1, durationSeconds: 2,
      outputs: outputs,
      message: String(repeating: "\u{0}", count: 100_000))
    let bytes = EventLine.finished(record).bytes
    #expect(bytes.count <= EventLine.sizeMax)
    #expect(bytes.filter { $0 == 0x0a }.count == 1 && bytes.last == 0x0a)
    let line = try JSONDecoder().decode(Line.self, from: Data(bytes))
    #expect(line.node?.hasSuffix("…") == true && line.outputs?.isEmpty == false)
  }

  @Test(
    "a follower in another process sees each event as it comes, and ends with the run",
    .timeLimit(.minutes(1)))
  func followed() async throws {
    let journal = journal()
    journal.handle(.planned(try plan(), estimateSeconds: 2))
    let run = try #require(journal.run)
    let (stream, continuation) = AsyncStream<String>.makeStream()
    let other = try temporary.another(.readOnly)
    let follower = Task.detached {
      try EventStream(of: nil, in: other).read(following: true) { bytes in
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
          continuation.yield(String(line))
        }
        return true
      }
      continuation.finish()
    }
    var seen: [String] = []
    for await line in stream {
      seen.append(String(line.prefix { $0 != "," }))
      // Each step is taken when the one before was seen, so the follower does see them as they come.
      switch seen.count {
      case 2: journal.handle(.started(nodes.a))
      case 3: journal.handle(.finished(nodes.a, .ran(result), seconds: 1, course: course()))
      case 4: try journal.end(outcome: "done")
      default: break
      }
    }
    try await follower.value
    #expect(seen == ["run", "planned", "started", "finished", "ended"].map { "{\"type\":\"\($0)\"" })
    #expect(store.runsWithEvents() == [run])
  }

  @Test(
    "a stream whose writer is gone ends, and a line that was cut off is left out", .timeLimit(.minutes(1)))
  func killed() throws {
    let run = try store.beginRun(nodes.run(), wanted: [])
    let file = store.eventFile(ofRun: run)
    try shell("mkdir -p \(store.events); printf '{\"type\":\"run\",\"time\":1}\\n{\"type\":\"sta' > \(file)")
    #expect(!store.isAlive(run: run))
    let all = Mutex<[UInt8]>([])
    try EventStream(of: run, in: store).read(following: true) { more in
      all.withLock { $0 += more }
      return true
    }
    let lines = String(decoding: all.withLock { $0 }, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 2 && lines[0] == "{\"type\":\"run\",\"time\":1}")
    #expect(lines[1].hasPrefix("{\"type\":\"ended\"") && lines[1].hasSuffix("\"outcome\":\"killed\"}"))
    #expect(try store.run(run)?.outcome == "killed")
  }

  @Test("the next run tells from the traces what a killed one could not write, and closes it")
  func mended() throws {
    let run = try store.beginRun(nodes.run(10), wanted: ["//t/b run"])
    var made = result
    made.provenance.finished = 15
    let key = Key(digest: Digest(ofText: "key"))
    for node in ["//t/a run", "//t/b run"] {
      try store.record(
        Trace(key: key, deepKey: key, preimage: Preimage(text: "x"), result: made), node: node)
    }
    // One of the two was written.
    try store.recordNodes(run: run, [nodes.record(nodes.a)])
    try store.mendKilledRuns(graph: nodes.graph)
    let records = try store.records(ofRun: run)
    #expect(records.map(\.node) == ["//t/a run", "//t/b run"] && records.map(\.outcome) == [.ran, .ran])
    #expect(try store.description(ofNode: "//t/b run", upTo: run)?.producers == ["//t/a run"])
    #expect(try store.run(run)?.outcome == "killed" && store.run(run)?.finished == 15)
    try store.mendKilledRuns(graph: nodes.graph)
    #expect(try store.records(ofRun: run).count == 2)
  }

  @Test("a run that goes on is not taken for a killed one")
  func alive() throws {
    let journal = journal()
    journal.handle(.planned(try plan(), estimateSeconds: 2))
    let run = try #require(journal.run)
    try temporary.another().mendKilledRuns(graph: nodes.graph)
    #expect(try store.run(run)?.outcome == nil && store.isAlive(run: run))
    try journal.end(outcome: "done")
    #expect(!store.isAlive(run: run))
  }

  @Test("streams of old runs go, never that of a run that goes on")
  func trimmed() throws {
    let journal = journal()
    journal.handle(.planned(try plan(), estimateSeconds: 2))
    let run = try #require(journal.run)
    try shell(
      "for n in $(seq 101 260); do : > \(store.events)/$n.ndjson; done; touch -d '-40 days' \(store.events)/*.ndjson"
    )
    try shell("touch \(store.events)/2[0-9][0-9].ndjson")
    store.trimEvents(now: RunJournal.now())
    #expect(store.runsWithEvents() == Array((200...260).reversed()) + [run])
    try journal.end(outcome: "done")
  }

  @Test(
    "events that cannot be written keep no build from going on",
    .enabled(if: getuid() == 0, "mounts need root"))
  func fullDisk() throws {
    let path = temporary.folder + "/small"
    try shell("mkdir \(path) && mount -t tmpfs -o size=2m none \(path)")
    defer { _ = try? shell("umount -l \(path)") }
    let small = try Store.open(at: path + "/store", mode: .readWrite)
    let journal = journal(small)
    journal.handle(.planned(try plan(), estimateSeconds: 2))
    _ = try? shell("dd if=/dev/zero of=\(path)/fill bs=4k")
    for _ in 0..<2000 { journal.handle(.finished(nodes.a, .ran(result), seconds: 1, course: course())) }
    // What is lost of the history is said; nothing is thrown before.
    #expect(throws: GraphError.self) { try journal.end(outcome: "done") }
    try shell("rm \(path)/fill")
    let run = try #require(journal.run)
    let bytes = Mutex<[UInt8]>([])
    try EventStream(of: run, in: small).read(following: true) { more in
      bytes.withLock { $0 += more }
      return true
    }
    for line in bytes.withLock({ $0 }).split(separator: 0x0a) {
      _ = try JSONDecoder().decode(Line.self, from: Data(line))
    }
  }
}
