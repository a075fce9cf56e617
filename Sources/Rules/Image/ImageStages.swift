import GraphCore
import Manifests
import Resolve

/// The stages of one image for one architecture, each read when something needs it, so that what nothing needs is no
/// part of the graph, and stages that do not need each other have no edge between them.
final class ImageStages {
  let compilation: Compilation
  let image: ResolvedImage
  let label: Label
  let plan: StagePlan
  /// The steps that run in a sandbox.
  var runs: [NodeID] = []
  /// An image that is needed and could not be brought, and where it is named.
  var unresolved: Located<Label>?
  private var readers: [Int: InstructionReader] = [:]

  init(compilation: Compilation, image: ResolvedImage, label: Label, architecture: Architecture) {
    (self.compilation, self.image, self.label) = (compilation, image, label)
    plan = compilation.resolved.stages(of: image, for: architecture)
  }

  /// Whether the steps of a stage are named with it: where there is more than one.
  var isSeveral: Bool { plan.stages.count > 1 }

  /// The state that is the image; `nil` where something was wrong, which has been reported.
  func finishedState() throws -> ImageState? {
    plan.faults.forEach { compilation.diagnostics.add($0) }
    guard plan.faults.isEmpty, let target = plan.target else { return nil }
    // From the top, so that what is wrong in any of them is told.
    for number in plan.used { _ = try reader(of: number) }
    guard let state = try state(of: target) else { return nil }
    let stage = plan.stages[target]
    guard stage.architecture == plan.architecture else {
      compilation.diagnostics.add(
        .error(
          "the image for \(plan.architecture) would be one of \(stage.architecture)",
          at: stage.from.image.location,
          hint:
            "the stage that is the image is built for its own architecture: leave --platform out, or write "
            + "--platform=$TARGETPLATFORM"))
      return nil
    }
    return state
  }

  /// The state after the last instruction of a stage; `nil` where something was wrong, which has been reported.
  func state(of number: Int) throws -> ImageState? { try reader(of: number).finishedState }

  /// The reader of a stage, at the stage's end. A stage names only stages above it, so that this ends.
  func reader(of number: Int) throws -> InstructionReader {
    if let known = readers[number] { return known }
    var reader = InstructionReader(self, plan.stages[number])
    for instruction in reader.stage.instructions { try reader.read(instruction) }
    readers[number] = reader
    return reader
  }
}
