import GraphCore
import Manifests
import Synchronization

/// The stages of the images of one workspace, each worked out once: resolving, checking and compiling all ask for them.
final class StagePlans: Sendable {
  private struct Key: Hashable {
    let label: Label
    let architecture: Architecture
  }

  private let plans = Mutex<[Key: StagePlan]>([:])

  func plan(
    of image: ResolvedImage, for architecture: Architecture, make: () -> StagePlan
  ) -> StagePlan {
    let key = Key(label: image.entry.label, architecture: architecture)
    if let known = plans.withLock({ $0[key] }) { return known }
    let plan = make()
    plans.withLock { $0[key] = plan }
    return plan
  }
}

extension ImageNames {
  /// The stages of an image for an architecture.
  func stages(
    of image: ResolvedImage, for architecture: Architecture, in workspace: Workspace
  ) -> StagePlan {
    plans.plan(of: image, for: architecture) {
      StagePlan(
        image.dockerfile, for: architecture, build: workspace.buildArchitecture, options: image.options,
        names: self)
    }
  }
}
