import FoundationEssentials
import Glibc
import Testing

extension Faults {
  @Suite("full and broken disks")
  struct FullDisks {
    @Test(
      "a disk that fills up or breaks at any moment is exit code 75 with a message that helps; the next build goes on, and no finished action runs again",
      arguments: [Shim.Event.full, .broken])
    func anyMoment(event: Shim.Event) async throws {
      let workshop = try await Workshop.with(.plain)
      var random = Seeded(event == .full ? 50 : 51)
      for _ in 0..<Faults.scaled(20) {
        let store = try workshop.fresh()
        var shim = Shim(below: store.path)
        let moment = Int.random(in: 1...workshop.operations, using: &random)
        shim.event = (moment, event)
        let comment = "seed \(Seeded.seed), \(event.rawValue) from operation \(moment) on"
        let ended = try await shim.preloaded(store.graph("build")).run()
        let before = try await store.facts()
        // What fails after the last result (an answer that is kept) is no failure of the build.
        if ended.status != 0 || Set(before.finished.keys.map(\.node)) != workshop.nodes {
          #expect(ended.status == 75, "\(comment): \(ended.transcript)")
          if event == .full { Self.expectHelp(ended, comment) }
        }
        try await store.expectCleanOutputs(workshop, comment)
        let after = try await store.facts()
        for (action, time) in before.finished {
          #expect(after.finished[action] == time, "\(comment): \(action.node) was finished, and ran again")
        }
      }
    }

    /// Sizes, and a command that makes room.
    static func expectHelp(_ ended: Program.Ended, _ comment: String) {
      let text = ended.output + ended.errors
      #expect(
        text.contains(/[0-9.]+ (B|KiB|MiB|GiB) free of [0-9.]+ (B|KiB|MiB|GiB)/),
        "\(comment): no sizes in \(ended.transcript)")
      #expect(text.contains("graph clean"), "\(comment): no command in \(ended.transcript)")
    }
  }
}
