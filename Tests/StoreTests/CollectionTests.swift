import Formats
import Glibc
import GraphCore
import Testing

@testable import Store

/// A store with a history of runs in one workspace.
struct History {
  let temporary: TemporaryStore
  let workspace: String
  var store: Store { temporary.store }

  init() throws {
    temporary = try TemporaryStore()
    workspace = temporary.folder + "/workspace"
    try shell("mkdir \(workspace) && touch \(workspace)/graph.yml")
  }

  struct Made {
    var name: String
    var producers: [String] = []
    var artifact: Artifact
    /// What makes its key another one.
    var variant = ""
  }

  /// A run that made something, a day after another.
  @discardableResult
  func run(_ day: Int, wanting wanted: [String], _ made: [Made], workspace: String? = nil) throws -> Int64 {
    let started = Double(day) * 86_400
    let run = try store.beginRun(
      RecordedRun(id: 0, command: "build", workspace: workspace ?? self.workspace, started: started),
      wanted: wanted)
    for item in made {
      let trace = trace(item)
      try store.record([NodeTrace(node: item.name, trace)])
      var description = NodeDescription(text: "rule test@1\n")
      description.inputs = item.producers.map { .init("in/\($0)", .output(node: $0, name: "out")) }
      try store.recordNodes(
        run: run,
        [
          HistoryEntry(
            RecordedNode(
              node: item.name, outcome: .ran, key: trace.key, started: started, durationSeconds: 1,
              outputs: trace.result.outputs), description)
        ])
    }
    try store.endRun(run, outcome: "done", finished: started + 1)
    return run
  }

  func trace(_ made: Made) -> Trace {
    makeTrace("\(made.name)-\(made.variant)-\(made.artifact)", outputs: ["out": made.artifact])
  }

  func blob(_ bytes: [UInt8]) throws -> Artifact {
    let digest = try store.write(bytes)
    try store.sync()
    return Artifact(.blob, digest)
  }

  /// A policy of so many runs, as of a day.
  func policy(runs: Int, day: Int = 100, days: Double = 0) -> CollectionPolicy {
    var policy = CollectionPolicy(now: Double(day) * 86_400)
    (policy.runs, policy.days) = (runs, days)
    return policy
  }

  func has(_ artifact: Artifact) throws -> Bool { try store.contains(artifact.digest) }
}

@Suite("collection")
struct CollectionTests {
  let history: History
  var store: Store { history.store }

  init() throws { history = try History() }

  private func versions(_ count: Int) throws -> [History.Made] {
    try (0..<count).map { version in
      let made = History.Made(
        name: "//a step", artifact: try history.blob(noise(100_000, seed: UInt64(version + 1))))
      try history.run(version, wanting: ["//a step"], [made])
      return made
    }
  }

