import Dispatch
import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
  @Suite("interruption and company")
  struct Interruption {
    private static let target = "//app/httpd:x86_64"

    @Test(
      "I5: a build killed at several moments is finished by the next, does nothing twice, and ends the same")
    func killed() async throws {
      let world = try await World.fresh()
      for moment in [1, 70, 100, 130, 145] {
        let build = try world.graph("build", Self.target).start()
        try await reach(moment, world)
        // The whole group: what is left without its parent must not go on either.
        kill(-build.process, SIGKILL)
        #expect(await build.end().status == 128 + SIGKILL)
      }
      try await world.build(Self.target)
      let twice = try await world.history(
        "SELECT node FROM run_nodes WHERE outcome = 'ran' GROUP BY node HAVING count(*) > 1")
      #expect(twice == [], "finished actions ran again")
      let clean = try await ColdBuild.shared.world()
      #expect(try await world.digest(of: Self.target) == clean.digest(of: Self.target))
    }

    @Test("Ctrl-C stops the build cleanly with exit code 130, and no finished work is lost")
    func interrupted() async throws {
      let world = try await World.fresh()
      let build = try world.graph("build", Self.target).start()
      try await reach(90, world)
      build.send(SIGINT)
      #expect(await build.end().status == 130)
      #expect(try await world.history("SELECT outcome FROM runs") == ["interrupted"])
      try await world.build(Self.target)
      let twice = try await world.history(
        "SELECT node FROM run_nodes WHERE outcome = 'ran' GROUP BY node HAVING count(*) > 1")
      #expect(twice == [])
      let clean = try await ColdBuild.shared.world()
      #expect(try await world.digest(of: Self.target) == clean.digest(of: Self.target))
    }

    @Test("I10: two builds at once of the same target do the work of one")
    func company() async throws {
      let world = try await World.fresh()
      let builds = try [world.graph("build", Self.target).start(), world.graph("build", Self.target).start()]
      for build in builds {
        let ended = await build.end()
        #expect(ended.status == 0, "\(ended.transcript)")
      }
      let twice = try await world.history(
        "SELECT node FROM run_nodes WHERE outcome = 'ran' GROUP BY node HAVING count(*) > 1")
      #expect(twice == [], "ran in both")
      let clean = try await ColdBuild.shared.world()
      #expect(try await world.digest(of: Self.target) == clean.digest(of: Self.target))
    }

    @Test("I5: a flipped bit in the store is a miss: what it damaged is made again, and the result is right")
    func damaged() async throws {
      let world = try await World.warm()
      let right = try await world.digest(of: Self.target)
      let layout = try await world.export(Self.target)
      let largest = try await Program([
        "sh", "-c", "find \"$1\" -type f -printf '%s %f\\n' | sort -n | tail -n 1", "sh", layout + "/blobs",
      ]).check().split(separator: " ")[1]
      let inStore = try await Program(["find", world.store + "/blobs", "-name", "\(largest)*"]).check()
      #expect(!inStore.isEmpty)
      // One byte in the middle, and nothing of the checkouts that were made of it.
      try await Program([
        "sh", "-c", "printf X | dd of=\"$1\" bs=1 seek=4096 conv=notrunc status=none", "sh", inStore,
      ]).check()
      let second = try await world.digest(of: Self.target)
      #expect(second == right)
      let again = try await world.export(Self.target)
      try await Program(["diff", "-r", layout, again]).check()
    }

    /// Waits until that many nodes are noted in the store as finished; a build that ended has reached everything.
    private func reach(_ count: Int, _ world: World) async throws {
      for _ in 0..<6_000 {
        if access(world.store + "/graph.db", R_OK) == 0 {
          // The database may be in the middle of being made.
          let query = "SELECT count(DISTINCT node) FROM run_nodes WHERE outcome IN ('ran', 'cut off')"
          let answer = try await Program(["sqlite3", "-readonly", world.store + "/graph.db", query]).run()
          let text = answer.output.split(separator: "\n").first.map(String.init) ?? ""
          if answer.status == 0, let number = Int(text), number >= count { return }
        }
        try await Task.sleep(for: .milliseconds(10))
      }
      Issue.record("\(count) nodes were not finished within a minute")
    }
  }
}
