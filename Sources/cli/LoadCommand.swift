import ArgumentParser
import Execute
import GraphCore
import Manifests
import Publish

struct LoadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load",
    abstract: "Put images into the storage of podman or docker on this machine.",
    discussion: """
      Builds first what is not up to date. An image gets the name that it is published under: in the workspace's own \
      registry, or in 'localhost' where it has none; the tag of one for a foreign architecture ends in its name. What \
      the storage has by its id is only named.

      Examples:
        graph load //app/httpd
        graph load --into docker //app/...
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var running: RunningOptions
  @Option(help: "Whose storage: podman or docker.") var into = LocalImageStorage.Engine.podman
  @Argument(help: "Labels or patterns; without architecture, the host's images.", completion: .labels)
  var labels: [String]

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .writing, for: labels)
      try session.stopAtErrors()
      let targets = try session.localImages(labels)
      do {
        try await load(targets, session)
      } catch is MissingBlob {
        // Reading found a damaged blob, which is a miss from now on: what made it runs again.
        try await load(targets, session)
      }
    }
  }

  private func load(_ targets: [LabelledTarget], _ session: Session) async throws {
    let artifacts = try await session.build(
      targets.map(\.target), running, command: (["load"] + labels).joined(separator: " "))
    let storage = LocalImageStorage(
      engine: into, programs: session.services.programs, environment: Environment.all,
      scratch: session.services.scratch.path)
    for (image, artifact) in zip(targets, artifacts) {
      let name = session.workspace.localName(of: image.label)
      let isCopied = try await Interrupts.stopping {
        try await storage.load(try ImageContents(layout: artifact, store: session.store), as: name)
      }
      Console.print("\(image.label) -> \(name)\(isCopied ? "" : " (unchanged)")\n")
    }
  }
}

extension LocalImageStorage.Engine: ExpressibleByArgument {}
