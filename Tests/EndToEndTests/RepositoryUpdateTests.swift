import FoundationEssentials
import Testing

extension EndToEnd {
  /// What `snapshot refresh` and `plan` say when a repository has moved, and that a build does just that.
  @Suite("what a moved repository means, before anything is built")
  struct RepositoryUpdates {
    /// Two images on one base; the packages are `app`, which requires `lib`, for the base, `new` for one image, and
    /// `other`, which requires `deep`, for the other.
    private static func world() async throws -> (World, repository: String) {
      let (world, repository) = try await SmallPackages.world(
        images: ["site": "RUN dnf install -y new", "shop": "RUN dnf install -y other"],
        "app|1|Requires: lib", "lib|1|", "new|1|", "other|1|Requires: deep", "deep|1|")
      _ = try await world.build()
      return (world, repository)
    }

    private struct Document: Decodable {
      struct Node: Decodable {
        let name: String
        let decision: String
        let stays: Bool
      }
      struct Lock: Decodable {
        struct Package: Decodable, Equatable {
          let name: String
          let old: String?
          let new: String?
        }
        let label: String
        let packages: [Package]
        let reaches: [String]
      }
      let nodes: [Node]
      let packages: [Lock]
    }

    private static func plan(_ world: World) async throws -> Document {
      let text = try await world.graph("plan", "--json").check()
      return try JSONDecoder().decode(Document.self, from: Data(text.utf8))
    }

