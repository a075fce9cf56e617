import Formats
import GraphCore

/// The storage of a container engine on this machine, through the engine's own program.
public struct LocalImageStorage: Sendable {
  /// Whose storage it is.
  public enum Engine: String, Sendable, CaseIterable { case podman, docker }

  private let engine: Engine
  private let programs: any HostPrograms
  private let environment: [String: String]
  private let scratch: String

  /// - Parameters:
  ///   - environment: the caller's, which says where the storage is.
  ///   - scratch: a folder for archives while they are loaded.
  public init(engine: Engine, programs: any HostPrograms, environment: [String: String], scratch: String) {
    self.engine = engine
    self.programs = programs
    self.environment = HostEnvironment.passing(environment)
    self.scratch = scratch
  }

  /// Makes the storage have an image under a name.
  ///
  /// - Parameters:
  ///   - contents: an image of one architecture.
  ///   - name: `[registry/]path:tag`
  /// - Returns: whether the image had to be copied; `false` where one of its id was there.
  public func load(_ contents: ImageContents, as name: String) async throws -> Bool {
    guard let program = programs.find(engine.rawValue) else {
      throw GraphError(
        .unavailable, "loading an image needs the program '\(engine.rawValue)'",
        hint: engine == .podman ? "apt-get install podman" : "apt-get install docker.io")
    }
    guard contents.images.count == 1, let manifest = contents.images.first?.manifest else {
      throw GraphError(.bug, "an index of several architectures cannot be loaded")
    }
    // An image's id is the digest of its configuration.
    let identity = manifest.configuration.digest.hex
    let isThere = (try? await run(program, ["image", "inspect", "--format", "{{.Id}}", identity])) != nil
    try Task.checkCancellation()
    if isThere {
      _ = try await run(program, ["tag", identity, name])
      return false
    }
    let archive = "\(scratch)/load-\(identity).tar"
    defer { removeFile(archive) }
    switch engine {
    // Keeps the digests of the compressed layers, so that a later push by podman finds them in the registry.
    case .podman: try ImageArchive.writeLayout(contents, name: name, to: archive)
    case .docker: try ImageArchive.writeDocker([(contents, [name])], to: archive)
    }
    _ = try await run(program, ["load", "--quiet", "--input", archive])
    return true
  }

  private func run(_ program: String, _ arguments: [String]) async throws -> String {
    do {
      return try await programs.output(of: program, arguments: arguments, environment: environment)
    } catch let error as GraphError {
      try Task.checkCancellation()
      if error.message.contains("Cannot connect to the Docker daemon") {
        throw GraphError(
          .unavailable, "docker's daemon cannot be reached", hint: "start it: systemctl start docker")
      }
      if error.message.contains("permission denied") {
        throw GraphError(
          .user, error.message, hint: "use the account that runs \(engine.rawValue), or load as root")
      }
      // The engines exit with 1 and 125 whatever went wrong; on this machine it is its own state.
      throw GraphError(.environment, error.message, hint: error.hint)
    }
  }
}
