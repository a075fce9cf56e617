import GraphCore
import Manifests
import Resolve

/// RUN as far as it is package commands: they are solved and installed from outside the image.
extension InstructionReader {
  /// Adds the nodes of a RUN that names a package manager.
  ///
  /// - Returns: whether that is all; if not, the whole instruction is left to the shell.
  mutating func readPackageCommands(
    _ run: Dockerfile.Run, _ mounts: RunMounts, _ instruction: Dockerfile.Instruction
  ) -> Bool {
    // Another user than root may not install, so that the real command would fail: it is left to.
    guard let current = state, !current.repositories.isEmpty, current.settings.isRoot, shellIsPlain,
      run.hereDocuments.isEmpty, mounts.mounts.allSatisfy(Self.isPackageCache)
    else { return false }
    let lowered = LoweredRun(run.form, in: surroundings(of: current))
    warn(of: lowered.reasons, instruction)
    guard lowered.isLowered else { return false }
    let repeated = lowered.pieces.count > 1
    for (index, piece) in lowered.pieces.enumerated() {
      let step = repeated ? "\(number).\(index + 1) " : "\(number) "
      switch piece {
      case .transaction(let transaction):
        guard var current = state else { return true }
        compilation.addInstallation(
          transaction, step: step, text: instruction.text, to: &current, label: label,
          architecture: architecture, location: instruction.location)
        state = current
      case .removal(let paths): addRemoval(of: paths, step: step, instruction)
      case .shell(let text):
        addRun(argv(.shell(text)), instruction, withRepositories(mounts, for: [text]))
      }
    }
    if lowered.pieces.isEmpty { state?.history.append((instruction.text, nil)) }
    return true
  }

  /// Whether a mount only keeps what a package manager downloads, which an installation from outside does not need.
  private static func isPackageCache(_ mount: Command.Mount) -> Bool {
    guard case .cache(let cache) = mount.kind, cache.content == nil else { return false }
    return ["/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5"].contains {
      mount.target == $0 || mount.target.hasPrefix($0 + "/")
    }
  }

  private func surroundings(of current: ImageState) -> LoweredRun.Surroundings {
    var variables = current.settings.environmentByName
    variables.merge(arguments.values) { set, _ in set }
    return LoweredRun.Surroundings(
      repositories: current.repositories.map { compilation.builder[$0.node].label.name },
      variables: variables,
      cleaningIsNothing: !current.mayHavePackageCache)
  }

  /// Says why package commands run as they are written, in an image that may have no package manager.
  private func warn(of reasons: [String], _ instruction: Dockerfile.Instruction) {
    var seen: Set<String> = []
    for reason in reasons where seen.insert(reason).inserted {
      compilation.diagnostics.add(
        .warning(
          "a package command is run as it is written, inside the image: \(reason)", at: instruction.location,
          hint:
            "graph solves plain 'dnf install -y NAME…' and the like itself; section 9.1 of the manual has them all"
        ))
    }
  }

  /// What a RUN sees, with the declared repositories where it names a package manager.
  func withRepositories(_ mounts: RunMounts, for texts: [String]) -> RunMounts {
    state.map { compilation.addRepositories(of: $0, to: mounts, for: texts) } ?? mounts
  }

  private mutating func addRemoval(of paths: [String], step: String, _ instruction: Dockerfile.Instruction) {
    guard var current = state else { return }
    let node = compilation.builder.add(
      Node(
        label: label, step: step + "remove", detail: paths.joined(separator: " "),
        action: Action(
          rule: RemovePathsOperation.rule, arguments: [.init("paths", paths)], inputs: current.layerInputs,
          outputs: [.init("layer", .layer)]),
        location: instruction.location))
    compilation.push(
      OutputReference(node: node, output: "layer"), step: step, to: &current, label: label,
      location: instruction.location)
    current.history.append((instruction.text, current.layers.count - 1))
    state = current
  }
}