    @Test("an update reaches the image that has the package and no other; the plan is what the build does")
    func update() async throws {
      let (world, repository) = try await Self.world()
      try await SmallPackages.publish(repository, "deep|2|", "unused|1|")
      // Without a new snapshot kept, what moved is fetched for the plan alone.
      #expect(try await world.graph("plan", "--refresh").check().contains("deep.noarch 1-1 -> 2-1"))
      let refreshed = try await world.graph("snapshot", "refresh").run()
      #expect(
        refreshed.errors.contains(
          "//repo/up:x86_64: 2 packages moved\n  +deep.noarch 2-1\n  +unused.noarch 1-1\n"),
        "\(refreshed.transcript)")
      let plan = try await Self.plan(world)
      #expect(plan.packages.map(\.label) == ["//web/shop@1:x86_64"])
      #expect(plan.packages.first?.packages == [.init(name: "deep", old: "1-1", new: "2-1")])
      let work = Set(plan.nodes.filter { $0.decision != "cached" }.map(\.name))
      #expect(!work.contains { $0.hasPrefix("//web/site@1") && !$0.hasSuffix("lock") })
      #expect(
        Set(plan.nodes.filter(\.stays).map(\.name)) == [
          "//base/min:x86_64 lock", "//web/site@1:x86_64 2 lock",
        ])
      let text = try await world.graph("plan").check()
      #expect(text.contains("packages that move\n  deep.noarch 1-1 -> 2-1\n    in //web/shop@1:x86_64\n"))
      #expect(text.contains("2 nodes of those that run only confirm what is there"))
      #expect(try await world.build() == work)
    }

    @Test("what a base gets reaches the images on it; the same version with other bytes is a move")
    func base() async throws {
      let (world, repository) = try await Self.world()
      try await Program(["rm", repository + "/noarch/lib-1-1.noarch.rpm"]).check()
      try await SmallPackages.publish(repository, "lib|1|")
      let refreshed = try await world.graph("snapshot", "refresh").run()
      #expect(refreshed.errors.contains("lib.noarch 1-1 rebuilt"), "\(refreshed.transcript)")
      let plan = try await Self.plan(world)
      #expect(plan.packages.map(\.label) == ["//base/min:x86_64"])
      #expect(plan.packages.first?.packages == [.init(name: "lib", old: "1-1", new: "1-1")])
      #expect(
        plan.packages.first?.reaches == ["//base/min:x86_64", "//web/shop@1:x86_64", "//web/site@1:x86_64"])
      let work = Set(plan.nodes.filter { $0.decision != "cached" }.map(\.name))
      #expect(try await world.build() == work)
    }

    @Test("a package that is gone is said before anything runs")
    func gone() async throws {
      let (world, repository) = try await Self.world()
      try await Program(["rm", repository + "/noarch/new-1-1.noarch.rpm"]).check()
      try await SmallPackages.publish(repository, "unused|1|")
      _ = try await world.graph("snapshot", "refresh").check()
      let files = Program(["find", world.store + "/blobs", world.store + "/metadata", "-type", "f"])
      let before = try await files.check()
      let text = try await world.graph("plan").check()
      #expect(text.contains("will fail\n  //web/site@1:x86_64 2 lock") && text.contains("no package 'new'"))
      #expect(try await files.check() == before)
      #expect(try await world.graph("build", "//web/site:x86_64").run().status == 1)
    }

    @Test("where nothing of ours moved, locks are made again and nothing else is")
    func unrelated() async throws {
      let (world, repository) = try await Self.world()
      try await SmallPackages.publish(repository, "unused|1|")
      _ = try await world.graph("snapshot", "refresh").check()
      let plan = try await Self.plan(world)
      #expect(plan.packages.isEmpty)
      let work = Set(plan.nodes.filter { $0.decision != "cached" }.map(\.name))
      #expect(
        work == Set(plan.nodes.filter(\.stays).map(\.name)).union(work.filter { $0.hasPrefix("//repo/up") }))
      let ran = try await world.build()
      #expect(ran == work, "\(ran.symmetricDifference(work))")
    }
    @Test("what would be if a package were published is said before it is")
    func assumed() async throws {
      let (world, _) = try await Self.world()
      let text = try await world.graph("plan", "--if", "deep=3-1").check()
      #expect(text.contains("packages that move\n  deep.noarch 1-1 -> 3-1\n    in //web/shop@1:x86_64\n"))
      #expect(
        try await world.graph("plan", "--if", "lib", "--if", "new").check().contains(
          "lib.noarch 1-1 -> 1-1.next"))
      // It was a question: nothing of it stays.
      #expect(try await world.graph("plan").check().contains("nothing to do"))
      let unknown = try await world.graph("plan", "--if", "nonesuch").run()
      #expect(
        unknown.status == 64
          && unknown.errors.contains("no repository that is used here has an older 'nonesuch'"))
      #expect(try await world.graph("plan", "--if", "a=").run().status == 64)
    }

    @Test("the images that contain a package, with its version")
    func query() async throws {
      let (world, _) = try await Self.world()
      #expect(
        try await world.graph("query", "rpm(lib)").check() == """
          //base/min:x86_64    lib-1-1.noarch
          //web/shop@1:x86_64  lib-1-1.noarch
          //web/site@1:x86_64  lib-1-1.noarch
          """)
      #expect(
        try await world.graph("query", "rpm(*e*, //web/...)").check() == """
          //web/shop@1:x86_64  deep-1-1.noarch,other-1-1.noarch
          //web/site@1:x86_64  new-1-1.noarch
          """)
      #expect(try await world.graph("query", "rpm(nothing)").check() == "")
      // What was never solved is not known, and said.
      try world.edit("site/Dockerfile", "new", "new app")
      let partly = try await world.graph("query", "rpm(new)").run()
      #expect(partly.output.isEmpty && partly.errors.contains("1 image has no lock"), "\(partly.transcript)")
    }

    @Test("an advisory: who is affected by which way, who has the fix, and that a build mends it")
    func escalate() async throws {
      let (world, repository) = try await Self.world()
      try await SmallPackages.publish(repository, "lib|2|")
      try world.write(
        """
        <updates><update from="a" status="final" type="security" version="1"><id>EX-2026:1</id><title>lib update</title>
        <severity>Important</severity><references><reference type="cve" id="CVE-2026-0001" title="x"/></references>
        <pkglist><collection short="x"><package name="lib" version="2" release="1" epoch="0" arch="noarch" src="s"/>
        </collection></pkglist></update></updates>

        """, to: "updateinfo.xml")
      try await Program(["modifyrepo_c", world.workspace + "/updateinfo.xml", repository + "/repodata"])
        .check()
      try await Program(["rm", world.workspace + "/updateinfo.xml"]).check()
      // Nothing is known of it before the repository is looked at; with --build that is done at once.
      #expect(try await world.graph("escalate", "CVE-2026-0001").run().status == 64)
      _ = try await world.graph("snapshot", "refresh").check()
      let text = try await world.graph("escalate", "CVE-2026-0001").check()
      #expect(text.hasPrefix("EX-2026:1 (security, Important): lib update\n  CVE-2026-0001\n"), "\(text)")
      #expect(text.contains("batch 1\n  //base/min:x86_64  lib-1-1.noarch  fixed in 2-1  directly\n"))
      #expect(text.contains("//web/shop@1:x86_64  lib-1-1.noarch  fixed in 2-1  by //base/min:x86_64\n"))
      #expect(text.hasSuffix("3 images are affected"))
      let built = try await world.graph("escalate", "EX-2026:1", "--build", "--refresh").run()
      #expect(
        built.status == 0 && built.errors.contains("3 images built; none contains an older version any more"),
        "\(built.transcript)")
      let after = try await world.graph("escalate", "CVE-2026-0001").check()
      #expect(after.hasSuffix("no image is affected, 3 have the fix already"), "\(after)")
      let unknown = try await world.graph("escalate", "CVE-2026-0002").run()
      #expect(
        unknown.status == 64 && unknown.errors.contains("did you mean 'CVE-2026-0001'?"),
        "\(unknown.transcript)")
    }
  }
}
