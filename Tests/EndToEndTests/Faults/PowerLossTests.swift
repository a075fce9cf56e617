import FoundationEssentials
import Glibc
import Testing

extension Faults {
  @Suite("loss of power")
  struct PowerLoss {
    /// What happens before the power goes: the store as it was, and what was done to it.
    struct Recording {
      var disk: CrashDisk
      let log: OperationLog
      let below: String
    }

    /// What is recorded.
    enum Scene: String, CaseIterable {
      case firstBuild = "a first build"
      case continued = "a build that was killed, and the one that goes on"
      case second = "a build in a store that has the half of it"
      case checkpoint = "a build in the middle of which SQLite brings its log home"
    }

    @Test(
      "the record of a build is complete: replayed, it is the store, but for what the sandbox's helper made")
    func complete() async throws {
      let workshop = try await Workshop.with(.plain)
      let store = try workshop.fresh()
      var recording = try await Self.record(.firstBuild, store, workshop)
      for operation in recording.log { recording.disk.apply(operation) }
      #expect(recording.disk.unknown == [])
      let replayed = store.beside + "/replayed"
      var random = Seeded(0)
      try recording.disk.write(.nothing, to: replayed, &random)
      let compared = try await Program([
        "diff", "-r", "--no-dereference", "-x", "*-shm", "-x", "checkouts", "-x", "scratch", store.path,
        replayed,
      ]).run()
      #expect(compared.status == 0, "\(compared.transcript.prefix(2000))")
    }

    @Test(
      "I5: whatever part of what was not synced a loss of power takes, the next build ends like a clean one, and nothing that was reported as done runs again",
      arguments: Scene.allCases)
    func lost(scene: Scene) async throws {
      let workshop = try await Workshop.with(.plain)
      let store = try workshop.fresh()
      var recording = try await Self.record(scene, store, workshop)
      var random = Seeded(UInt64(scene.rawValue.utf8.count))
      let count = recording.log.reduce(0) { total, _ in total + 1 }
      var moments = Set((0..<Faults.scaled(6)).map { _ in Int.random(in: 0...count, using: &random) })
      // Just after something was promised is the hardest moment.
      let promises = recording.log.enumerated().filter { $0.element.kind == .said }.map(\.offset)
      moments.formUnion(promises.shuffled(using: &random).prefix(Faults.scaled(3)).map { $0 + 1 })
      var said: [String] = []
      var states = 0
      for (number, operation) in recording.log.enumerated() {
        if moments.contains(number) {
          states += try await Self.check(
            recording.disk, said, workshop, &random,
            "seed \(Seeded.seed), \(scene.rawValue), operation \(number)")
        }
        recording.disk.apply(operation)
        if operation.kind == .said { said += Self.done(String(decoding: operation.data, as: UTF8.self)) }
      }
      if moments.contains(count) {
        states += try await Self.check(
          recording.disk, said, workshop, &random, "seed \(Seeded.seed), \(scene.rawValue), the end")
      }
      print("faults: \(scene.rawValue): \(states) states of the disk at \(moments.count) moments")
    }

    @Test("a store whose making a loss of power ended is one for the next command, whatever is left of it")
    func young() async throws {
      let workshop = try await Workshop.with(.plain)
      let store = try workshop.fresh()
      var recording = try await Self.record(.firstBuild, store, workshop)
      var random = Seeded(2)
      let operations = Array(recording.log)
      let made = try #require(operations.firstIndex { $0.first.hasPrefix(store.path + "/labels") })
      var moments = (0..<Faults.scaled(100)).map { _ in Int.random(in: 0...made, using: &random) }.sorted()
      for (number, operation) in operations.enumerated() {
        while moments.first == number {
          moments.removeFirst()
          let loss = CrashDisk.Loss.all.randomElement(using: &random) ?? .everything
          let store = try workshop.fresh()
          try recording.disk.write(loss, to: store.path, &random)
          let ended = try await store.graph("snapshot", "refresh").run()
          #expect(ended.status == 0, "seed \(Seeded.seed), operation \(number), \(loss): \(ended.transcript)")
        }
        recording.disk.apply(operation)
      }
      #expect(moments.isEmpty)
    }

    /// The actions that lines of a build report as done: `[1/3] ran 0.1 s //a/b:x86_64 command`.
    static func done(_ text: String) -> [String] {
      text.split(separator: "\n").compactMap { line in
        line.wholeMatch(of: /\[ *\d+\/\d+\] ran [0-9.]+ s (.*)/).map { String($0.1) }
      }
    }

    /// Checks some states of a disk at one moment.
    private static func check(
      _ disk: CrashDisk, _ said: [String], _ workshop: Workshop, _ random: inout Seeded, _ comment: String
    ) async throws -> Int {
      let sure = try workshop.fresh()
      try disk.write(.everything, to: sure.path, &random)
      let promised = try await sure.facts().finished
      for title in said {
        #expect(
          promised.keys.contains { "\(title) ".hasPrefix($0.node + " ") },
          "\(comment): '\(title)' was reported as done, and a loss of power undoes it")
      }
      let losses = [.everything] + CrashDisk.Loss.all.dropFirst().shuffled(using: &random).prefix(3)
      for loss in losses {
        let store = try workshop.fresh()
        try disk.write(loss, to: store.path, &random)
        let comment = "\(comment), \(loss)"
        try Data("another boot\n".utf8).write(to: URL(filePath: store.beside + "/boot"))
        var shim = Shim(below: store.path)
        shim.boot = store.beside + "/boot"
        try await store.expectCleanOutputs(workshop, comment) { shim.preloaded($0) }
        let after = try await store.facts()
        for (action, time) in promised {
          #expect(after.finished[action] == time, "\(comment): \(action.node) was safe, and ran again")
        }
      }
      return losses.count
    }
  }
}

extension Faults.PowerLoss {
  /// Does what a scene is about, and writes it down.
  private static func record(_ scene: Scene, _ store: StoreFolder, _ workshop: Workshop) async throws
    -> Recording
  {
    var disk = CrashDisk(below: store.path)
    var shim = Shim(below: store.path)
    shim.log = store.beside + "/log"
    switch scene {
    case .firstBuild: break
    case .continued:
      shim.event = (workshop.operations / 2, .kill)
      #expect(try await shim.preloaded(store.graph("build")).run().status == 128 + SIGKILL)
      shim.event = nil
    case .second, .checkpoint:
      try await store.graph("build", "//part/...", "//app/tool").check()
      if scene == .checkpoint { try await fill(store) }
      try disk.settle()
    }
    try await shim.preloaded(store.graph("build")).check()
    if scene == .checkpoint {
      let size = try FileManager.default.attributesOfItem(atPath: store.path + "/graph.db")[.size] as? Int
      #expect((size ?? 0) > 8 << 20, "the log was not brought home")
    }
    return Recording(disk: disk, log: try OperationLog(file: store.beside + "/log"), below: store.path)
  }

  /// Fills SQLite's log of the facts almost to where it is brought home.
  private static func fill(_ store: StoreFolder) async throws {
    try await Program([
      "sqlite3", store.path + "/graph.db", ".dbconfig no_ckpt_on_close on",
      """
      PRAGMA wal_autocheckpoint = 0;
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3900)
        INSERT INTO failures SELECT randomblob(32), 'deterministic', hex(randomblob(1800)), NULL, 0 FROM n
      """,
    ]).check()
  }
}
