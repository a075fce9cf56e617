import FoundationEssentials
import Glibc
import Testing

/// A change of the example in which everything is built, and exactly what it makes 'graph build' run.
struct Edit: Sendable, CustomTestStringConvertible {
  let name: String
  let change: @Sendable (World) async throws -> Void
  /// The nodes without their architecture: each runs for both.
  let runs: Set<String>

  init(_ name: String, runs: Set<String> = [], _ change: @escaping @Sendable (World) async throws -> Void) {
    (self.name, self.change, self.runs) = (name, change, runs)
  }

  var testDescription: String { name }
}

let edits: [Edit] = [
  Edit(
    "the page that httpd copies",
    runs: [
      "//app/httpd@2.4 6 COPY", "//app/httpd@2.4 6 pack",
      "//app/httpd@2.4 image", "//app/httpd@2.4 index",
      // Both see the root below them. They leave what they left before, so nothing packs it again.
      "//app/docs@latest 4 COPY",
      "//app/docs@latest 5 RUN",
      "//app/docs@latest image", "//app/docs@latest index",
      // It copies the page from httpd.
      "//app/smoke@latest 4 COPY", "//app/smoke@latest 4 pack",
      "//app/smoke@latest image", "//app/smoke@latest index",
    ]
  ) { try $0.edit("images/httpd/index.html", "<", "<!-- changed --><") },
  Edit("a comment in a Dockerfile") {
    try $0.edit("images/httpd/Dockerfile", "RUN dnf", "# A comment.\nRUN dnf")
  },
  Edit(
    "a label of an image",
    runs: [
      "//app/report@latest 2 settings",
      "//app/report@latest 3 settings",
      "//app/report@latest 5 settings",
      "//app/report@latest 6 settings",
      "//app/report@latest 7 settings",
      "//app/report@latest 8 settings", "//app/report@latest image",
      "//app/report@latest index",
    ]
  ) { try $0.edit("images/report/Dockerfile", "LABEL name=\"report\"", "LABEL name=\"figures\"") },
  Edit("a comment in graph.d") { try $0.edit("graph.d/system.yml", "bases:", "# A comment.\nbases:") },
  Edit("a comment in the index") { try $0.edit("index.d/app.yml", "Projects:", "# A comment.\nProjects:") },
  Edit("another time of files that did not change") { world in
    try await Program(["find", world.workspace, "-exec", "touch", "-d", "2031-02-03", "{}", "+"]).check()
  },
  Edit("the same text, written anew") { world in
    try world.write(try world.read("images/httpd/index.html"), to: "images/httpd/index.html")
  },
  Edit("a new file that no COPY names") { try $0.write("nobody reads this", to: "images/httpd/notes.txt") },
  Edit(
    "the data that an image copies last",
    runs: [
      "//app/report@latest 4 COPY", "//app/report@latest 4 pack",
      "//app/report@latest image", "//app/report@latest index",
    ]
  ) { try $0.write(try $0.read("images/report/sales.csv") + "south,1,1\n", to: "images/report/sales.csv") },
]

extension EndToEnd {
  @Suite("what an edit makes run")
  struct Edits {
    @Test(
      "I3, I4: an edit runs exactly what it invalidates, and nothing the plan did not list", arguments: edits)
    func runsExactly(edit: Edit) async throws {
      let world = try await World.warm()
      try await edit.change(world)
      let planned = try await world.planned()
      let ran = try await world.build()
      #expect(Set(ran.map(withoutArchitecture)) == edit.runs)
      #expect(ran.isSubset(of: planned), "not planned: \(ran.subtracting(planned).sorted())")
      #expect(try await world.build() == [], "nothing is left to do")
      #expect(try await world.planned() == [])
    }

