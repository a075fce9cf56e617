import FoundationEssentials
import Randomness
import Testing

extension EndToEnd {
  /// One workspace, written several times, with everything that has no order in another order.
  @Suite("what has no order")
  struct Order {
    private static let namespaces = ["app", "data", "library"]

    /// Files, each after those before it; a disk in memory lists a folder by when its entries were made.
    private static func files(_ random: inout SplitMix) -> [(path: String, text: String)] {
      var images: [(path: String, text: String)] = []
      var entries: [String: [String]] = [:]
      for (place, namespace) in namespaces.enumerated() {
        for image in 0..<4 {
          let folder = "images/\(namespace)\(image)"
          let base =
            image == 0 ? (namespace == "library" ? "scratch" : "library/image0:1") : "\(namespace)/image0:1"
          images.append(("\(folder)/cccp.yml", "job-id: image\(image)\n"))
          images.append(
            (
              "\(folder)/Dockerfile",
              "FROM \(base)\nCOPY tree /tree-\(namespace)\(image)\nADD one.txt two.txt /many/\n"
                + "COPY *.txt /all/\nENV B=\(image) A=2\nLABEL z=1 y=\(image) x=3\n"
            ))
          for name in ["one", "two", "three"] {
            images.append(("\(folder)/\(name).txt", "\(name) of \(folder)\n"))
            images.append(("\(folder)/tree/\(name)/file", "\(name)\n"))
            images.append(("\(folder)/tree/deep/\(name)", "\(name) below\n"))
          }
          let keys = [
            "id: \(place * 10 + image + 1)", "app-id: \(namespace)", "job-id: image\(image)",
            "git-url: \(folder)", "git-path: /", "target-file: Dockerfile", "desired-tag: 1",
            "notify-email: release@example.org",
            "depends-on: \(base == "scratch" ? "null" : base)",
          ]
          entries[namespace, default: []].append(
            "  - {\(keys.shuffled(using: &random).joined(separator: ", "))}\n")
        }
      }
      for namespace in namespaces {
        let text = entries[namespace, default: []].shuffled(using: &random).joined()
        images.append(("index.d/\(namespace).yml", "Projects:\n" + text))
      }
      let settings = ["name: order\n", "arches: [x86_64, aarch64]\n"].shuffled(using: &random).joined()
      images.append(("graph.yml", settings))
      return images.shuffled(using: &random)
    }

    private static func world(seed: UInt64) throws -> World {
      var random = SplitMix(seed: seed)
      let world = try World(files: [:], in: "/dev/shm")
      for file in files(&random) { try world.write(file.text, to: file.path) }
      return world
    }

    @Test(
      "manifests, their entries and keys, folders' entries and the seeds of hashes in any order: the same graph, the same keys, nothing to run again"
    )
    func anyOrder() async throws {
      let first = try Self.world(seed: 1)
      // As they stand in the file, and what depends on nothing but them.
      let questions = [
        ["ls"], ["query", "deps(//...)"], ["query", "--nodes", "deps(//...)"], ["inputs", "//..."],
      ]
      var answers: [String] = []
      for question in questions { answers.append(try await first.graph(question).check()) }
      let built = try await first.graph("build").run()
      #expect(built.status == 0, "\(built.transcript)")
      let results = try await Self.results(first)
      #expect(results.split(separator: "\n").count > 50)
      for seed in 2...6 as ClosedRange<UInt64> {
        let other = try Self.world(seed: seed)
        for (question, answer) in zip(questions, answers) {
          #expect(try await other.graph(question).check() == answer, "seed \(seed): \(question)")
        }
        // Its own store: the same keys and the same digests.
        let alone = try await other.graph("build").run()
        #expect(alone.status == 0, "\(alone.transcript)")
        #expect(try await Self.results(other) == results, "seed \(seed)")
        // The first's: nothing to do.
        let shared = try await other.graph(["build"], store: first.store).run()
        #expect(shared.status == 0 && shared.output.contains("\n0 ran, "), "\(shared.transcript)")
      }
    }

    /// Of each action that ran: what identifies it, and what it left.
    private static func results(_ world: World) async throws -> String {
      try await Program([
        "sqlite3", "\(world.store)/graph.db", "SELECT hex(key), outputs FROM actions ORDER BY key",
      ]).check()
    }
  }
}
