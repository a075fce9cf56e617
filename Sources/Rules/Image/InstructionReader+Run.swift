import GraphCore
import Manifests
import Resolve

/// RUN: lowered to lock and install where that is exact, else a command in the sandbox.
extension InstructionReader {
  mutating func readRun(_ form: Dockerfile.Form, _ instruction: Dockerfile.Instruction) {
    if !readPackageCommands(form, instruction) { addRun(Self.argv(form), instruction) }
  }

  mutating func addRun(_ argv: [String], _ instruction: Dockerfile.Instruction) {
    guard var current = state else { return }
    var environment = current.settings.environmentByName
    environment.merge(arguments.values) { set, _ in set }
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(number) \(instruction.keyword)", detail: instruction.detail,
        action: Action(
          rule: .init("run", version: 1), environment: environment, architecture: architecture,
          inputs: current.layerInputs, outputs: [.init("layer", .layer)],
          command: Command(
            argv: argv, workingDirectory: current.settings.workingDirectory ?? "/", root: .layers,
            collects: [.init(output: "layer", from: .changes)],
            discards: ["/var/cache/ldconfig/aux-cache"], user: current.settings.user ?? ""),
          limits: .init(memoryMegabytes: 512)),
        location: instruction.location, isOpaque: true))
    runs.append(node)
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

  static func argv(_ form: Dockerfile.Form) -> [String] {
    switch form {
    case .exec(let argv): argv
    case .shell(let text): ["/bin/sh", "-c", text]
    }
  }
}