    @Test("early cutoff: a comment in the conversion of packages converts all of them, and stops there")
    func conversionComment() async throws {
      let world = try await World.warm()
      try world.edit("tools/deb-to-rpm", "set -euo pipefail", "# A comment.\nset -euo pipefail")
      let planned = try await world.planned()
      let ran = try await world.build()
      #expect(ran.count == 124, "62 packages for two architectures")
      #expect(ran.allSatisfy { $0.hasPrefix("//rpm/") && $0.hasSuffix(" command") })
      #expect(ran.isSubset(of: planned))
    }

    @Test(
      "a package added to the base image installs it anew, and what stands on it follows; no RPM is made again"
    )
    func packageList() async throws {
      let world = try await World.warm()
      let before = try await world.digest(of: "//base/core:x86_64")
      try world.edit("graph.d/system.yml", "libc-bin, sed]", "libc-bin, sed, zlib1g]")
      let planned = try await world.planned("//app/httpd:x86_64")
      let ran = try await world.build("//app/httpd:x86_64")
      #expect(ran.isSubset(of: planned), "not planned: \(ran.subtracting(planned).sorted())")
      #expect(ran.contains("//base/core:x86_64 install"))
      #expect(ran.contains("//app/httpd@2.4:x86_64 image"))
      #expect(ran.filter { $0.hasPrefix("//rpm/") || $0.hasPrefix("//repo/") } == [])
      #expect(try await world.digest(of: "//base/core:x86_64") != before)
    }

    @Test("two edits within one second, of the same size, are both seen")
    func quickEdits() async throws {
      let world = try await World.warm()
      var digests: Set<String> = []
      for letter in ["A", "B", "C", "D"] {
        try world.write("<p>\(letter)</p>\n", to: "images/httpd/index.html")
        try await world.build("//app/httpd:x86_64")
        digests.insert(try await world.digest(of: "//app/httpd:x86_64"))
      }
      #expect(digests.count == 4)
      try world.write("<p>B</p>\n", to: "images/httpd/index.html")
      #expect(try await world.build("//app/httpd:x86_64") == [], "what was built before is still there")
    }

    private func withoutArchitecture(_ node: String) -> String {
      node.replacing(":x86_64", with: "", maxReplacements: 1).replacing(
        ":aarch64", with: "", maxReplacements: 1)
    }
  }

  @Suite("plan")
  struct Plans {
    @Test("plan writes nothing but its own answer, neither with a store nor without one")
    func writesNothing() async throws {
      let warm = try await World.warm()
      try warm.edit("images/httpd/index.html", "<", "<!-- changed --><")
      try await warm.graph("plan").check()
      let before = try await listing(warm.scratch)
      try await warm.graph("plan").check()
      try await warm.graph("plan", "--json", "//app/...").check()
      #expect(try await listing(warm.scratch) == before)

      let fresh = try await World.fresh()
      let bare = try await listing(fresh.scratch)
      let plan = try await fresh.graph("plan", "//app/httpd:aarch64").check()
      #expect(plan.contains("//app/httpd"))
      #expect(try await listing(fresh.scratch) == bare)
    }

    @Test("plan --exit-code says whether there is work")
    func exitCode() async throws {
      let world = try await World.warm()
      #expect(try await world.graph("plan", "--exit-code").run().status == 0)
      try world.edit("images/httpd/index.html", "<", "<!-- changed --><")
      #expect(try await world.graph("plan", "--exit-code").run().status == 2)
      #expect(try await world.graph("plan", "--exit-code", "//app/report").run().status == 0)
    }

    /// Every file and folder with its inode, size, owner, mode and time. The memory that readers of
    /// SQLite share (`-shm`), remembered answers and kept graphs are no content and not compared.
    private func listing(_ folder: String) async throws -> String {
      try await Program([
        "find", folder, "(", "-name", "answers", "-o", "-name", "graphs", ")", "-prune", "-o", "!", "-name",
        "*-shm", "-printf",
        "%P %i %s %U:%G %m %T@\\n",
      ]).check().split(separator: "\n").sorted().joined(separator: "\n")
    }
  }
}
