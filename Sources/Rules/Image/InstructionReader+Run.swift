import GraphCore
import Manifests
import Resolve

/// RUN: lowered to lock and install where that is exact, else a command in the sandbox.
extension InstructionReader {
  mutating func readRun(_ run: Dockerfile.Run, _ instruction: Dockerfile.Instruction) throws {
    if run.network == .host {
      fail(
        "RUN --network=host is refused: no RUN has a network, so that its result depends on its inputs alone",
        instruction, hint: "fetch it with a command that declares 'fetch', and COPY or mount what it makes")
    }
    guard let mounts = try readMounts(run.mounts, instruction) else { return }
    // Another user than root may not install, so that the real command would fail: it is left to.
    guard let current = state, !current.repositories.isEmpty, current.settings.isRoot, shellIsPlain,
      run.hereDocuments.isEmpty, mounts.mounts.allSatisfy(Self.isPackageCache),
      let lowered = LoweredRun(run.form, cleaningIsNothing: !current.mayHavePackageCache)
    else {
      warnOfPackageCommand(run.form, instruction)
      let script = RunScript(run, argv: argv, origin: "\(instruction.location)")
      addRun(script.argv, instruction, mounts.adding(script))
      return
    }
    let repeated = lowered.installations.count > 1
    for (index, installation) in lowered.installations.enumerated() {
      guard var current = state else { return }
      compilation.addInstallation(
        installation, step: repeated ? "\(number).\(index + 1) " : "\(number) ", text: instruction.text,
        to: &current,
        label: label, architecture: architecture, location: instruction.location)
      state = current
    }
    if let rest = lowered.rest {
      addRun(argv(.shell(rest)), instruction, mounts)
    } else if lowered.installations.isEmpty {
      state?.history.append((instruction.text, nil))
    }
  }

  /// Whether a mount only keeps what a package manager downloads, which an installation from outside does not need.
  private static func isPackageCache(_ mount: Command.Mount) -> Bool {
    guard case .cache(let cache) = mount.kind, cache.content == nil else { return false }
    return ["/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5"].contains {
      mount.target == $0 || mount.target.hasPrefix($0 + "/")
    }
  }

  /// Says that a package command runs as it is written, in an image that most likely has no package manager.
  private func warnOfPackageCommand(_ form: Dockerfile.Form, _ instruction: Dockerfile.Instruction) {
    guard case .shell(let text) = form, state?.repositories.isEmpty == false, state?.settings.isRoot == true,
      ["dnf install", "yum install", "dnf -y", "yum -y"].contains(where: { text.contains($0) })
    else { return }
    compilation.diagnostics.add(
      .warning(
        "this package command is run as it is written, inside the image", at: instruction.location,
        hint: "graph solves 'RUN dnf install -y NAME… && …' itself, with plain names and no variables"))
  }

  mutating func addRun(
    _ argv: [String], _ instruction: Dockerfile.Instruction, _ mounts: RunMounts = RunMounts()
  ) {
    guard var current = state else { return }
    var environment = current.settings.environmentByName
    environment.merge(arguments.values) { set, _ in set }
    environment.merge(mounts.environment) { set, _ in set }
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(number) \(instruction.keyword)", detail: instruction.detail,
        action: Action(
          rule: .init("run", version: 1), environment: environment, architecture: architecture,
          inputs: current.layerInputs + mounts.inputs, outputs: [.init("layer", .layer)],
          command: Command(
            argv: argv, workingDirectory: current.settings.workingDirectory ?? "/", root: .layers,
            stages: mounts.stages, mounts: mounts.mounts,
            collects: [.init(output: "layer", from: .changes)],
            discards: ["/var/cache/ldconfig/aux-cache"], user: current.settings.user ?? ""),
          limits: .init(memoryMegabytes: 512)),
        location: instruction.location, isOpaque: true))
    stages.runs.append(node)
    current.uncheckedRuns.append(("\(number)", OutputReference(node: node, output: "layer")))
    compilation.push(
      OutputReference(node: node, output: "layer"), step: "\(number) ", to: &current, label: label,
      location: instruction.location)
    current.history.append((instruction.text, current.layers.count - 1))
    if argv.contains(where: { $0.contains("yum") || $0.contains("dnf") }) {
      current.mayHavePackageCache = true
    }
    state = current
  }
}
