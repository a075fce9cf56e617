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
    if readPackageCommands(run, mounts, instruction) { return }
    let script = RunScript(run, argv: argv, origin: "\(instruction.location)")
    let texts = script.argv + run.hereDocuments.map(\.content)
    addRun(script.argv, instruction, withRepositories(mounts.adding(script), for: texts))
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
