import ArgumentParser
import Execute
import Glibc
import GraphCore
import Publish
import Report

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write what a target delivers: to a folder, an archive or a registry.",
    usage: "graph export <label> ... <destination> [<options>]",
    discussion: """
      Builds first what is not up to date. A destination is one of
        DIR, FILE                         what the label delivers: an OCI layout, a repository, a file
        oci:DIR[:TAG]                     an OCI layout, to which the image is added
        oci-archive:FILE[:TAG]            an OCI layout as one tar archive
        docker-archive:FILE[:NAME[:TAG]]  what 'docker load' and 'podman load' take
        dir:DIR                           as skopeo's 'dir:'
        docker://REGISTRY/[NAME[:TAG]]    a registry: everything by digest, then the tags
      An image without architecture is exported with all of them. TAG and NAME may hold {published-name}, {tag}, {arch} \
      and {oci-arch}; with them, several labels or patterns go to a registry, a layout or a docker-archive at once.
      Credentials are those of 'podman login' and 'docker login'.

      Examples:
        graph export //app/httpd:aarch64 /tmp/httpd
        graph export //repo/os:x86_64 /srv/repo/x86_64
        graph export //app/httpd:x86_64 docker-archive:/tmp/httpd.tar:httpd:2.4
        graph export //app/... docker://registry.example.org/
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case oci, docker }

  @OptionGroup var options: GlobalOptions
  @OptionGroup var running: RunningOptions
  @Option(help: "Manifests and layers as OCI has them, or as Docker's registries had them before it.")
  var format = Format.oci
  @Option(
    help: "The file of registries' credentials. Default: where podman and docker keep them.",
    completion: .file())
  var authfile: String?
  @Option(help: "A folder of certificates for the registry (*.crt, *.cert, *.key).", completion: .directory)
  var certDir: String?
  @Flag(help: "Speak to the registry without TLS, or without looking at its certificate.")
  var insecure = false
  @Argument(
    help: ArgumentHelp("Labels or patterns, then where to write.", valueName: "label ... destination"),
    completion: .labels)
  var words: [String]

  func validate() throws {
    if words.count < 2 {
      throw ValidationError("name a label and a destination: graph export //app/httpd oci:DIR")
    }
  }

  func run() async throws {
    try await Exit.reporting {
      let destination = try ExportDestination(words.last ?? "", in: options.startFolder)
      let labels = Array(words.dropLast())
      try checkOptions(destination)
      let session = try await Session.open(
        options, .writing, for: labels, authFile: try existing(authfile, "--authfile"))
      try session.stopAtErrors()
      let targets = try chosen(labels, for: destination, session)
      do {
        try await export(targets, to: destination, session)
      } catch is MissingBlob {
        // Reading found a damaged blob, which is a miss from now on: what made it runs again.
        try await export(targets, to: destination, session)
      }
    }
  }

  private func export(
    _ targets: [LabelledTarget], to destination: ExportDestination, _ session: Session
  ) async throws {
    let artifacts = try await session.build(
      targets.map(\.target), running, command: (["export"] + words).joined(separator: " "))
    guard let label = targets.first?.label, let artifact = artifacts.first else { return }
    if case .plain(let path) = destination {
      try ArtifactExporter(store: session.store).export(artifact, to: path)
      return Console.print("\(label) -> \(words.last ?? "")\n")
    }
    let exporter = ImageExporter(
      store: session.store, registries: session.services.registries, scratch: session.services.scratch.path,
      options: .init(
        isDockerFormat: format == .docker, certificates: try existing(certDir, "--cert-dir"),
        isInsecure: insecure))
    let images = zip(targets, artifacts).map { (label: $0.0.label, layout: $0.1) }
    let lines = try await Interrupts.stopping { try await exporter.export(images, to: destination) }
    for line in lines {
      var place = words.last ?? ""
      if case .registry = destination {
        place = line.name ?? place
      } else if lines.count > 1 {
        place += " as \(line.name ?? "")"
      }
      let text = "\(line.label) -> \(place)\(line.isUnchanged ? " (unchanged)" : "")"
      // What is written to standard output may be the archive itself.
      if destination.isStream { Console.note(text) } else { Console.print(text + "\n") }
    }
  }

  private func chosen(
    _ labels: [String], for destination: ExportDestination, _ session: Session
  ) throws -> [LabelledTarget] {
    var targets = try session.choice.targets(labels)
    if case .plain = destination {
      if targets.count > 1, targets.filter({ $0.label.architecture == nil }).count == 1 {
        targets.removeAll { $0.label.architecture != nil }
      }
    } else {
      targets = try session.images(among: targets, of: labels)
    }
    if targets.count > 1, !destination.takesSeveral {
      throw GraphError(
        .usage,
        "'\(labels.joined(separator: " "))' means \(targets.count) targets, and '\(words.last ?? "")' takes one",
        hint: "name one: " + targets.map(\.label.description).joined(separator: ", "))
    }
    return targets
  }

  private func checkOptions(_ destination: ExportDestination) throws {
    if case .registry = destination { return }
    let isGiven = [("--authfile", authfile != nil), ("--cert-dir", certDir != nil), ("--insecure", insecure)]
    // Credentials may be needed to build, where an image stands on one of a registry.
    if let option = isGiven.dropFirst().first(where: \.1)?.0 {
      throw GraphError(
        .usage, "\(option) is about a registry, and '\(words.last ?? "")' is none",
        hint: "for what images stand on, write it into graph.yml: 'registries:'")
    }
    if case .folder = destination { return }
    if format == .docker {
      throw GraphError(
        .usage, "--format docker has no use for '\(words.last ?? "")'",
        hint: "it is for docker:// and dir:; docker-archive: is Docker's own format in any case")
    }
  }

  /// The absolute path of something that an option names.
  private func existing(_ path: String?, _ option: String) throws -> String? {
    guard let path else { return nil }
    let absolute = path.hasPrefix("/") ? path : "\(options.startFolder)/\(path)"
    guard access(absolute, R_OK) == 0 else {
      throw GraphError(.usage, "\(option): '\(path)' cannot be read", hint: "correct the path")
    }
    return absolute
  }
}
