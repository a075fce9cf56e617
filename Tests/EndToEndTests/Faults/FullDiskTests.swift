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
        text.contains(/[0-9]+ of [0-9]+ MiB are free/), "\(comment): no sizes in \(ended.transcript)")
      #expect(text.contains("graph gc"), "\(comment): no command in \(ended.transcript)")
    }
  }
}

extension Faults.FullDisks {
  /// A small file system, mounted for one test.
  final class SmallDisk: Sendable {
    enum Kind: String, CaseIterable { case memory = "tmpfs", ext4 }

    let path: String
    /// A folder that is not on it.
    var beside: String { folder.path }
    private let folder: TemporaryFolder
    private let kind: Kind

    /// - Parameter kibibytes: how much it holds.
    init(_ kind: Kind, kibibytes: Int) async throws {
      self.kind = kind
      folder = try TemporaryFolder()
      path = folder.path + "/disk"
      mkdir(path, 0o755)
      switch kind {
      case .memory:
        try await Program(["mount", "-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", path]).check()
      case .ext4:
        let image = folder.path + "/image"
        try await Program(["truncate", "-s", "64M", image]).check()
        try await Program(["mkfs.ext4", "-q", "-m", "0", "-N", "20000", image]).check()
        try await Program(["mount", "-o", "loop", image, path]).check()
        // Whatever a file system has for itself, so much is left.
        try await Program([
          "sh", "-c",
          """
          free=$(($(stat -f -c '%a * %S' "$1") / 1024)); fallocate -l $((free - $2))K "$1/ballast"
          """, "sh", path, "\(kibibytes)",
        ]).check()
      }
    }

    /// Makes it as large as anybody could want.
    func grow() async throws {
      switch kind {
      case .memory: try await Program(["mount", "-o", "remount,size=256m", path]).check()
      case .ext4: try await Program(["rm", path + "/ballast"]).check()
      }
    }

    func unmount() async throws { try await Program(["umount", path]).check() }

    /// Whether such disks can be made here.
    static let isPossible = geteuid() == 0 && access("/dev/loop-control", F_OK) == 0
  }

  @Test(
    "a small disk that is full before, in the middle or at the end of a build: the same, also where the sandbox is what fills it",
    .enabled(if: SmallDisk.isPossible, "skipped: only root can mount a small disk"),
    arguments: SmallDisk.Kind.allCases)
  func smallDisk(kind: SmallDisk.Kind) async throws {
    let workshop = try await Workshop.with(.withRuns)
    var random = Seeded(52)
    // What a whole build takes is about 15 MiB.
    for share in [0.001, 0.1, 0.3, 0.5, 0.7, 0.9] {
      let size = Int(15_000 * share * Double.random(in: 0.8...1.2, using: &random))
      let disk = try await SmallDisk(kind, kibibytes: size)
      let store = StoreFolder(disk.path + "/store", of: workshop.world, beside: disk.beside)
      let comment = "seed \(Seeded.seed), \(kind.rawValue) with \(size) KiB"
      let ended = try await store.graph("build", "--no-disk-check").run()
      #expect(ended.status == 75, "\(comment): \(ended.transcript)")
      Self.expectHelp(ended, comment)
      // Reading needs no room.
      let plan = try await store.graph("plan").run()
      #expect(plan.status == 0, "\(comment): \(plan.transcript)")
      let before = try await store.facts()
      try await disk.grow()
      try await store.expectCleanOutputs(workshop, comment)
      let after = try await store.facts()
      for (action, time) in before.finished {
        #expect(after.finished[action] == time, "\(comment): \(action.node) was finished, and ran again")
      }
      try await disk.unmount()
    }
  }
}
