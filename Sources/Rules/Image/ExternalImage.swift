import Formats
import GraphCore
import Manifests
import Resolve

/// Images of registries outside the workspace, pinned by manifest digest in the snapshot.
extension Compilation {
  /// The state that an external image is; `nil` where the snapshot has no pin for it, which resolving has reported.
  func externalState(
    _ reference: String, label: Label, architecture: Architecture, location: SourceLocation
  ) throws -> ImageState? {
    let place = "\(label) \(reference) \(architecture)"
    if let known = externals[place] { return known }
    guard let pin = imagePin(reference, architecture) else {
      let absent = Snapshot.AbsentImage(reference: reference, architecture: architecture.name)
      if resolved.snapshot.absentImages?.contains(absent) == true {
        lacks("the image '\(reference)', which its registry does not have for \(architecture)", at: location)
      }
      return nil
    }
    let configuration = try ImageConfiguration(decoding: Array(pin.configuration.utf8))
    var settings = ImageSettings(configuration.run)
    settings.author = configuration.author
    var isInsecure = false
    if case .external(_, isInsecure: let insecure) = resolved.names.meaning(of: reference) {
      isInsecure = insecure
    }
    let outputs = (0..<pin.layerCount).flatMap { index -> [Action.Output] in
      let number = ImageState.number(index)
      return [
        .init("layer/\(number)", .layer), .init("blob/\(number)", .blob), .init("facts/\(number)", .blob),
      ]
    }
    var hints = ["reference": reference, "insecure": isInsecure ? "yes" : "no"]
    hints[Action.fetchBytesHint] = pin.size.map { "\($0)" }
    let node = builder.add(
      Node(
        label: label, step: "pull \(reference)",
        action: Action(
          rule: PullOperation.rule, arguments: [.init("manifest", pin.manifest)], outputs: outputs,
          limits: .init(isWaiting: true),
          hints: hints),
        location: location))
    let leaf = Leaf.text(String(decoding: try settings.encoded(), as: UTF8.self), origin: reference)
    var state = ImageState(settings: settings, settingsSource: .leaf(leaf))
    for index in 0..<pin.layerCount {
      let number = ImageState.number(index)
      state.layers.append(
        .init(
          recipe: OutputReference(node: node, output: "layer/\(number)"),
          blob: OutputReference(node: node, output: "blob/\(number)"),
          facts: OutputReference(node: node, output: "facts/\(number)")))
      // Its own steps are its own; but each layer of the history stands in the place of its layer.
      state.history.append(("FROM \(reference)", index))
    }
    state.base = (reference, manifest: nil)
    externals[place] = state
    return state
  }
}

extension ImageSettings {
  /// The part of an image's configuration that children inherit.
  init(_ run: ImageConfiguration.Run) {
    self.init()
    user = run.user.isEmpty ? nil : run.user
    exposedPorts =
      run.exposedPorts.isEmpty
      ? nil : Dictionary(run.exposedPorts.map { ($0, Empty()) }, uniquingKeysWith: { first, _ in first })
    environment = run.environment.isEmpty ? nil : run.environment
    entryPoint = run.entrypoint.isEmpty ? nil : run.entrypoint
    command = run.command.isEmpty ? nil : run.command
    labels = run.labels.isEmpty ? nil : run.labels
    workingDirectory = run.workingDirectory.isEmpty ? nil : run.workingDirectory
    volumes =
      run.volumes.isEmpty
      ? nil : Dictionary(run.volumes.map { ($0, Empty()) }, uniquingKeysWith: { first, _ in first })
    stopSignal = run.stopSignal
    shell = run.shell.isEmpty ? nil : run.shell
    healthCheck = run.healthCheck.flatMap {
      // Without a test it changes nothing of what the parent says, and there is none.
      $0.test.isEmpty ? nil : HealthCheck($0)
    }
    onBuild = run.onBuild.isEmpty ? nil : run.onBuild
  }
}

extension ImageSettings.HealthCheck {
  fileprivate init(_ check: ImageConfiguration.HealthCheck) {
    self.init(test: check.test)
    func said(_ value: Int64) -> Int64? { value == 0 ? nil : value }
    (interval, timeout) = (said(check.interval), said(check.timeout))
    (startPeriod, startInterval) = (said(check.startPeriod), said(check.startInterval))
    retries = said(check.retries)
  }
}

/// Brings a pinned image from its registry, layer by layer. The layers' own compressed blobs are kept, so that what is
/// built on them shares them with the registry.
public struct PullOperation: Operation {
  static let rule = Action.Rule("pull", version: 1)
  public var rule: Action.Rule { Self.rule }

  private let registries: any ImageRegistries
  private let scratch: String
  private let isOffline: Bool

  public init(registries: any ImageRegistries, scratch: String, isOffline: Bool) {
    self.registries = registries
    self.scratch = scratch
    self.isOffline = isOffline
  }

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    guard let manifestHex = task.action.value("manifest"), let reference = task.action.hints["reference"]
    else { throw GraphError(.bug, "a pull without manifest or reference") }
    if isOffline {
      throw GraphError(.unavailable, "image '\(reference)' has to be pulled, and --offline forbids it")
    }
    let folder = "\(scratch)/pull-\(task.key)"
    defer { try? Folders.remove(folder) }
    try await registries.pull(
      reference, manifest: manifestHex, insecure: task.action.hints["insecure"] == "yes", into: folder)
    let manifestBytes = try OpenFile(reading: "\(folder)/manifest.json").readAll(atMost: 16 << 20)
    guard Digest(of: manifestBytes).hex == manifestHex else {
      throw GraphError(.environment, "'\(reference)' is not the manifest that the snapshot pins")
    }
    let manifest = try ImageManifest(decoding: manifestBytes)
    let configuration = try ImageConfiguration(
      decoding: try OpenFile(reading: "\(folder)/\(manifest.configuration.digest.hex)").readAll(
        atMost: 16 << 20))
    var outputs: [String: Artifact] = [:]
    for (index, descriptor) in manifest.layers.enumerated() {
      let number = ImageState.number(index)
      let path = "\(folder)/\(descriptor.digest.hex)"
      let layer = try TarReader.readLayer(at: path, store: store)
      guard index < configuration.layerDigests.count,
        let diffID = Digest(oci: configuration.layerDigests[index], size: 0)
      else { throw GraphError(.environment, "'\(reference)' has more layers than its configuration names") }
      outputs["layer/\(number)"] = try store.write(layer, as: .layer)
      outputs["blob/\(number)"] = Artifact(.blob, try store.importFile(at: path, expected: descriptor.digest))
      let facts = LayerFacts(
        diffID: diffID, mediaType: MediaType.ociLayer(for: descriptor.mediaType), epoch: layer.epoch,
        isEmpty: false)
      outputs["facts/\(number)"] = Artifact(.blob, try store.write(Array(facts.text.utf8)))
    }
    return outputs
  }
}

extension MediaType {
  /// The OCI name of a layer's media type, which Docker's are other names of.
  static func ociLayer(for type: String) -> String {
    switch type {
    case dockerLayerGzip: layerGzip
    case dockerLayer: layer
    default: type
    }
  }
}
