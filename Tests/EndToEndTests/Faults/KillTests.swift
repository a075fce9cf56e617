import Dispatch
import FoundationEssentials
import Glibc
import Testing

extension Faults {
  @Suite("kill -9")
  struct Killed {
    /// How a build is to be killed.
    private enum Moment: CustomStringConvertible {
      /// After so many milliseconds; also every program that it had started, where `isWholeGroup`.
      case time(Int, isWholeGroup: Bool)
      /// At an operation on the store's files.
      case operation(Int, Shim.Event)

      var description: String {
        switch self {
        case .time(let milliseconds, let isWholeGroup):
          "after \(milliseconds) ms\(isWholeGroup ? ", with what it had started" : "")"
        case .operation(let number, let event): "'\(event.rawValue)' at operation \(number)"
        }
      }
    }

    @Test(
      "I5: builds that are killed at 1,000 random moments are finished by the next, end like a clean one, and no finished action runs again"
    )
    func moments() async throws {
      let workshop = try await Workshop.with(.withRuns)
      let begin = ContinuousClock.now
      // Two stores at a time: what one waits for leaves a processor to the other.
      let done = try await withThrowingTaskGroup(of: (kills: Int, builds: Int).self) { group in
        for part in 1...2 {
          let count = Faults.scaled(500)
          group.addTask { try await Self.kill(count, workshop, part: part) }
        }
        return try await group.reduce(into: (kills: 0, builds: 0)) {
          $0 = ($0.kills + $1.kills, $0.builds + $1.builds)
        }
      }
      print(
        "faults: \(done.kills) kills in \(done.builds) builds, seed \(Seeded.seed), \(begin.duration(to: .now))"
      )
    }

    /// Kills builds in stores of their own until `count` have been killed, and finishes each.
    private static func kill(_ count: Int, _ workshop: Workshop, part: Int) async throws -> (
      kills: Int, builds: Int
    ) {
      var random = Seeded(UInt64(part))
      var (kills, builds) = (0, 0)
      while kills < count {
        let store = try workshop.fresh()
        var before = Seen()
        var moment = moment(in: workshop, &random)
        while try await isKilled(at: moment, store) {
          kills += 1
          before = try await Seen(
            store, after: before, "seed \(Seeded.seed), part \(part), kill \(kills), \(moment)")
          moment = Self.moment(in: workshop, &random)
        }
        builds += 1
        try await expectFinished(store, before, workshop)
      }
      return (kills, builds)
    }

    private static func moment(in workshop: Workshop, _ random: inout Seeded) -> Moment {
      if random.chance(0.5) {
        // Some attempts do not even begin, others get on by a few actions.
        let longest = max(20, workshop.milliseconds / 5)
        return .time(Int.random(in: 0...longest, using: &random), isWholeGroup: random.chance(0.5))
      }
      let event = [Shim.Event.kill, .killed, .tear].randomElement(using: &random) ?? .kill
      return .operation(Int.random(in: 1...max(2, workshop.operations / 8), using: &random), event)
    }

    /// Builds, and kills the build at its moment.
    ///
    /// - Returns: `false` where it was finished before that.
    private static func isKilled(at moment: Moment, _ store: StoreFolder) async throws -> Bool {
      var program = store.graph("build")
      if case .operation(let number, let event) = moment {
        var shim = Shim(below: store.path)
        shim.event = (number, event)
        program = shim.preloaded(program)
      }
      let build = try program.start()
      if case .time(let milliseconds, let isWholeGroup) = moment {
        // A moment that nobody can observe is what is wanted.
        try await Task.sleep(for: .milliseconds(milliseconds))
        Glibc.kill(isWholeGroup ? -build.process : build.process, SIGKILL)
      }
      let ended = await build.end()
      if ended.status == 128 + SIGKILL { return true }
      #expect(ended.status == 0, "\(moment): \(ended.transcript)")
      return false
    }

    /// What a store had when a build was killed.
    private struct Seen {
      var facts = StoreFolder.Facts()
      var leases: Set<String> = []
      var starts: [String: Int] = [:]

      init() {}

      /// Looks at a store, and expects that what was finished before is as it was.
      init(_ store: StoreFolder, after before: Seen, _ comment: String) async throws {
        facts = try await store.facts()
        leases = store.leases()
        starts = try store.starts()
        for (action, time) in before.facts.finished {
          #expect(
            facts.finished[action] == time, "\(comment): \(action.node) was finished, and is not or ran again"
          )
        }
        let begun = leases.subtracting(before.leases)
        let again = before.facts.keys.filter { begun.contains(String($0.prefix(16))) }
        #expect(again == [], "\(comment): finished actions had begun again")
        for (name, count) in before.starts where before.hasFinished(run: name) {
          #expect(starts[name] == count, "\(comment): RUN '\(name)' was finished, and was started again")
        }
      }

      /// The three of the workshop are steps 3 to 5.
      func hasFinished(run name: String) -> Bool {
        let step = ["one": "3 RUN", "two": "4 RUN", "three": "5 RUN"][name] ?? "?"
        return facts.finished.keys.contains {
          $0.node.hasPrefix("//app/app") && $0.node.hasSuffix(" \(step)")
        }
      }
    }

    private static func expectFinished(_ store: StoreFolder, _ before: Seen, _ workshop: Workshop)
      async throws
    {
      let comment = "seed \(Seeded.seed)"
      let last = try await Seen(store, after: before, comment)
      #expect(Set(last.facts.finished.keys.map(\.node)) == workshop.nodes, "\(comment)")
      #expect(
        last.facts.ended.filter { $0.value != 1 }.map(\.key.node) == [], "\(comment): ended more than once")
      #expect(
        last.facts.runs.filter { $0.value != 1 }.map(\.key) == [], "\(comment): ran in more than one run")
      try await store.expectCleanOutputs(workshop, comment)
      #expect(try await store.facts().finished == last.facts.finished, "\(comment): the export ran something")
    }
  }
}
