import ArgumentParser
import Execute
import GraphCore
import Publish
import Report

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write what a target delivers: an image as an OCI layout, a repository as a folder.",
    discussion: """
      Builds the target first where it is not up to date.

      Examples:
        graph export //app/httpd:aarch64 /tmp/httpd
        graph export //app/httpd /tmp/httpd-all
        graph export //repo/os:x86_64 /srv/repo/x86_64
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var running: RunningOptions
  @Argument(
    help: "One label. Without architecture, an image is exported with all of them, as an OCI index.",
    completion: .labels)
  var label: String
  @Argument(help: "A folder or file that does not exist yet.", completion: .file()) var destination: String

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .writing)
      try session.stopAtErrors()
      let (name, target) = try one(of: try session.targets([label]))
      let path = destination.hasPrefix("/") ? destination : "\(options.startFolder)/\(destination)"
      do {
        try await export(target, to: path, session)
      } catch is MissingBlob {
        // Reading found a damaged blob, which is a miss from now on: what made it runs again.
        try await export(target, to: path, session)
      }
      Console.print("\(name) -> \(destination)\n")
    }
  }

  private func export(_ target: GraphCore.Graph.Target, to path: String, _ session: Session) async throws {
    let outcome = try await Build(session: session, running: running).run(
      [target.node], command: "export \(label)")
    guard let artifact = outcome.wave.outputs[target.node]?[target.output], outcome.wave.succeeded else {
      throw outcome.wave.interrupted.isEmpty ? Exit.code(of: outcome.worstKind) : Exit.interrupted
    }
    try ArtifactExporter(store: session.store).export(artifact, to: path)
  }

  /// The label without architecture where the pattern means an image of several, else the only one.
  private func one(
    of targets: [(label: Label, target: GraphCore.Graph.Target)]
  ) throws -> (Label, GraphCore.Graph.Target) {
    if targets.count == 1 { return targets[0] }
    let whole = targets.filter { $0.label.architecture == nil }
    if whole.count == 1 { return whole[0] }
    throw GraphError(
      .usage, "'\(label)' means \(targets.count) targets",
      hint: "name one: " + targets.map(\.label.description).joined(separator: ", "))
  }
}
