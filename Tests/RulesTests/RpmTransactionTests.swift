import GraphCore
import Manifests
import Synchronization
import Testing

@testable import Rules

/// Small packages with one of every relation that a change of what is installed depends on.
private let packages: [RpmRepositoryFixture.Package] = [
  .init(name: "lib", version: "1"), .init(name: "lib", version: "2"), .init(name: "lib", version: "3"),
  .init(name: "app", version: "1", tags: ["Requires: lib", "Recommends: docs"]),
  .init(name: "app", version: "2", tags: ["Requires: lib >= 2", "Recommends: docs, extra-docs"]),
  .init(name: "other", tags: ["Requires: lib"]), .init(name: "docs"), .init(name: "extra-docs"),
  .init(name: "plugin", tags: ["Requires: app"]), .init(name: "helper", tags: ["Requires: tiny"]),
  .init(name: "tiny"), .init(name: "supplement", tags: ["Supplements: app"]),
  .init(name: "old", version: "1", tags: ["Requires: tiny"]),
  .init(name: "new", version: "1", tags: ["Obsoletes: old < 2", "Provides: old = 2"]),
  .init(name: "needs-old", tags: ["Requires: old"]),
  .init(name: "split", version: "1"), .init(name: "split", version: "2", tags: ["Requires: tiny"]),
  .init(name: "split-data", version: "2", tags: ["Obsoletes: split < 2"]),
  .init(name: "single", tags: ["Conflicts: full"]),
  .init(name: "full", tags: ["Conflicts: single", "Requires: tiny"]),
  .init(name: "wants-single", tags: ["Requires: single"]),
  .init(name: "epochal", version: "9"), .init(name: "epochal", version: "1", epoch: 1),
  .init(name: "stuck", version: "1"),
  .init(name: "stuck", version: "2", tags: ["Requires: nothing-has-this"]),
  .init(name: "pinned", version: "1", tags: ["Requires: lib = 1"]),
  .init(name: "multi", version: "1", arch: "x86_64"), .init(name: "multi", version: "2", arch: "x86_64"),
  .init(name: "multi", version: "2", arch: "i686"), .init(name: "moving", version: "1", arch: "x86_64"),
  .init(name: "moving", version: "2"),
  .init(name: "filed", version: "1", files: ["/usr/bin/filed"]),
  .init(name: "filed", version: "2", files: ["/usr/bin/filed"]),
  .init(name: "needs-file", tags: ["Requires: /usr/bin/filed"]),
  .init(name: "provider", tags: ["Provides: virtual"]),
  .init(name: "kernel", version: "1", arch: "x86_64"), .init(name: "kernel", version: "2", arch: "x86_64"),
  .init(name: "dnf", tags: ["Requires: tiny"]), .init(name: "needs-dnf", tags: ["Requires: dnf"]),
]

private let comps = """
  <?xml version="1.0"?>
  <!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
  <comps>
    <group><id>web</id><name>Web &amp; More</name><name xml:lang="de">Netz</name><default>true</default>
      <packagelist>
        <packagereq type="mandatory">app</packagereq><packagereq type="default">helper</packagereq>
        <packagereq type="optional">provider</packagereq><packagereq type="mandatory">not-there</packagereq>
        <packagereq type="conditional" requires="single">wants-single</packagereq>
        <packagereq type="conditional" requires="lib">other</packagereq>
      </packagelist></group>
    <group><id>base</id><name>Base</name><packagelist><packagereq>docs</packagereq></packagelist></group>
    <group><id>more</id><name>More</name><packagelist><packagereq type="mandatory">split</packagereq></packagelist></group>
    <environment><id>minimal-environment</id><name>Minimal</name>
      <grouplist><groupid>base</groupid></grouplist>
      <optionlist><groupid default="true">more</groupid></optionlist></environment>
    <category><id>all</id><name>All</name><grouplist><groupid>web</groupid></grouplist></category>
  </comps>
  """

/// Lines of package commands, one after the other on one root: what dnf would do for the last one is what graph does,
/// and what it did for the others is what graph takes for installed.
@Suite("transactions", .serialized) struct RpmTransactionTests {
  static let shared = Result { try fixture() }
  let fixture: RpmRepositoryFixture

