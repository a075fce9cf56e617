import GraphCore
import Testing

@testable import Rules

/// Small, but with one of every kind of dependency.
private let packages: [RpmRepositoryFixture.Package] = [
  .init(name: "base", arch: "x86_64", files: ["/etc/base.conf"]),
  .init(name: "base", arch: "aarch64", files: ["/etc/base.conf"]),
  .init(
    name: "libfoo", version: "1.0", arch: "x86_64",
    tags: ["Provides: libfoo.so.1()(64bit)", "Requires: base"]),
  .init(
    name: "libfoo", version: "1.10", arch: "x86_64",
    tags: ["Provides: libfoo.so.1()(64bit)", "Requires: base"]),
  .init(
    name: "libfoo", version: "1.9", arch: "aarch64",
    tags: ["Provides: libfoo.so.1()(64bit)", "Requires: base"]),
  .init(name: "libfoo", version: "1.10", arch: "i686", tags: ["Provides: libfoo.so.1"]),
  .init(name: "libbar", arch: "x86_64", tags: ["Requires: libfoo.so.1()(64bit)"]),
  .init(name: "libbar", arch: "aarch64", tags: ["Requires: libfoo.so.1()(64bit)"]),
  .init(name: "ldtool", files: ["/usr/sbin/ldtool", "/usr/share/ldtool/data.txt"]),
  .init(
    name: "httpd", version: "2.4", arch: "x86_64",
    tags: ["Requires: libbar, /usr/sbin/ldtool, config(httpd)", "Recommends: docs", "Provides: webserver"],
    files: ["/usr/sbin/httpd"]),
  .init(
    name: "httpd", version: "2.4", arch: "aarch64",
    tags: ["Requires: libbar, /usr/sbin/ldtool, config(httpd)", "Recommends: docs", "Provides: webserver"],
    files: ["/usr/sbin/httpd"]),
  .init(name: "httpd-config", tags: ["Provides: config(httpd)"]),
  .init(name: "docs"),
  .init(name: "lang-pack", tags: ["Supplements: base"]),
  .init(name: "epochal", version: "1", epoch: 2),
  .init(name: "epochal", version: "9"),
  .init(name: "rich", tags: ["Requires: (docs if base)", "Requires: base"]),
  .init(name: "either", tags: ["Requires: (libbar or docs)"]),
  .init(name: "old-name", version: "1"),
  .init(name: "new-name", version: "2", tags: ["Obsoletes: old-name < 2", "Provides: old-name = 2"]),
  .init(name: "tool", version: "1"),
  .init(name: "tool", version: "2", tags: ["Requires: docs"]),
  .init(name: "needs-tool2", tags: ["Requires: tool >= 2"]),
  .init(name: "deep-file", tags: ["Requires: /usr/share/ldtool/data.txt"]),
  .init(name: "broken", tags: ["Requires: libmissing"]),
  .init(name: "needs-broken", tags: ["Requires: broken"]),
  .init(name: "fighter", tags: ["Conflicts: docs"]),
  .init(name: "only-x86", arch: "x86_64"),
  .init(name: "c++lib"),
  .init(name: "choosy", version: "1"),
  .init(name: "choosy", version: "2", tags: ["Requires: libmissing"]),
  .init(name: "needs-choosy", tags: ["Requires: choosy"]),
]

@Suite(.serialized) struct RpmSolverTests {
  static let shared = Result { try RpmRepositoryFixture(packages) }
  let fixture: RpmRepositoryFixture

  init() throws { fixture = try Self.shared.get() }

  static let requests: [[String]] = [
    ["httpd"], ["base"], ["libfoo"], ["libfoo.x86_64"], ["libfoo.aarch64"], ["libfoo.i686"], ["libfoo-1.0"],
    ["libfoo-1.10-1"], ["libfoo-1.9-1.aarch64"], ["libfoo-0:1.0-1.x86_64"], ["epochal"],
    ["epochal-2:1-1.noarch"],
    ["epochal-9"], ["epochal-1"], ["webserver"], ["libfoo.so.1()(64bit)"], ["libfoo.so.1"],
    ["/usr/sbin/httpd"],
    ["/usr/share/ldtool/data.txt"], ["/etc/base.conf"], ["lib*"], ["*name"], ["lib?oo"], ["old-name"],
    ["new-name"],
    ["rich"], ["either"], ["deep-file"], ["tool", "docs"], ["tool-1"], ["needs-tool2"], ["libfoo >= 1.5"],
    ["c++lib"], ["old-name-1"], ["tool < 2"], ["broken"], ["needs-broken"], ["fighter", "docs"], ["only-x86"],
    ["nonesuch"], ["httpd", "nonesuch"], ["libfoo-3"], ["fighter", "httpd"], ["/usr/sbin/*"], ["*"],
  ]

