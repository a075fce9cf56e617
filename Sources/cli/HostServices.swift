import Execute
import GraphCore
import Publish
import SourceControl
import Store

/// What commands use of the machine and the network: programs, registries, a scratch folder.
struct HostServices {
  let programs: HostProgramRunner
  let registries: SkopeoRegistries
  /// Those of the store.
  let mirrors: GitMirrors
  let repositories: MirroredRepositories
  let scratch: ScratchFolder
  /// Whether the network may not be used.
  let isOffline: Bool
  /// What relative names on the command line start from.
  let startFolder: String

  /// - Parameters:
  ///   - access: where the store may be written, scratch is in its file system and what is fetched is kept.
  ///   - registries: how graph.yml wants registries to be spoken to, by name.
  ///   - authFile: where credentials of registries are, in place of where podman and docker keep them.
  ///   - pinned: the addresses of git repositories in a snapshot, where nobody resolves it in this process.
  ///   - observer: is told of each place where a program is looked for.
  init(
    _ options: GlobalOptions, _ access: Session.Access, registries registryAccess: [String: RegistryAccess],
    authFile: String? = nil, pinned: @escaping @Sendable () -> [String] = { [] },
    observer: (any FileObserver)? = nil
  ) throws {
    scratch = try ScratchFolder(in: access == .writing ? "\(options.storeFolder)/scratch" : "/tmp")
    programs = HostProgramRunner(
      helper: { try Machine.sandboxHelper() }, scratch: scratch.path, environment: Environment.all,
      logger: options.logger, observer: observer)
    registries = SkopeoRegistries(
      skopeo: Skopeo(
        programs: programs, environment: Environment.all, authFile: authFile, scratch: scratch.path),
      access: registryAccess)
    mirrors = GitMirrors(folder: "\(options.storeFolder)/git")
    // A command that writes nothing fetches into a folder that is thrown away.
    repositories = MirroredRepositories(
      kept: mirrors, fresh: access == .writing ? mirrors : GitMirrors(folder: "\(scratch.path)/git"),
      isOffline: options.offline || access == .listing, pinned: pinned)
    isOffline = options.offline
    startFolder = options.startFolder
  }
}
