import GraphCore
import Testing

@testable import Rules

/// Metadata that rpmbuild does not make, written by hand.
@Suite struct RpmMetadataTests {
  struct Row {
    var name: String
    var version = "1"
    var arch = "noarch"
    var checksum = #"type="sha256" pkgid="YES">\#(Digest(ofText: "x").hex)"#
    var location = "x.rpm"
    var provides: [String] = []
    var requires: [String] = []
  }

  static func primary(_ rows: [Row]) -> [UInt8] {
    func list(_ kind: String, _ names: [String]) -> String {
      "<rpm:\(kind)>" + names.map { "<rpm:entry name=\"\($0)\"/>" }.joined() + "</rpm:\(kind)>"
    }
    var text =
      "<metadata xmlns=\"http://linux.duke.edu/metadata/common\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\">\n"
    for row in rows {
      text += """
        <package type="rpm"><name>\(row.name)</name><arch>\(row.arch)</arch>
        <version epoch="0" ver="\(row.version)" rel="1"/><checksum \(row.checksum)</checksum>
        <time file="5" build="7"/><size package="1" installed="1" archive="1"/><location \(row.location.contains("=") ? row.location : "href=\"\(row.location)\"")/>
        <format>\(list("provides", [row.name] + row.provides))\(list("requires", row.requires))</format></package>

        """
    }
    return Array((text + "</metadata>\n").utf8)
  }

  static func solver(_ rows: [Row], _ arch: String = "x86_64") throws -> PackageSolver {
    let architecture = try #require(Architecture(arch))
    let solver = PackageSolver(architecture: architecture)
    try solver.addRepository(name: "hand", primary: primary(rows), filelists: nil, priority: 99)
    return solver
  }

  static func solve(_ solver: PackageSolver, _ requests: [String]) throws -> [LockedPackage] {
    try solver.solve(install: requests, installed: [], weakDependencies: false, best: false).added.packages
  }

  @Test("a package that no file could be called after, or without a SHA-256, is refused when it is chosen")
  func refused() throws {
    let solver = try Self.solver([
      .init(name: "../../etc/evil"),
      .init(name: "weak", checksum: "type=\"sha\" pkgid=\"YES\">\(String(repeating: "0", count: 40))"),
      .init(name: "fine"),
    ])
    #expect(try Self.solve(solver, ["fine"]).map(\.buildTime) == [7])
    let evil = #expect(throws: SolverError.self) { try Self.solve(solver, ["../../etc/evil"]) }
    #expect(
      evil?.description
        == "metadata of repository 'hand': '../../etc/evil-1-1.noarch' is no name that a package can have")
    let weak = #expect(throws: SolverError.self) { try Self.solve(solver, ["weak"]) }
    #expect(weak?.description == "metadata of repository 'hand': weak-1-1.noarch has no SHA-256 checksum")
  }

  @Test("a package that is elsewhere keeps its address")
  func base() throws {
    let solver = try Self.solver([
      .init(name: "far", location: #"xml:base="https://example.org/r" href="far.rpm""#)
    ])
    #expect(try Self.solve(solver, ["far"]).map(\.location) == ["https://example.org/r/far.rpm"])
  }

  @Test("every architecture takes its own packages and the compatible ones", arguments: Architecture.all)
  func architectures(_ architecture: Architecture) throws {
    let names = architecture.names
    let everything = Set(Architecture.all.flatMap(\.names.compatible)).sorted()
    let solver = try Self.solver(
      everything.map { Row(name: "p-\($0)", arch: $0) }
        + everything.filter { $0 != "noarch" }.map { Row(name: "q", arch: $0) },
      architecture.name)
    for arch in everything {
      if names.compatible.contains(arch) {
        #expect(try Self.solve(solver, ["p-\(arch)"]).map(\.arch) == [arch])
      } else {
        #expect(throws: SolverError.self) { try Self.solve(solver, ["p-\(arch)"]) }
      }
    }
    #expect(try Self.solve(solver, ["q"]).map(\.arch) == [names.compatible.first])
    // Of what there is, the best: in the order of the table.
    for start in names.compatible.dropLast().indices {
      let rest = names.compatible[start...].filter { $0 != "noarch" }
      let some = try Self.solver(rest.reversed().map { Row(name: "q", arch: $0) }, architecture.name)
      #expect(try Self.solve(some, ["q"]).map(\.arch) == [names.compatible[start]])
    }
  }

  @Test("twenty thousand packages are solved, and a chain through all of them is explained")
  func large() throws {
    let rows = (0..<20_000).map { number in
      Row(
        name: "p\(number)", provides: ["cap\(number)", "lib\(number).so()(64bit)"],
        requires: number % 100 == 99 ? [] : ["cap\(number + 1)", "lib\(number / 100 * 100 + 99).so()(64bit)"])
    }
    let solver = try Self.solver(rows)
    let packages = try Self.solve(solver, ["p500"])
    #expect(packages.count == 100)
    #expect(packages.allSatisfy { !$0.requestedBy.isEmpty })
    let again = try solver.solve(install: ["p550"], installed: packages, weakDependencies: false, best: true)
    #expect(again.added.packages.isEmpty && again.isOnlyAddition)
    #expect(try Self.solve(solver, ["p*"]).count == 20_000)
  }

  @Test(
    "requests of all shapes are answered, never a crash",
    arguments: [
      "", " ", "-", "(", ")", "((", "a(", "(a if b)", "(a or", "*", "[", "[a", "\\", "a b", "a =", "= 1",
      "a = ", "a <> 1", "/", "//", "/*", "a\0b", "@", "@@", "é", String(repeating: "a", count: 2_000),
      String(repeating: "(", count: 500), "a-", "-1", "a-1-1.noarch.noarch", ".noarch", "a.", "namespace:x",
      "a:b:c", "pattern:x", "*/*", "a\nb",
    ])
  func strange(_ request: String) throws {
    let solver = try Self.solver([.init(name: "a"), .init(name: "bcd")])
    do {
      _ = try Self.solve(solver, [request])
    } catch let error as SolverError {
      #expect(!error.description.isEmpty)
    }
  }
}