  private static func fixture() throws -> RpmRepositoryFixture {
    let fixture = try RpmRepositoryFixture(packages)
    try RpmRepositoryFixture.write(Array(comps.utf8), to: "\(fixture.folder)/comps.xml")
    // Enterprise Linux has `best` on, Debian has not.
    let settings = "[main]\nbest=1\nclean_requirements_on_remove=1\nprotected_packages=dnf\n"
    try RpmRepositoryFixture.write(Array(settings.utf8), to: "\(fixture.folder)/dnf.conf")
    _ = try RpmRepositoryFixture.run(
      "createrepo_c -q --general-compress-type=gz -g ../comps.xml '\(fixture.folder)/repo'",
      in: fixture.folder)
    return fixture
  }

  init() throws { fixture = try Self.shared.get() }

  static let scenarios: [[String]] = [
    // What comes.
    ["install app"], ["install --setopt=install_weak_deps=0 app"], ["install app-1", "install app"],
    ["install app-1", "install --nobest app"], ["install lib-1", "install app-2"],
    ["install lib-1", "install --nobest app"],
    ["install lib-1", "install lib-2"], ["install lib-3", "install lib-1"],
    ["install pinned", "install app"],
    ["install pinned", "install --nobest app"], ["install pinned", "install app-2"], ["install stuck"],
    ["install --nobest stuck"], ["install --skip-broken stuck lib"], ["install --skip-broken lib nonesuch"],
    ["install lib nonesuch"], ["install epochal-9", "install epochal"], ["install old", "install new"],
    ["install needs-old", "install new"], ["install old"], ["install --setopt=strict=0 app-2 pinned"],
    ["install multi"], ["install multi.i686"], ["install multi.x86_64", "install multi.i686"],
    ["install multi-1", "install multi"],
    ["install multi-1", "install multi.x86_64"], ["install 'multi*'"],
    ["install kernel-1", "install kernel"],
    // In the way.
    ["install single", "install full"], ["install single", "install --allowerasing full"],
    ["install wants-single", "install --allowerasing full"],
    ["install needs-dnf single", "install --allowerasing full"],
    // What is left out.
    ["install --exclude=lib-3 app"], ["install -x lib app"], ["install --exclude='lib-[23]*' app"],
    ["install lib-1 tiny", "update --exclude=lib"], ["install --exclude=docs app"],
    ["install 'lib-[12]*'"], ["install 'l*.noarch'"], ["install --exclude='m*.i?86' 'multi.*'"],
    ["install -x 'lib-3-*' lib"],
    ["install 'virt*'"], ["install 'epoch*-1:1-1.noarch'"], ["install --exclude='e*-9' epochal-9"],
    // Weak dependencies of what is there already are not brought in later.
    ["install --setopt=install_weak_deps=0 app-1", "install plugin"],
    ["install --setopt=install_weak_deps=0 app-1", "upgrade"],
    ["install --setopt=install_weak_deps=0 app-1", "install tiny"], ["install app-1", "upgrade app"],
    // Updates.
    ["install app-1 lib-1", "update"], ["install app-1 lib-1", "update --nobest"],
    ["install app-1 lib-1", "update lib"],
    ["install app-1 lib-1", "update app"], ["install app-1 lib-1", "update lib-2"],
    ["install app-1 lib-1", "update 'l*'"],
    ["install app-1 lib-1", "update docs app"], ["install tiny", "update docs"],
    ["install tiny", "update nonesuch"],
    ["install old", "update"], ["install old", "update old"], ["install needs-old", "update"],
    ["install split-1", "update"],
    ["install split-1", "update split"], ["install stuck-1 lib-1", "update"],
    ["install --nobest stuck-1 lib-1", "update --nobest"],
    ["install pinned", "update"], ["install pinned", "update --nobest"], ["install epochal-9", "update"],
    ["install multi-1", "update"], ["install moving-1", "update"],
    ["install filed-1 needs-file", "update /usr/bin/filed"],
    ["install kernel-1", "update"], ["install lib-3", "update"], ["install tiny", "update"],
    ["install old", "update new"],
    // What goes.
    ["install app", "remove app"], ["install app", "remove --noautoremove app"],
    ["install app lib", "remove app"],
    ["install app other", "remove app"], ["install plugin", "remove lib"],
    ["install plugin", "remove --noautoremove lib"],
    ["install plugin app", "remove plugin"], ["install tiny", "remove docs"],
    ["install helper tiny", "remove 'h*' docs"],
    ["install provider", "remove virtual"], ["install needs-file", "remove /usr/bin/filed"],
    ["install app-1", "remove app-2"],
    ["install app-1", "remove app-1"], ["install needs-dnf", "remove tiny"],

    ["install needs-dnf", "remove dnf"], ["install old", "update", "remove new"],
    ["install app", "install lib", "remove app"],
    ["install --setopt=install_weak_deps=0 app-1", "update", "remove app"], ["install helper", "autoremove"],
    ["install helper app", "remove --noautoremove helper", "autoremove"],
    ["install lib-1", "install app-2", "remove app"],
    ["install single", "install --allowerasing full", "remove full"],
    // The same again, back, and all as the repositories have it.
    ["install lib-1", "reinstall lib"], ["install lib", "reinstall lib tiny"],
    ["install tiny", "reinstall lib"],
    ["install app", "reinstall '*'"], ["install lib-3", "downgrade lib"],
    ["install lib-3", "downgrade lib-1"],
    ["install app-2 lib-3", "downgrade lib"], ["install app-2 lib-2", "downgrade lib"],
    ["install lib-1", "downgrade lib"],
    ["install tiny", "downgrade lib"], ["install epochal", "downgrade epochal"],
    ["install lib-1 app-1 old", "distro-sync"],
    ["install lib-1 app-1", "distro-sync lib"], ["install pinned stuck-1", "distro-sync --nobest"],
    // Groups.
    ["install @web"], ["install '@Web & More'"], ["install '@w?b'"], ["group install web"],
    ["groupinstall --with-optional 'Web*'"],
    ["install single", "install @web"], ["install @minimal-environment"], ["install @nothing"],
    ["install @web tiny"],
    ["install --setopt=group_package_types=mandatory @web"],
    ["install --setopt=install_weak_deps=0 @web @base"],
    ["install @web", "remove app"], ["install lib-1", "install @web"],
  ]

