import CLinux
import Glibc
import GraphCore

/// Makes the mounts of commands ready on this machine.
struct CommandMounts {
  let sources: MountSources
  let checkouts: any Checkouts
  let helpers: HelperPool

  /// What the mounts of a running command hold: locks of caches, and secrets in memory that has no name.
  final class Held: Sendable {
    let redactor: Redactor
    private let leases: [CacheFolders.Lease]
    /// What the helper's command line calls `received:0` and so on.
    let secrets: [Descriptor]
    init(redactor: Redactor, leases: [CacheFolders.Lease], secrets: [Descriptor]) {
      self.redactor = redactor
      self.leases = leases
      self.secrets = secrets
    }
  }

  /// Adds the mounts of a command to the helper's command line. Waits where another action has a cache.
  ///
  /// - Parameters:
  ///   - scratch: a folder of this action, made where it is needed.
  ///   - isInteractive: whether a helper of its own runs the command, which gets no descriptors.
  /// - Returns: what must live as long as the command runs.
  func add(
    _ command: Command, of task: ActionTask, scratch: String, isInteractive: Bool = false,
    to arguments: inout SandboxArguments
  ) async throws -> Held {
    let leases = try await leases(command, of: task)
    if !command.mounts.isEmpty {
      try FileSystem.makeDirectory(scratch)
      arguments.add("--scratch", scratch)
    }
    var values: [[UInt8]] = []
    var descriptors: [Descriptor] = []
    for mount in command.mounts {
      switch mount.kind {
      case .bind(let content, let isWritable):
        arguments.mount(
          try folder(of: content, task), inside: content.path, isWritable: isWritable, at: mount.target)
      case .memory(let size): arguments.mountMemory(sizeBytes: size, at: mount.target)
      case .cache(let cache):
        guard let lease = leases[try request(cache, task).name] else { continue }
        arguments.mountCache(lease.data, isReadOnly: cache.isReadOnly, at: mount.target)
      case .secret(let secret):
        guard let value = sources.secrets[secret.id] else { continue }
        let memory = try Self.memory(holding: value.bytes)
        descriptors.append(memory)
        values.append(value.bytes)
        let path =
          isInteractive ? "/proc/\(getpid())/fd/\(memory.number)" : "received:\(descriptors.count - 1)"
        if !mount.target.isEmpty { arguments.mountSecret(path, secret.access, at: mount.target) }
        if let name = secret.environmentName { arguments.setEnvironment(name, contentOf: path) }
      case .agent(let agent):
        guard let socket = sources.agents[agent.id] else { continue }
        arguments.mountAgent(socket, agent.access, at: mount.target)
      }
    }
    return Held(redactor: Redactor(values), leases: Array(leases.values), secrets: descriptors)
  }

  /// Each cache once, whatever the number of its mounts, and all in one order, so that no two actions wait for each
  /// other.
  private func leases(_ command: Command, of task: ActionTask) async throws -> [String: CacheFolders.Lease] {
    var requests: [String: CacheFolders.Request] = [:]
    for case .cache(let cache) in command.mounts.map(\.kind) {
      let request = try request(cache, task)
      let known = requests[request.name]?.sharing ?? .shared
      requests[request.name] = request
      if request.sharing == .shared { requests[request.name]?.sharing = known }
    }
    if requests.isEmpty { return [:] }
    guard let folder = sources.cacheFolder else {
      throw GraphError(.bug, "'\(task.node.name)' uses a cache, and there is no folder for caches")
    }
    let folders = CacheFolders(folder: folder, helpers: helpers)
    var leases: [String: CacheFolders.Lease] = [:]
    for (name, request) in requests.sorted(by: { $0.key < $1.key }) {
      leases[name] = try await folders.lease(request)
    }
    return leases
  }

  private func request(_ cache: Command.Mount.Cache, _ task: ActionTask) throws -> CacheFolders.Request {
    var content: (folder: String, name: String)?
    if let wanted = cache.content, let artifact = task.input(wanted.role) {
      content = ("\(try folder(of: wanted, task))/\(wanted.path)", "\(artifact) \(wanted.path)")
    }
    return CacheFolders.Request(
      id: cache.id, architecture: task.action.architecture, sharing: cache.sharing, access: cache.access,
      content: content)
  }

  private func folder(of content: Command.Mount.Content, _ task: ActionTask) throws -> String {
    guard let artifact = task.input(content.role) else {
      throw GraphError(.bug, "'\(task.node.name)' mounts an input '\(content.role)' that it does not have")
    }
    switch artifact.kind {
    case .blob: return try checkouts.file(artifact.digest)
    case .tree: return try checkouts.tree(artifact)
    case .layer: return try checkouts.layer(artifact)
    }
  }

  /// MFD_CLOEXEC of <linux/memfd.h>.
  private static let closesAtExec: UInt32 = 1

  /// Memory that the helper reads: a secret is on no disk and on no command line.
  private static func memory(holding bytes: [UInt8]) throws -> Descriptor {
    let number = memfd_create("secret", Self.closesAtExec)
    guard number >= 0 else { throw FileSystem.failure("making memory for", "a secret") }
    let descriptor = Descriptor(number)
    try FileSystem.write(bytes, to: number, "a secret")
    return descriptor
  }
}
