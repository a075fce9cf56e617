import GraphCore
import Manifests

/// What the language has and nothing builds yet: an error at its line, never another meaning.
extension InstructionReader {
  mutating func refuses(_ instruction: Dockerfile.Instruction) -> Bool {
    let feature: String?
    switch instruction.kind {
    case .add: feature = "ADD"
    case .copy(let copy):
      feature =
        copy.from != nil
        ? "COPY --from"
        : copy.isLinked
          ? "COPY --link"
          : copy.keepsParents
            ? "COPY --parents"
            : !copy.excludes.isEmpty
              ? "COPY --exclude" : !copy.hereDocuments.isEmpty ? "a here-document of COPY" : nil
    default: feature = nil
    }
    guard let feature else { return false }
    fail("\(feature) is not built yet", instruction)
    return true
  }
}