  private static let roots = Mutex<Set<String>>([])

  @Test("the same change as dnf makes", arguments: scenarios)
  func sameAsDnf(_ lines: [String]) throws {
    // What only looks at a root leaves it as it is, so that scenarios with equal beginnings share one.
    let setup = Array(lines.dropLast())
    let root = "root-\(Self.scenarios.firstIndex { $0.dropLast().elementsEqual(setup) } ?? -1)"
    let isNew = Self.roots.withLock { $0.insert(root).inserted }
    let solver = try fixture.solver("x86_64")
    solver.addGroups(comps: Array(comps.utf8))
    var installed: [LockedPackage] = []
    for line in setup {
      installed = try solution(line, solver, installed).get().lock.applied(to: installed)
      guard isNew else { continue }
      try dnf(line, root: root)
      #expect(try present(root) == installed.map(\.nevra).sorted(), "after \(line)")
    }
    let line = try #require(lines.last)
    let expected = try transaction(line, root: root)
    // What is installed is known from the locks below, or from the package database, which says the same.
    for list in [nil, lines.count > 1 ? try list(root) : nil] {
      let actual: Changes?
      switch solution(line, solver, installed, list) {
      case .success(let solution):
        actual = Changes(
          added: solution.added.packages.map(\.nevra).sorted(),
          removed: solution.removed.filter { $0.replacedBy == nil }.map(\.package.nevra).sorted())
        for package in solution.added.packages { #expect(!package.requestedBy.isEmpty, "\(package.nevra)") }
      case .failure(let error):
        actual = nil
        #expect(expected == nil, "we say: \(error)")
      }
      #expect(actual == expected, "\(list == nil ? "" : "by the package database")")
    }
  }

  private func list(_ root: String) throws -> PackageList {
    try PackageList(
      try RpmRepositoryFixture.run(
        "rpm --root '\(fixture.folder)/\(root)' --query --all --queryformat '\(PackageList.queryFormat)'",
        in: fixture.folder))
  }

  @Test("an image whose packages no repository has is known from its package database alone")
  func foreign() throws {
    let root = "root-foreign"
    try dnf("install plugin needs-file", root: root)
    let list = try list(root)
    #expect(list.locked.map(\.nevra) == (try present(root)))
    let other = try RpmRepositoryFixture([
      .init(name: "newcomer", tags: ["Requires: plugin, /usr/bin/filed, lib >= 2"]),
      .init(name: "enemy", tags: ["Conflicts: app"]),
    ])
    let solver = try other.solver("x86_64")
    func solve(_ transaction: PackageTransaction) throws(SolverError) -> Solution {
      try solver.solve(transaction, installed: list.locked, listed: list)
    }
    #expect(try solve(.init(.install, ["newcomer"])).added.packages.map(\.name) == ["newcomer"])
    #expect(try solve(.init(.remove, ["lib"])).removed.map(\.package.name) == ["app", "lib", "plugin"])
    let error = #expect(throws: SolverError.self) { try solve(.init(.install, ["enemy"])) }
    #expect(error?.description.contains("enemy-1-1.noarch conflicts with app") == true)
  }

  @Test("the file that names the declared repositories is one that dnf reads")
  func repositoryFile() throws {
    let folder = fixture.folder
    let text = RepositoryFile.text(of: ["repo"], in: folder)
    _ = try RpmRepositoryFixture.run("mkdir -p '\(folder)/repos.d' '\(folder)/root-file'", in: folder)
    try RpmRepositoryFixture.write(Array(text.utf8), to: "\(folder)/repos.d/graph.repo")
    let output = try RpmRepositoryFixture.run(
      """
      dnf -y --installroot='\(folder)/root-file' --releasever=1 --setopt=reposdir='\(folder)/repos.d' \
        --setopt=cachedir='\(folder)/cache3' --setopt=logdir='\(folder)/dnflog' --setopt=pluginpath=/nonexistent \
        --setopt=persistdir='\(folder)/root-file/persist' install tiny 2>&1
      """, in: folder)
    #expect(try present("root-file") == ["tiny-1-1.noarch"], "\(output)")
    #expect(!output.contains("Warning") && !output.contains("Unknown configuration"), "\(output)")
  }

  struct Changes: Equatable {
    var added: [String]
    var removed: [String]
  }

  private func solution(
    _ line: String, _ solver: PackageSolver, _ installed: [LockedPackage], _ list: PackageList? = nil
  ) -> Result<Solution, SolverError> {
    let lowered = PackageCommandTests.read(.shell("dnf -y \(line)"))
    guard case .transaction(let transaction)? = lowered.pieces.first, lowered.isLowered else {
      Issue.record("not lowered: \(line): \(lowered.reasons)")
      return .failure(.unsatisfiable([]))
    }
    return Result { () throws(SolverError) in
      try solver.solve(transaction, installed: installed, listed: list)
    }
  }

  private func command(_ answer: String, _ line: String, _ root: String) -> String {
    let folder = fixture.folder
    return """
      mkdir -p '\(folder)/\(root)/persist' '\(folder)/dnflog' '\(folder)/cache2'
      LC_ALL=C COLUMNS=400 dnf \(answer) --installroot='\(folder)/\(root)' --forcearch=x86_64 --releasever=1 --nogpgcheck \
        --repofrompath=test,'file://\(folder)/repo' --config='\(folder)/dnf.conf' --setopt=cachedir='\(folder)/cache2' \
        --setopt=logdir='\(folder)/dnflog' --setopt=persistdir='\(folder)/\(root)/persist' --setopt=metadata_expire=0 \
        --setopt=reposdir=/nonexistent --setopt=pluginpath=/nonexistent \(line) 2>&1
      """
  }

  private func dnf(_ line: String, root: String) throws {
    _ = try RpmRepositoryFixture.run(command("-y", line, root), in: fixture.folder)
  }

  private func present(_ root: String) throws -> [String] {
    let format = "%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}.%{ARCH}\\n"
    let text = try RpmRepositoryFixture.run(
      "rpm --root '\(fixture.folder)/\(root)' -qa --queryformat '\(format)'", in: fixture.folder)
    return text.split(separator: "\n").map(String.init).sorted()
  }

  /// What dnf says it would do; `nil` where it refuses.
  private func transaction(_ line: String, root: String) throws -> Changes? {
    let output = try RpmRepositoryFixture.run(
      command("--assumeno", line, root) + " || echo \"exit $?\"", in: fixture.folder)
    guard
      output.contains("Operation aborted.") || output.contains("Nothing to do.") && !output.contains("exit 1")
    else {
      #expect(output.contains("exit 1") && output.contains("Error: "), "\(output)")
      return nil
    }
    var changes = Changes(added: [], removed: [])
    var heading = ""
    for line in output.split(separator: "\n") {
      if line.hasPrefix("Transaction Summary") { break }
      if line.hasSuffix(":"), !line.hasPrefix(" ") { heading = String(line) }
      let words = line.split(separator: " ")
      guard line.hasPrefix(" "), !line.hasPrefix("  "), words.count >= 4, words[0] != "replacing" else {
        continue
      }
      let name = "\(words[0])-\(words[2]).\(words[1])"
      if ["Installing", "Upgrading", "Downgrading", "Reinstalling"].contains(where: { heading.hasPrefix($0) })
      {
        changes.added.append(name)
      }
      if heading.hasPrefix("Removing") { changes.removed.append(name) }
    }
    changes.added.sort()
    changes.removed.sort()
    return changes
  }
}
