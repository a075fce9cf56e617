import GraphCore
import Manifests

/// What the language has and nothing builds yet: an error at its line, never another meaning.
extension InstructionReader {
  mutating func refuses(_ instruction: Dockerfile.Instruction) -> Bool {
    let feature: String?
    switch instruction.kind {
    case .run(let run):
      feature =
        !run.mounts.isEmpty
        ? "RUN --mount"
        : run.network == .host
          ? "RUN --network=host"
          : run.hereDocuments.isEmpty ? nil : "a here-document that is a program"
    default: feature = nil
    }
    guard let feature else { return false }
    fail("\(feature) is not built yet", instruction)
    return true
  }
}
