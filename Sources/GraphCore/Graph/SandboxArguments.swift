/// What `graph-sandbox` is asked to do, as its command line: the same words on this machine and on a remote worker.
public struct SandboxArguments: Sendable {
  public private(set) var words: [String] = []

  public init() {}

  /// - Parameters:
  ///   - folder: where /build and /tmp are.
  ///   - target: where stacked layers are mounted.
  public mutating func useHostRoot(_ folder: String, target: String? = nil) {
    words += ["--host-root", folder]
    if let target { words += ["--target", target] }
  }

  /// - Parameter layers: folders as overlayfs wants them, bottom first.
  public mutating func stack(_ layers: [String]) {
    for layer in layers { words += ["--lower", layer] }
  }

  public mutating func keepChanges(upper: String, work: String) {
    words += ["--upper", upper, "--work", work]
  }

  public mutating func bindReadOnly(_ source: String, at path: String) {
    words += ["--bind-ro", source, path]
  }

  /// - Parameters:
  ///   - source: a folder, or a layer tar where `isTar`.
  ///   - inside: which place of it is shown; a file or a folder.
  ///   - isWritable: what is written is thrown away.
  public mutating func mount(
    _ source: String, inside: String, isTar: Bool = false, isWritable: Bool, at path: String
  ) {
    if !inside.isEmpty { words += ["--inside", inside] }
    let kind = (isWritable ? "overlay" : "bind") + (isTar ? ",tar" : "")
    words += ["--mount", "\(kind),source=\(source)", path]
  }

  /// - Parameter folder: of the host; what is written stays there.
  public mutating func mountCache(_ folder: String, isReadOnly: Bool, at path: String) {
    words += ["--mount", "\(isReadOnly ? "bind" : "cache"),source=\(folder)", path]
  }

  public mutating func mountMemory(sizeBytes: UInt64?, at path: String) {
    words += ["--mount", "tmpfs" + (sizeBytes.map { ",size=\($0)" } ?? ""), path]
  }

  /// What the action is ended at; none of it is part of a key, and none goes to a worker, which has limits of its own.
  ///
  /// - Parameters:
  ///   - bounds: what is `nil` has no bound.
  ///   - keepFreeBytes: of the disk that the command writes to.
  public mutating func limit(timeoutSeconds: Int, bounds: Action.Limits.Bounds, keepFreeBytes: Int64) {
    add("--timeout", String(timeoutSeconds))
    if let bytes = bounds.memoryBytes { add("--memory", String(bytes)) }
    if let count = bounds.processes { add("--processes", String(count)) }
    if let bytes = bounds.diskBytes { add("--disk", String(bytes)) }
    if keepFreeBytes > 0 { add("--keep-free", String(keepFreeBytes)) }
  }

  /// - Parameter source: a file that the helper reads before it enters the sandbox, or `received:NUMBER`.
  public mutating func mountSecret(_ source: String, _ access: Command.Mount.Access, at path: String) {
    words += ["--mount", "secret,access=\(access.words),source=\(source)", path]
  }

  /// - Parameter socket: where an agent of the host listens.
  public mutating func mountAgent(_ socket: String, _ access: Command.Mount.Access, at path: String) {
    words += ["--mount", "ssh,access=\(access.words),source=\(socket)", path]
  }

  /// Makes the content of a file of the host a variable of the environment.
  public mutating func setEnvironment(_ name: String, contentOf source: String) {
    words += ["--setenv-from", name, source]
  }

  public mutating func setEnvironment(_ environment: [String: String]) {
    for (name, value) in environment.sorted(by: { $0.key.precedesInBytes($1.key) }) {
      words += ["--setenv", name, value]
    }
  }

  /// What the command itself determines, wherever it runs: its environment, folder, user and limits of descriptors.
  ///
  /// - Parameters:
  ///   - epoch: seconds since 1970; never negative in the options, because a tar archive cannot hold that everywhere.
  ///   - proxies: variables of the caller that reach a network; none where the command has no network.
  public mutating func addSettings(
    of command: Command, in action: Action, epoch: Int64, proxies: [String: String] = [:]
  ) {
    if command.network { add("--network") }
    setEnvironment(CommandEnvironment.variables(of: command, in: action, epoch: epoch, proxies: proxies))
    add("--epoch", String(max(0, epoch)))
    add("--chdir", command.workingDirectory)
    // What container engines give; some programs walk through all descriptors up to the limit.
    add("--nofile", "65536")
    if !command.user.isEmpty { add("--user", command.user) }
    if command.root == .layers, let architecture = action.architecture { setMachine(architecture) }
    for discard in command.discards { add("--discard", discard) }
  }

  /// Programs see the machine that they are made for, also where its 64-bit sister runs them.
  public mutating func setMachine(_ architecture: Architecture) {
    if architecture.names.runsOn != nil { add("--linux32") }
  }

  public mutating func add(_ option: String, _ value: String? = nil, _ second: String? = nil) {
    words.append(option)
    if let value { words.append(value) }
    if let second { words.append(second) }
  }

  public mutating func run(_ argv: [String]) {
    words += ["--"] + argv
  }
}
