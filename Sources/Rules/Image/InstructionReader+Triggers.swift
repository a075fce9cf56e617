import GraphCore
import Manifests

/// ONBUILD: what a base wants done in the images that are built from it.
extension InstructionReader {
  /// Reads the triggers that the base brought as if they stood right behind FROM, and takes them out of the settings.
  mutating func readTriggers(_ from: Dockerfile.Instruction) throws {
    guard let triggers = state?.settings.onBuild, !triggers.isEmpty else { return }
    try change(.noTriggers, from, isStep: false)
    for text in triggers {
      let (instructions, diagnostics) = DockerfileReader.trigger(text, at: from.location)
      compilation.diagnostics.add(contentsOf: diagnostics)
      if diagnostics.hasErrors { hasFailed = true }
      for instruction in instructions { try read(instruction) }
    }
  }
}
