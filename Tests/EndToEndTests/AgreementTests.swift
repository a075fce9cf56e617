import FoundationEssentials
import Testing

/// Dockerfiles that graph and buildah both build, on the same base: the same tree, modes, owners and settings, or a
/// reason beside the Dockerfile why not (Agreement/cases.txt).
@Suite("agreement with buildah on whole Dockerfiles")
struct AgreementTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let number: Int
    let name: String
    /// Why the two differ on purpose; empty where they agree.
    let reason: String
    var testDescription: String { name }
  }

  static let tools = World.package + "/Tests/EndToEndTests/Agreement"
  static let hasBuildah = FileManager.default.fileExists(atPath: "/usr/bin/buildah")

  static let cases: [Case] = {
    let text = FileManager.default.contents(atPath: tools + "/cases.txt").map {
      String(decoding: $0, as: UTF8.self)
    }
    let blocks = (text ?? "").components(separatedBy: "\n=== ").dropFirst()
    return blocks.enumerated().map { index, block in
      let lines = block.components(separatedBy: "\n")
      let reasons = lines.filter { $0.hasPrefix("!!! ") }.map { String($0.dropFirst(4)) }
      return Case(number: index + 1, name: lines[0], reason: reasons.joined(separator: " "))
    }
  }()

  /// Every case, built once by both.
  static let built = Task { () -> World in
    let world = try World(files: [:])
    try await Program(["rm", "-r", world.workspace]).check()
    try await Program(["python3", tools + "/prepare.py", tools + "/cases.txt", world.scratch]).check()
    try await world.graph("export", "//test/base:x86_64", world.scratch + "/base").check()
    async let theirs = Program([tools + "/buildah.sh", world.scratch, world.scratch + "/base"]).check()
    try await Program([tools + "/graph.sh", world.scratch, World.graph, world.store]).check()
    _ = try await theirs
    return world
  }

  @Test("there are at least 100 cases")
  func many() { #expect(Self.cases.count >= 100) }

  @Test("the same tree and settings", .enabled(if: hasBuildah), arguments: cases)
  func agreement(of one: Case) async throws {
    let world = try await Self.built.value
    func listing(_ builder: String) throws -> Set<String> {
      let place = "\(world.scratch)/\(builder)/\(one.number)"
      let failure = FileManager.default.contents(atPath: place + ".failed") ?? Data()
      let data = try #require(
        FileManager.default.contents(atPath: place), "\(builder): \(String(decoding: failure, as: UTF8.self))"
      )
      return Set(String(decoding: data, as: UTF8.self).components(separatedBy: "\n"))
    }
    let (ours, theirs) = (try listing("graph"), try listing("buildah"))
    let difference =
      ours.subtracting(theirs).sorted().map { "only graph:   \($0)" }
      + theirs.subtracting(ours).sorted().map { "only buildah: \($0)" }
    #expect(difference.isEmpty == one.reason.isEmpty, "\(difference.joined(separator: "\n"))")
  }
}
