import GraphCore
import Manifests

/// Instructions that change how a container starts, and no files.
extension InstructionReader {
  mutating func change(
    _ change: SettingsChange, _ instruction: Dockerfile.Instruction, layer: Int? = nil
  ) throws {
    guard var current = state else { return }
    change.apply(to: &current.settings)
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(number) settings", detail: instruction.shortText,
        action: Action(
          rule: ConfigureOperation.rule, arguments: change.arguments,
          inputs: [Input("settings", current.settingsSource)], outputs: [.init("settings", .blob)]),
        location: instruction.location))
    current.settingsSource = .output(node, "settings")
    current.history.append((instruction.text, layer))
    state = current
  }

  static func isPort(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 1 || (parts.count == 2 && ["tcp", "udp"].contains(parts[1])) else { return false }
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) ?? 0 }
    return (1...2).contains(ends.count) && ends.allSatisfy { $0 > 0 } && ends[0] <= ends[ends.count - 1]
  }
}