  @Test("the same set as dnf", arguments: requests, ["x86_64", "aarch64"])
  func sameAsDnf(_ requests: [String], _ arch: String) throws {
    try compare(requests, arch, weak: false, best: false)
  }

  @Test(
    "the same set as dnf where only the best version will do",
    arguments: [
      ["tool"], ["choosy"], ["choosy-1"], ["tool-1"], ["lib*"], ["needs-choosy"], ["epochal"],
      ["choosy", "tool"],
    ])
  func best(_ requests: [String]) throws {
    try compare(requests, "x86_64", weak: false, best: true)
    try compare(requests, "x86_64", weak: false, best: false)
  }

  @Test(
    "the same set as dnf with weak dependencies",
    arguments: [["httpd"], ["base"], ["rich"], ["fighter", "httpd"]])
  func weakDependencies(_ requests: [String]) throws {
    try compare(requests, "x86_64", weak: true, best: false)
  }

  private func compare(_ requests: [String], _ arch: String, weak: Bool, best: Bool) throws {
    let expected = try fixture.dnf(requests, arch: arch, weak: weak, best: best)
    do {
      let solution = try fixture.solver(arch).solve(
        install: requests, installed: [], weakDependencies: weak, best: best)
      #expect(solution.added.packages.map(\.nevra).sorted() == expected)
      #expect(solution.isOnlyAddition)
      for package in solution.added.packages { #expect(!package.requestedBy.isEmpty, "\(package.nevra)") }
    } catch SolverError.unsatisfiable(let error) {
      #expect(expected == nil, "dnf installs \(expected ?? []), we say: \(error)")
    }
  }

  @Test(
    "a problem is told in the reader's words",
    arguments: [
      (["htpd"], "no package 'htpd': did you mean 'httpd'? (requested: 'htpd')"),
      (["zzzzzzzz"], "no package 'zzzzzzzz' (requested: 'zzzzzzzz')"),
      (["only-x86"], "no package 'only-x86' for aarch64: it exists for x86_64 (requested: 'only-x86')"),
      (["broken"], "nothing provides libmissing needed by broken-1-1.noarch (requested: 'broken')"),
      (
        ["needs-broken"],
        "nothing provides libmissing needed by broken-1-1.noarch (requested: 'needs-broken')"
      ),
      (
        ["fighter", "docs"],
        "fighter-1-1.noarch conflicts with docs provided by docs-1-1.noarch (requested: 'fighter', 'docs')"
      ),
      (
        ["tool-1", "tool-2"],
        "tool-2-1.noarch and tool-1-1.noarch cannot both be installed (requested: 'tool-1', 'tool-2')"
      ),
      (["@core"], "no group 'core' in the repositories (requested: '@core')"),
      (
        ["htpd", "libfo"],
        "no package 'htpd': did you mean 'httpd'? (requested: 'htpd')\nno package 'libfo': did you mean 'libfoo'? (requested: 'libfo')"
      ),
    ])
  func problems(_ requests: [String], _ text: String) throws {
    do {
      _ = try fixture.solver("aarch64").solve(
        install: requests, installed: [], weakDependencies: false, best: false)
      Issue.record("solved")
    } catch let error as SolverError {
      #expect(error.description == text)
    }
  }

  @Test("without filelists only the files that primary lists are known")
  func filelists() throws {
    let solver = try fixture.solver("x86_64", filelists: false)
    #expect(
      try solver.solve(install: ["/usr/sbin/ldtool"], installed: [], weakDependencies: false, best: false)
        .added.packages.map(\.name) == ["ldtool"])
    let error = #expect(throws: SolverError.self) {
      try solver.solve(install: ["deep-file"], installed: [], weakDependencies: false, best: false)
    }
    #expect(
      error?.description
        == "nothing provides /usr/share/ldtool/data.txt needed by deep-file-1-1.noarch (requested: 'deep-file')"
    )
  }

  @Test("every package says what it is there for")
  func requestedBy() throws {
    let lock = try fixture.solver("x86_64").solve(
      install: ["httpd"], installed: [], weakDependencies: true, best: false
    )
    .added
    #expect(
      lock.packages.map { "\($0.name): \($0.requestedBy)" } == [
        "base: libfoo requires base", "docs: httpd recommends docs", "httpd: httpd",
        "httpd-config: httpd requires config(httpd)", "lang-pack: lang-pack supplements base",
        "ldtool: httpd requires /usr/sbin/ldtool", "libbar: httpd requires libbar",
        "libfoo: libbar requires libfoo.so.1()(64bit)",
      ])
    let httpd = try #require(lock.packages.first { $0.name == "httpd" })
    let bytes = try RpmRepositoryFixture.read("\(fixture.folder)/repo/\(httpd.location)")
    #expect(httpd.digest == Digest(of: bytes))
    #expect(httpd.buildTime == 1_700_000_000)
    #expect(httpd.repository == "test")
    #expect(try Lock(encoded: lock.encoded()) == lock)
  }

  @Test("what is installed is not asked for again")
  func installed() throws {
    let solver = try fixture.solver("x86_64")
    let below = try solver.solve(
      install: ["libbar", "ldtool"], installed: [], weakDependencies: false, best: false
    ).added
    let above = try solver.solve(
      install: ["httpd", "/usr/sbin/ldtool"], installed: below.packages, weakDependencies: false, best: false)
    #expect(above.added.packages.map(\.name) == ["httpd", "httpd-config"])
    #expect(above.isOnlyAddition)
    let again = try solver.solve(
      install: ["libbar"], installed: below.packages, weakDependencies: false, best: false)
    #expect(again.added.packages.isEmpty && again.isOnlyAddition)
    // What was installed for one solve is forgotten by the next.
    #expect(
      try solver.solve(install: ["ldtool"], installed: [], weakDependencies: false, best: false).added
        .packages.count == 1)
  }

  /// What is asked, how, and what comes in beside `tool-1`, which is installed.
  struct Change: Sendable, CustomStringConvertible {
    var command: String
    var requests: [String]
    var best: Bool
    var added: [String]
    var description: String { "\(command) \(requests) \(best)" }
  }

  static let changes = [
    Change(command: "install", requests: ["tool"], best: false, added: []),
    Change(
      command: "install", requests: ["tool"], best: true, added: ["docs-1-1.noarch", "tool-2-1.noarch"]),
    Change(command: "install", requests: ["tool-1"], best: true, added: []),
    Change(
      command: "install", requests: ["tool-2"], best: false, added: ["docs-1-1.noarch", "tool-2-1.noarch"]),
    Change(
      command: "install", requests: ["needs-tool2"], best: false,
      added: ["docs-1-1.noarch", "needs-tool2-1-1.noarch", "tool-2-1.noarch"]),
    Change(command: "install", requests: ["docs"], best: true, added: ["docs-1-1.noarch"]),
    Change(
      command: "upgrade", requests: ["tool"], best: false, added: ["docs-1-1.noarch", "tool-2-1.noarch"]),
    Change(command: "upgrade", requests: ["t*"], best: true, added: ["docs-1-1.noarch", "tool-2-1.noarch"]),
    Change(command: "upgrade", requests: [], best: false, added: ["docs-1-1.noarch", "tool-2-1.noarch"]),
  ]

  @Test("what is installed is replaced where dnf does, and the answer says so", arguments: changes)
  func replaced(_ change: Change) throws {
    let solver = try fixture.solver("x86_64")
    let old = try solver.solve(install: ["tool-1"], installed: [], weakDependencies: false, best: false).added
      .packages
    let solution =
      change.command == "upgrade"
      ? try solver.solve(Self.transaction(.upgrade, change.requests, best: change.best), installed: old)
      : try solver.solve(install: change.requests, installed: old, weakDependencies: false, best: change.best)
    #expect(solution.added.packages.map(\.nevra) == change.added)
    let isReplaced = change.added.contains("tool-2-1.noarch")
    #expect(solution.removed.map(\.package.nevra) == (isReplaced ? ["tool-1-1.noarch"] : []))
    #expect(solution.removed.map { $0.replacedBy?.nevra } == (isReplaced ? ["tool-2-1.noarch"] : []))
    #expect(solution.isOnlyAddition == !isReplaced)
    for package in solution.added.packages { #expect(!package.requestedBy.isEmpty, "\(package.nevra)") }
    // The same question to dnf, about a root in which the old version really is.
    let root = "root-\(change.command)-\(change.requests.count)-\(change.added.count)-\(change.best)"
    try fixture.install("noarch/tool-1-1.noarch.rpm", root: root)
    let expected = try fixture.dnf(
      change.requests, command: change.command, arch: "x86_64", best: change.best, root: root)
    #expect(change.added == expected)
  }

  static func transaction(
    _ verb: PackageTransaction.Verb, _ requests: [String], best: Bool
  ) -> PackageTransaction {
    var transaction = PackageTransaction(verb, requests)
    transaction.best = best
    transaction.weakDependencies = false
    return transaction
  }

  @Test("an update of what is not installed is a problem")
  func updateOfNothing() throws {
    let error = #expect(throws: SolverError.self) {
      try fixture.solver("x86_64").solve(Self.transaction(.upgrade, ["docs"], best: false), installed: [])
    }
    #expect(error?.description == "no package 'docs' is installed (requested: 'docs')")
  }

  @Test("an installed package that no repository has any more still counts")
  func vanished() throws {
    let vanished = LockedPackage(
      name: "vanished", epoch: 3, version: "1", release: "7", arch: "noarch", digest: Digest(ofText: "v"),
      location: "v.rpm", repository: "gone", buildTime: 1, requestedBy: "vanished")
    let solver = try fixture.solver("x86_64")
    let solution = try solver.solve(
      install: ["vanished", "docs"], installed: [vanished], weakDependencies: false, best: false)
    #expect(solution.added.packages.map(\.name) == ["docs"])
    #expect(solution.isOnlyAddition)
    let conflict = #expect(throws: SolverError.self) {
      try solver.solve(
        install: ["fighter"],
        installed: solver.solve(install: ["docs"], installed: [], weakDependencies: false, best: false).added
          .packages,
        weakDependencies: false, best: false)
    }
    #expect(
      conflict?.description.contains("fighter-1-1.noarch conflicts with docs provided by docs-1-1.noarch")
        == true)
  }

  @Test("the repository of the better priority wins over the newer version")
  func priority() throws {
    let architecture = try #require(Architecture("x86_64"))
    let other = try RpmRepositoryFixture([.init(name: "tool", version: "0.5")])
    let solver = PackageSolver(architecture: architecture)
    try solver.addRepository(name: "test", primary: fixture.primary, filelists: nil, priority: 99)
    try solver.addRepository(name: "pinned", primary: other.primary, filelists: nil, priority: 10)
    let lock = try solver.solve(install: ["tool"], installed: [], weakDependencies: false, best: false).added
    #expect(lock.packages.map { "\($0.repository) \($0.nevra)" } == ["pinned tool-0.5-1.noarch"])
  }

  @Test("many solves in a row and in fresh solvers give the same bytes and leave no memory behind")
  func repeated() throws {
    let solver = try fixture.solver("x86_64")
    let below = try solver.solve(install: ["libbar"], installed: [], weakDependencies: false, best: false)
      .added
    let first = try solver.solve(
      install: ["*server", "lib*"], installed: below.packages, weakDependencies: true, best: false)
    var before = 0
    for round in 0..<40 {
      #expect(
        try solver.solve(
          install: ["*server", "lib*"], installed: below.packages, weakDependencies: true, best: false)
          == first)
      #expect(
        try fixture.solver("x86_64").solve(
          install: ["libbar"], installed: [], weakDependencies: false, best: false
        ).added
          == below)
      if round == 10 { before = try Self.residentPages() }
    }
    #expect(try Self.residentPages() - before < 2000, "grew by more than 8 MB in 30 rounds")
  }

  private static func residentPages() throws -> Int {
    let text = String(decoding: try RpmRepositoryFixture.read("/proc/self/statm"), as: UTF8.self)
    return Int(text.split(separator: " ")[1]) ?? 0
  }

  @Test(
    "metadata that is none is refused and leaves the solver as it was",
    arguments: ["", "<", "not xml", "<metadata><package type=\"rpm\"><name>x"])
  func garbage(_ text: String) throws {
    let solver = try fixture.solver("x86_64")
    #expect(throws: SolverError.self) {
      try solver.addRepository(name: "bad", primary: Array(text.utf8), filelists: nil, priority: 99)
    }
    #expect(
      try solver.solve(install: ["docs"], installed: [], weakDependencies: false, best: false).added.packages
        .count == 1)
  }
}
