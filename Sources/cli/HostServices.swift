import Execute
import GraphCore
import Publish
import Store

/// What commands use of the machine and the network: programs, registries, a scratch folder.
struct HostServices {
  let programs: HostProgramRunner
  let registries: SkopeoRegistries
  let scratch: ScratchFolder
  /// Whether the network may not be used.
  let isOffline: Bool
  /// What relative names on the command line start from.
  let startFolder: String

  /// - Parameters:
  ///   - isWriting: whether the store may be written: then scratch is in its file system.
  ///   - registries: how graph.yml wants registries to be spoken to, by name.
  ///   - authFile: where credentials of registries are, in place of where podman and docker keep them.
  ///   - observer: is told of each place where a program is looked for.
  init(
    _ options: GlobalOptions, isWriting: Bool, registries access: [String: RegistryAccess],
    authFile: String? = nil, observer: (any FileObserver)? = nil
  ) throws {
    scratch = try ScratchFolder(in: isWriting ? "\(options.storeFolder)/scratch" : "/tmp")
    programs = HostProgramRunner(
      scratch: scratch.path, environment: Environment.all, logger: options.logger, observer: observer)
    registries = SkopeoRegistries(
      skopeo: Skopeo(
        programs: programs, environment: Environment.all, authFile: authFile, scratch: scratch.path),
      access: access)
    isOffline = options.offline
    startFolder = options.startFolder
  }
}
