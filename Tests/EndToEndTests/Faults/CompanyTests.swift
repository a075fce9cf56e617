import FoundationEssentials
import Glibc
import Synchronization
import Testing

extension Faults {
  @Suite("company")
  struct Company {
    /// What builds at once are asked for, so that they overlap in some part.
    private static let wanted = [
      "//all/all", "//app/...", "//pair/1", "//pair/2", "//large/...", "//...", "//part/...",
    ]

    /// What only reads.
    private static let readers: [[String]] = [
      ["plan"], ["plan", "--json", "//app/..."], ["why", Workshop.all], ["ls", "-l"], ["log"],
      ["log", "--json"],
      ["query", "deps(\(Workshop.all))"], ["inputs", "//part/p1"], ["show", "//part/p1"],
      ["snapshot", "show"],
    ]

    @Test(
      "I10: two and eight builds at once do the work of one, and who reads beside them never fails",
      arguments: [2, 8])
    func together(count: Int) async throws {
      let workshop = try await Workshop.with(.withRuns)
      var random = Seeded(UInt64(20 + count))
      for round in 0..<Faults.scaled(3) {
        let store = try workshop.fresh()
        // Commands that never use the network do not know what is declared in git before anything was fetched.
        try await store.graph("snapshot", "refresh").check()
        let comment = "seed \(Seeded.seed), \(count) builds, round \(round)"
        let builds = try (0..<count).map { number in
          // One of them wants everything.
          try store.graph(
            "build", number == 0 ? "//..." : Self.wanted.randomElement(using: &random) ?? "//..."
          ).start()
        }
        let watch = Watch(store)
        let seed = random.next()
        async let reads = watch.readUntilStopped(Self.readers, seed: seed)
        for build in builds {
          let ended = await build.end()
          #expect(ended.status == 0, "\(comment): \(ended.transcript)")
        }
        watch.stop()
        #expect(try await reads > 0)
        let facts = try await store.facts()
        #expect(Set(facts.ended.keys.map(\.node)) == workshop.nodes, "\(comment)")
        #expect(
          facts.ended.filter { $0.value != 1 }.map(\.key.node) == [], "\(comment): ended more than once")
        #expect(facts.runs == Dictionary(uniqueKeysWithValues: workshop.nodes.map { ($0, 1) }), "\(comment)")
        #expect(
          try store.starts() == ["one": 1, "two": 1, "three": 1], "\(comment): RUNs as they noted themselves")
        try await store.expectCleanOutputs(workshop, comment)
      }
    }

    @Test("I5, I10: eight builds at once, of which some are killed, redo nothing that was finished")
    func killed() async throws {
      let workshop = try await Workshop.with(.withRuns)
      var random = Seeded(30)
      var kills = 0
      for round in 0..<Faults.scaled(3) {
        let store = try workshop.fresh()
        let comment = "seed \(Seeded.seed), round \(round)"
        var builds: [(build: Program.Running, isDoomed: Bool)] = []
        for number in 0..<8 {
          var program = store.graph("build", Self.wanted.randomElement(using: &random) ?? "//...")
          let isDoomed = number % 2 == 0
          if isDoomed {
            var shim = Shim(below: store.path)
            shim.event = (Int.random(in: 1...workshop.operations / 4, using: &random), .kill)
            program = shim.preloaded(program)
          }
          builds.append((try program.start(), isDoomed))
        }
        for (build, isDoomed) in builds {
          let ended = await build.end()
          if ended.status == 128 + SIGKILL, isDoomed {
            kills += 1
          } else {
            #expect(ended.status == 0, "\(comment): \(ended.transcript)")
          }
        }
        let last = try await store.graph("build").run()
        #expect(last.status == 0, "\(comment): \(last.transcript)")
        let facts = try await store.facts()
        #expect(Set(facts.ended.keys.map(\.node)) == workshop.nodes, "\(comment)")
        #expect(
          facts.ended.filter { $0.value != 1 }.map(\.key.node) == [], "\(comment): ended more than once")
        #expect(facts.runs.filter { $0.value != 1 }.map(\.key) == [], "\(comment): ran in more than one run")
        try await store.expectCleanOutputs(workshop, comment)
      }
      #expect(kills > 0)
    }

    @Test("who reads never waits for who writes, wherever that one stands still")
    func stopped() async throws {
      let workshop = try await Workshop.with(.plain)
      var random = Seeded(40)
      for _ in 0..<Faults.scaled(8) {
        let store = try workshop.fresh()
        // A store that has something, or one that is just being made, of which only these know enough.
        let isYoung = random.chance(0.3)
        let readers =
          isYoung ? Self.readers.filter { ["plan", "log", "snapshot"].contains($0[0]) } : Self.readers
        if !isYoung { try await store.graph("build", "//part/...", "//app/site").check() }
        var shim = Shim(below: store.path)
        shim.event = (Int.random(in: 1...(isYoung ? 100 : workshop.operations / 2), using: &random), .stop)
        let comment = "seed \(Seeded.seed), stopped at operation \(shim.event?.at ?? 0)"
        let build = try shim.preloaded(store.graph("build")).start()
        let isStopped = try await Self.waitsUntilStopped(build.process)
        for reader in readers.shuffled(using: &random).prefix(isStopped ? 4 : 1) {
          var program = store.graph(reader)
          program.words = ["timeout", "100"] + program.words
          let ended = try await program.run()
          #expect(ended.status == 0, "\(comment): \(ended.transcript)")
        }
        build.send(SIGCONT)
        let ended = await build.end()
        #expect(ended.status == 0, "\(comment): \(ended.transcript)")
      }
    }

    /// - Returns: `false` where the process ended without stopping.
    private static func waitsUntilStopped(_ process: pid_t) async throws -> Bool {
      while true {
        // The state follows the name, which is in brackets.
        let text = (try? String(contentsOf: URL(filePath: "/proc/\(process)/stat"), encoding: .utf8)) ?? ""
        guard let state = text.split(separator: ")").last?.split(separator: " ").first else { return false }
        if state == "T" { return true }
        if state == "Z" || state == "X" { return false }
        try await Task.sleep(for: .milliseconds(5))
      }
    }

    /// Reads from a store for as long as others write.
    private final class Watch: Sendable {
      private let store: StoreFolder
      private let isStopped = Mutex(false)

      init(_ store: StoreFolder) { self.store = store }

      func stop() { isStopped.withLock { $0 = true } }

      /// - Returns: how many commands it ran, one at least.
      func readUntilStopped(_ readers: [[String]], seed: UInt64) async throws -> Int {
        var random = Seeded(seed)
        var count = 0
        repeat {
          let ended = try await store.graph(readers.randomElement(using: &random) ?? ["plan"]).run()
          #expect(ended.status == 0, "beside builds: \(ended.transcript)")
          count += 1
        } while !isStopped.withLock { $0 }
        return count
      }
    }
  }
}
