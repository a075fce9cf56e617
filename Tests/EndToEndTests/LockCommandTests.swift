import FoundationEssentials
import Testing

extension EndToEnd {
  /// What `graph lock` says, and what it runs for that.
  @Suite("locks as people read them")
  struct LockCommands {
    private static func world() async throws -> World {
      try await SmallPackages.world(
        images: ["site": "RUN dnf install -y old && dnf install -y new"],
        "app|1|Requires: lib >= 1", "lib|1|Epoch: 2", "old|1|", "new|1|Obsoletes: old", "other|1|"
      ).0
    }

    @Test("each package with version, repository, checksum and the request or requirement that drew it in")
    func text() async throws {
      let world = try await Self.world()
      let lines = try await world.graph("lock", "//base/min:x86_64").check().split(separator: "\n").map(
        String.init)
      let words = lines.map { $0.split(separator: " ").map(String.init) }
      #expect(lines.first == "//base/min:x86_64 (2 packages)")
      #expect(
        words[1].prefix(3) == ["app", "1-1.noarch", "//repo/up"]
          && words[1].suffix(3) == ["asked", "for:", "app"])
      #expect(words[2].prefix(3) == ["lib", "2:1-1.noarch", "//repo/up"])
      #expect(words[2].suffix(5) == ["app", "requires", "lib", ">=", "1"])
      // Nothing was installed for it, and no package fetched.
      #expect(
        try await world.ran() == [
          "//base/min:x86_64 lock", "//repo/up:x86_64 fetch filelists",
          "//repo/up:x86_64 fetch primary", "//repo/up:x86_64 repodata",
        ])

      let whole = try await world.graph("lock", "--verbose", "//base/min:x86_64").check()
      let sum = try await Program([
        "sh", "-c", "sha256sum \"$1\"/noarch/lib-1-1.noarch.rpm", "sh",
        world.scratch + "/repository",
      ]).check().prefix(64)
      #expect(whole.contains(sum) && whole.contains("graph.d/a.yml:5:11"))
    }

    @Test("of an image: what its parents brought, too, and nothing that a later step took away")
    func image() async throws {
      let world = try await Self.world()
      let text = try await world.graph("lock", "--json", "//web/site:x86_64").check()
      let document = try JSONDecoder().decode(Document.self, from: Data(text.utf8))
      #expect(document.locks.map(\.label) == ["//web/site@1:x86_64"])
      let packages = document.locks[0].packages
      #expect(packages.map(\.name) == ["app", "lib", "new"])
      #expect(packages.map(\.epoch) == [0, 2, 0])
      #expect(packages.map(\.requested) == [true, false, true])
      #expect(
        packages.map(\.node) == [
          "//base/min:x86_64 lock", "//base/min:x86_64 lock", "//web/site@1:x86_64 2.1 lock",
        ])
      #expect(packages[2].place == "site/Dockerfile:2:1")
    }

    @Test("what is no image, and what cannot be solved, is said")
    func wrong() async throws {
      let world = try await Self.world()
      let repository = try await world.graph("lock", "//repo/up:x86_64").run()
      #expect(repository.status == 64 && repository.errors.contains("is no image and no base"))
      #expect(try await world.graph("lock").run().status == 64)
      try world.edit("graph.d/a.yml", "[app]", "[app, nothing]")
      let unsolvable = try await world.graph("lock", "//base/min:x86_64").run()
      #expect(unsolvable.status == 1 && unsolvable.errors.contains("nothing"), "\(unsolvable.transcript)")
    }

    private struct Document: Decodable {
      struct Lock: Decodable {
        struct Package: Decodable {
          let name: String
          let epoch: Int
          let requested: Bool
          let node: String
          let place: String
        }
        let label: String
        let packages: [Package]
      }
      let locks: [Lock]
    }
  }
}
