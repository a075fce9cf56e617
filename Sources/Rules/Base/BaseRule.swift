import GraphCore
import Manifests

/// `bases:` of `graph.d`: an image made of packages alone, installed into an empty root.
extension Compilation {
  func compile(_ base: BaseImage, _ label: Label) throws -> ImageState? {
    guard let architecture = label.architecture else { return nil }
    var settings = ImageSettings()
    settings.setEnvironment("PATH", ImageSettings.defaultPath)
    for (name, value) in base.environment.sorted(by: { $0.key.precedesInBytes($1.key) }) {
      settings.setEnvironment(name, value)
    }
    settings.command = base.command.isEmpty ? nil : base.command
    settings.labels = base.labels.isEmpty ? nil : base.labels
    let leaf = Leaf.text(
      String(decoding: try settings.encoded(), as: UTF8.self), origin: "\(base.label.value) settings")
    var state = ImageState(settings: settings, settingsSource: .leaf(leaf))
    for repository in base.repositories {
      guard let output = try repositoryOutput(repository.value.on(architecture), at: repository.location)
      else {
        return nil
      }
      state.repositories.append(output)
    }
    let packages = base.packages.map(\.value)
    addInstallation(
      PackageTransaction(packages: packages, weakDependencies: false), step: "", text: "packages",
      to: &state,
      label: label, architecture: architecture, location: base.label.location)
    finish(state, label: label, revision: nil, runs: [], location: base.label.location)
    return state
  }
}
