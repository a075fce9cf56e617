import FoundationEssentials
import Glibc
import Testing

extension Faults {
  @Suite("flipped bits")
  struct BitFlips {
    /// How SQLite has left the store's databases.
    enum Databases: String, CaseIterable {
      case inLog = "all rows are in the logs of the databases"
      case home = "all rows are in the databases themselves"
    }

    @Test(
      "I5: a flipped bit in any file of a store is found and mended, and no output is wrong for it",
      arguments: Databases.allCases)
    func anywhere(databases: Databases) async throws {
      let workshop = try await Workshop.with(.plain)
      let edited = try await Workshop.with(.edited)
      let whole = try workshop.fresh()
      try await whole.graph("build").check()
      // Answers that are kept, of both kinds.
      for words in [["build"], ["build"], ["plan"]] { try await whole.graph(words).check() }
      if databases == .home {
        for name in ["graph.db", "blobs.db"] {
          try await Program(["sqlite3", "\(whole.path)/\(name)", "PRAGMA wal_checkpoint(TRUNCATE)"]).check()
        }
      }
      var random = Seeded(databases == .home ? 11 : 12)
      var kinds = try Self.kinds(of: whole.path)
      // To look at one kind for long.
      if let only = ProcessInfo.processInfo.environment["FAULT_KIND"] {
        kinds = kinds.filter { $0.key.hasPrefix(only) }
      }
      var flips = 0
      for _ in 0..<Faults.scaled(4) {
        for (_, files) in kinds.sorted(by: { $0.key < $1.key }) {
          guard let file = files.randomElement(using: &random) else { continue }
          try await Self.check(
            Flip(in: file, of: whole.path, &random), in: whole,
            workshop: random.chance(0.5) ? workshop : edited,
            reading: random.chance(0.5) ? ["plan", "why", "log", "ls"].randomElement(using: &random) : nil)
          flips += 1
        }
      }
      print("faults: \(flips) flipped bits, seed \(Seeded.seed); kinds of files: \(kinds.keys.sorted())")
    }

    /// One bit of one file.
    struct Flip: CustomStringConvertible {
      /// Relative to the store.
      let file: String
      let offset: Int
      let bit: UInt8

      init(in file: String, of store: String, _ random: inout Seeded) throws {
        var status = stat()
        try #require(stat("\(store)/\(file)", &status) == 0)
        self.file = file
        bit = UInt8.random(in: 0...7, using: &random)
        let offset = Int.random(in: 0..<Int(status.st_size), using: &random)
        // Pages of databases begin with what leads to the rest; much else in a young database is empty.
        self.offset =
          file.contains(".db") && random.chance(0.5)
          ? min(offset / 4096 * 4096 + offset % 120, Int(status.st_size) - 1) : offset
      }

      func apply(to store: String) throws {
        let descriptor = open("\(store)/\(file)", O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0, "\(file)")
        defer { close(descriptor) }
        var byte: UInt8 = 0
        try #require(pread(descriptor, &byte, 1, offset) == 1)
        byte ^= 1 << bit
        try #require(pwrite(descriptor, &byte, 1, offset) == 1)
      }

      var description: String { "bit \(bit) of byte \(offset) of \(file)" }
    }

    /// The files of a store that hold anything, by what they are: everything in it, whatever is added one day.
    private static func kinds(of store: String) throws -> [String: [String]] {
      var kinds: [String: [String]] = [:]
      func walk(_ folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(store)/\(folder)").sorted() {
          let path = folder.isEmpty ? name : "\(folder)/\(name)"
          var status = stat()
          guard lstat("\(store)/\(path)", &status) == 0 else { continue }
          if status.st_mode & S_IFMT == S_IFDIR { try walk(path) }
          guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { continue }
          let parts = path.split(separator: "/")
          kinds[parts[0] == "checkouts" ? parts[0...1].joined(separator: "/") : "\(parts[0])", default: []]
            .append(path)
        }
      }
      try walk("")
      return kinds
    }

    private static func check(
      _ flip: Flip, in whole: StoreFolder, workshop: Workshop, reading: String?
    ) async throws {
      let store = try workshop.fresh()
      try await Program(["cp", "-a", whole.path, store.path]).check()
      try flip.apply(to: store.path)
      let comment = "seed \(Seeded.seed), \(flip), \(workshop.kind)"
      if let reading {
        let ended = try await store.graph(reading == "why" ? ["why", Workshop.all] : [reading]).run()
        #expect(ended.status == 0 || ended.status == 75, "\(comment): \(ended.transcript)")
      }
      if flip.file == "VERSION" {
        // Nobody knows any more what this store is: it says so.
        let ended = try await store.graph("build").run()
        #expect(
          ended.status == 75 && ended.errors.contains("hint: use another folder, or remove"),
          "\(ended.transcript)")
        return
      }
      try await store.expectCleanOutputs(workshop, comment)
      // What was found is mended for good.
      let again = try await store.graph("build").run()
      #expect(
        again.status == 0 && !again.errors.contains("restarted"),
        "\(comment), afterwards: \(again.transcript)")
    }
  }
}