  @Test("results of kept runs stay and older ones go; what explains them stays")
  func keptRuns() throws {
    let made = try versions(4)
    let traces = made.map(history.trace)
    var dry = history.policy(runs: 2)
    dry.isDryRun = true
    let forecast = try store.collect(dry)
    #expect(try made.allSatisfy { try history.has($0.artifact) })
    let report = try store.collect(history.policy(runs: 2))
    #expect(try made.map { try history.has($0.artifact) } == [false, false, true, true])
    #expect(try traces.map { try store.result(of: $0.key) != nil } == [false, false, true, true])
    #expect(try store.result(ofDeep: traces[0].deepKey) == nil)
    #expect(try store.traces(ofNode: "//a step", limit: 10).count == 4)
    #expect(try store.preimage(of: traces[0].key) == traces[0].preimage)
    #expect(try store.runs(limit: 10).count == 4)
    #expect(report.keptRuns.count == 2 && report.forgotten.map(\.node) == ["//a step", "//a step"])
    #expect(
      forecast.forgotten.map(\.bytes) == [100_000, 100_000] && forecast.removedBytes == report.removedBytes)
    #expect(try shell("find \(store.path)/blobs -type f | wc -l") == "2\n")
    #expect(try store.collect(history.policy(runs: 2)).removedBytes == 0)
  }

  @Test(
    "young runs stay whatever their number, and those of a workspace that is gone only as long as they are young"
  )
  func age() throws {
    let made = try versions(6)
    #expect(try store.collect(history.policy(runs: 1, day: 6, days: 3.5)).keptRuns.count == 3)
    #expect(try made.map { try history.has($0.artifact) } == [false, false, false, true, true, true])
    try shell("rm -r \(history.workspace)")
    #expect(try store.collect(history.policy(runs: 5, day: 6, days: 1.5)).keptRuns.count == 1)
    #expect(try store.collect(history.policy(runs: 5, day: 60, days: 1.5)).keptRuns.isEmpty)
    #expect(try made.allSatisfy { try !history.has($0.artifact) })
  }

  @Test("pins keep results and runs")
  func pins() throws {
    let made = try versions(4)
    try store.pin(Pin(name: "first", time: 1, outputs: ["//a step": ["out": made[0].artifact]]))
    let second = try #require(try store.runs(limit: 4).dropLast().last)
    try store.pin(Pin(name: "second", time: 1, run: second.id))
    _ = try store.collect(history.policy(runs: 1))
    #expect(try made.allSatisfy { try history.has($0.artifact) })
    #expect(try store.pins().map(\.name) == ["first", "second"])
    #expect(try store.unpin("first") && !store.unpin("first") && store.unpin("second"))
    _ = try store.collect(history.policy(runs: 1))
    #expect(try made.map { try history.has($0.artifact) } == [false, false, false, true])
  }

  @Test("a limit of size gives up the oldest runs, down to the newest of each workspace")
  func size() throws {
    let made = try versions(6)
    var policy = history.policy(runs: 5)
    policy.maximumBytes = 350_000
    let report = try store.collect(policy)
    #expect(report.keptBytes == 300_000 && report.givenUp.count == 2)
    #expect(try made.map { try history.has($0.artifact) } == [false, false, false, true, true, true])
    policy.maximumBytes = 0
    #expect(try store.collect(policy).keptRuns.count == 1)
    #expect(try history.has(made[5].artifact))
  }

  @Test("what made the inputs of a kept result stays, also where the run did not touch it")
  func producers() throws {
    let base = History.Made(name: "//base", artifact: try history.blob(text(2000, seed: 1)))
    let other = History.Made(name: "//other", artifact: try history.blob(text(2000, seed: 2)))
    try history.run(1, wanting: ["//base", "//other"], [base, other])
    for day in 2...5 {
      let image = History.Made(
        name: "//image", producers: ["//base"], artifact: try history.blob(text(3000, seed: UInt8(day))))
      try history.run(day, wanting: ["//image"], [image])
    }
    _ = try store.collect(history.policy(runs: 2))
    #expect(try history.has(base.artifact))
    #expect(try !history.has(other.artifact))
  }

  @Test("files of layers stay as long as one recipe names them")
  func layers() throws {
    func layer(_ files: [[UInt8]]) throws -> Artifact {
      let entries = try files.enumerated().map { index, bytes in
        Layer.Entry(path: "f\(index)", content: .file(try store.write(bytes)), mode: 0o644)
      }
      let artifact = try store.write(Layer(entries: entries), as: .layer)
      try store.sync()
      return artifact
    }
    let (shared, old, new) = (text(500), text(600), noise(80_000))
    try history.run(1, wanting: ["//l"], [.init(name: "//l", artifact: try layer([shared, old]))])
    for day in 2...3 {
      try history.run(
        day, wanting: ["//l"], [.init(name: "//l", artifact: try layer([shared, new]), variant: "\(day)")])
    }
    let report = try store.collect(history.policy(runs: 1))
    #expect(try store.contains(Digest(of: shared)) && store.contains(Digest(of: new)))
    #expect(try !store.contains(Digest(of: old)))
    #expect(report.removals.map(\.count) == [2])
  }

  @Test("what a kept version is a difference to stays with it, and goes when that goes")
  func bases() throws {
    var content = Content(seed: 1)
    let first = content.bytes(300_000)
    let second = content.edited(first, edits: 2)
    for (day, bytes) in [first, second, second, second].enumerated() {
      try history.run(
        day, wanting: ["//i"], [.init(name: "//i", artifact: try history.blob(bytes), variant: "\(day)")])
    }
    let report = try store.collect(history.policy(runs: 1))
    #expect(report.bases.count == 1 && report.removedBytes == 0)
    #expect(try temporaryRead(Digest(of: second)) == second)
    for day in 5...7 {
      try history.run(
        day, wanting: ["//i"], [.init(name: "//i", artifact: try history.blob([1]), variant: "\(day)")])
    }
    _ = try store.collect(history.policy(runs: 1))
    #expect(try shell("find \(store.path)/blobs -type f | wc -l") == "0\n")
    #expect(try shell("sqlite3 \(store.path)/blobs.db 'SELECT count(*) FROM features'") == "0\n")
  }

  private func temporaryRead(_ digest: Digest) throws -> [UInt8] {
    try history.temporary.another().read(digest)
  }

  @Test("beside another process results are forgotten at once, and their blobs removed when it has gone")
  func besideAnother() throws {
    let made = try versions(3)
    let first = made[0].artifact.digest
    do {
      let other = try history.temporary.another()
      let report = try store.collect(history.policy(runs: 1))
      #expect(
        report.removedBytes == 0 && report.waiting.bytes == 200_000 && report.waiting.processes.count == 1)
      #expect(try store.result(of: history.trace(made[0]).key) == nil)
      #expect(try !other.contains(first))
      // It may have found it a moment ago.
      #expect(try other.read(first) == noise(100_000, seed: 1))
      #expect(try store.collect(history.policy(runs: 1)).removedBytes == 0)
    }
    let late = try history.temporary.another()
    #expect(try store.collect(history.policy(runs: 1)).removedBytes == 200_000)
    #expect(throws: MissingBlob(first)) { try late.read(first) }
  }

  @Test("who writes again what is condemned keeps it, with what it stands on")
  func takenBack() throws {
    var content = Content(seed: 2)
    let first = content.bytes(300_000)
    let second = content.edited(first, edits: 2)
    for (day, bytes) in [first, second, [1], [2]].enumerated() {
      try history.run(day, wanting: ["//i"], [.init(name: "//i", artifact: try history.blob(bytes))])
    }
    let other = try history.temporary.another()
    #expect(try store.collect(history.policy(runs: 1)).waiting.bytes > 0)
    #expect(try !other.contains(Digest(of: second)))
    try other.write(second)
    #expect(try other.contains(Digest(of: second)) && other.contains(Digest(of: first)))
    try other.sync()
    // As part of a result it stays for good.
    try history.run(
      9, wanting: ["//i"],
      [.init(name: "//i", artifact: Artifact(.blob, Digest(of: second)), variant: "again")])
    _ = try store.collect(history.policy(runs: 1))
    #expect(try temporaryRead(Digest(of: second)) == second)
  }

  @Test("blobs without a name go, but not beside a process that may be about to name them")
  func unnamed() throws {
    let blob = try history.blob(noise(90_000))
    do {
      let other = try history.temporary.another()
      let pending = try other.write(text(10))
      _ = try store.collect(history.policy(runs: 1))
      #expect(try history.has(blob) && other.contains(pending))
    }
    let report = try store.collect(history.policy(runs: 1))
    #expect(report.removals.map(\.reason) == [.unnamed] && report.removedBytes == 90_000)
    #expect(try !history.has(blob))
  }

  @Test("files that no row names go, and scratch of processes that are gone")
  func rubbish() throws {
    try shell(
      """
      mkdir -p \(store.path)/blobs/ab && echo x > \(store.path)/blobs/ab/ab12.zst
      mkdir \(store.path)/scratch/99999999-x && echo x > \(store.path)/scratch/99999999-x/f
      """)
    let report = try store.collect(history.policy(runs: 1))
    #expect(Set(report.removals.map(\.reason)) == [.files, .scratch])
    #expect(try shell("find \(store.path)/blobs/ab \(store.path)/scratch -mindepth 1 | wc -l") == "0\n")
  }

  @Test("two collections at once are one, and one that was killed half way is finished by the next")
  func interrupted() throws {
    let made = try versions(3)
    let file = "\(store.path)/blobs/\(made[0].artifact.digest.hex.prefix(2))/\(made[0].artifact.digest.hex)"
    // As one leaves it that was ended between the file and the row.
    try shell(
      """
      sqlite3 \(store.path)/blobs.db "INSERT INTO condemned SELECT digest, 1 FROM blobs
        WHERE hex(digest) = upper('\(made[0].artifact.digest.hex)')"
      rm -f \(file)
      """)
    #expect(try !store.contains(made[0].artifact.digest))
    try store.write(noise(100_000, seed: 1))
    try store.sync()
    #expect(try temporaryRead(made[0].artifact.digest) == noise(100_000, seed: 1))
    #expect(try store.collect(history.policy(runs: 1)).removedBytes == 200_000)
    let lock = try FileLock(at: "\(store.path)/locks/collect")
    #expect(try lock.attempt())
    #expect(throws: GraphError.self) { try store.collect(history.policy(runs: 1)) }
    withExtendedLifetime(lock.isCurrent()) {}
  }

  @Test(
    "on a full disk a collection makes room, with the reserve and without it",
    .enabled(if: geteuid() == 0, "mounting needs root"), arguments: [true, false])
  func fullDisk(_ hasReserve: Bool) throws {
    let folder = try shell("mktemp -d").split(separator: "\n").joined()
    try shell("mount -t tmpfs -o size=64m tmpfs \(folder)")
    defer { _ = try? shell("umount \(folder); rmdir \(folder)") }
    var digests: [Digest] = []
    do {
      let small = try Store.open(at: "\(folder)/store", mode: .readWrite)
      #expect(access("\(folder)/store/reserve", F_OK) == 0)
      for seed in 1...20 { digests.append(try small.write(noise(1_000_000, seed: UInt64(seed)))) }
      for seed in 0..<200 { try small.write(text(20_000, seed: UInt8(seed))) }
      try small.sync()
    }
    if !hasReserve { unlink("\(folder)/store/reserve") }
    _ = try? shell(
      "dd if=/dev/zero of=\(folder)/fill bs=64k; dd if=/dev/zero of=\(folder)/fill2 bs=1 count=70000")
    #expect(DiskSpace(of: folder)?.freeBytes == 0)
    let full = try Store.open(at: "\(folder)/store", mode: .readWrite)
    do {
      for seed in 100...140 { try full.write(noise(1_000_000, seed: UInt64(seed))) }
      Issue.record("the disk is not full")
    } catch let error as GraphError {
      #expect(error.isDiskFull && error.message.contains("0 of 64 MiB are free"))
      #expect(error.hint?.contains("graph gc") == true)
    }
    let report = try full.collect(history.policy(runs: 1))
    #expect(report.removedBytes > 20_000_000)
    #expect(try !full.contains(digests[0]))
    #expect((DiskSpace(of: folder)?.freeBytes ?? 0) > 15_000_000)
    // The build goes on.
    let again = try full.write(noise(1_000_000, seed: 1))
    try full.sync()
    #expect(again == digests[0])
    #expect(try Store.open(at: "\(folder)/store", mode: .readOnly).read(again).count == 1_000_000)
  }
}
