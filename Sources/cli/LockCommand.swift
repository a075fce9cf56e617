import ArgumentParser
import Execute
import GraphCore
import Report
import Rules
import Store

struct LockCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lock",
    abstract:
      "Print the packages that images consist of: version, repository, checksum, and why each is there.",
    discussion: """
      Brings the locks up to date that it prints, and what these need: metadata is fetched and repositories of the \
      workspace are built, and nothing is installed. Packages that come into an image in another way than by a package \
      command are in no lock.

      Examples:
        graph lock //app/httpd:aarch64
        graph lock //base/core --json
        graph lock --verbose //app/...:x86_64
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var running: RunningOptions
  @Argument(help: "Labels or patterns of images and bases.", completion: .labels) var labels: [String]
  @Flag(help: "Print JSON.") var json = false
  @Flag(name: .shortAndLong, help: "Print whole checksums, and where each request is declared.") var verbose =
    false

  func validate() throws {
    if labels.isEmpty { throw ValidationError("name a label: graph lock //base/core") }
  }

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .writing, for: labels)
      try session.stopAtErrors()
      let collector = PackageCollector(session.compiled, store: session.store)
      let images = try session.choice.targets(labels).map(\.label).filter { collector.locks(of: $0) != nil }
      guard !images.isEmpty else {
        throw GraphError(
          .usage, "'\(labels.joined(separator: " "))' is no image and no base",
          hint: "'graph ls -l' says which targets are")
      }
      let locks = Set(images.flatMap { collector.locks(of: $0) ?? [] })
      let outcome = try await Build(session: GraphSession(session), running: running).run(
        locks.sorted(), command: (["lock"] + labels).joined(separator: " "))
      guard outcome.wave.succeeded, outcome.wave.hasAllRoots else {
        throw outcome.wave.interrupted.isEmpty ? Exit.code(of: outcome.worstKind) : Exit.interrupted
      }
      let sets = try images.map { label in
        try collector.packages(of: label) { node in
          guard let lock = try outcome.wave.outputs(of: node)?["lock"] else {
            throw GraphError(.bug, "\(session.graph.name(of: node)) left no lock")
          }
          return lock.digest
        }
      }
      let report = LockReport(sets)
      Console.print(json ? report.json() : report.text(verbose: verbose, color: Console.usesColor(1)))
    }
  }
}
