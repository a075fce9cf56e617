import Formats
import GraphCore

/// Puts packed layers and settings together as an OCI image, and writes the stamps into it: the last and cheapest node
/// of an image, on which no child depends but for the name of its base.
///
/// Outputs: `manifest`, `configuration`, and `layout`, the tree of an OCI image layout that holds all of it.
/// Source: image-spec 1.1, manifest.md, config.md, image-layout.md, annotations.md.
public struct AssembleOperation: Operation {
  static let rule = Action.Rule("image", version: 1)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    guard let settingsBlob = task.input("settings"), let architecture = task.action.architecture else {
      throw GraphError(.bug, "an image without settings or architecture")
    }
    let settings = try ImageSettings(encoded: try store.read(settingsBlob.digest))
    let all = try task.inputs(under: "facts").map {
      try LayerFacts(text: try store.readText($0.artifact.digest))
    }
    let blobs = task.inputs(under: "blob").map(\.artifact.digest)
    let kept = all.indices.filter { !all[$0].isEmpty }
    let epoch = max(all.map(\.epoch).max() ?? 0, LayerDraft.earliest)

    var run = settings.run
    // The label that the field expects beside the configuration's own name of the architecture.
    run.labels["architecture"] = run.labels["architecture"] ?? architecture.names.rpm
    var configuration = ImageConfiguration(
      platform: .init(architecture), created: epoch, run: run, layers: kept.map { all[$0].diffID },
      history: Self.history(task.action, epoch: epoch, kept: Set(kept), layerCount: all.count))
    configuration.author = settings.author
    let configurationDigest = try store.write(configuration.encoded())
    let manifest = ImageManifest(
      configuration: Descriptor(mediaType: MediaType.configuration, digest: configurationDigest),
      layers: kept.map { Descriptor(mediaType: all[$0].mediaType, digest: blobs[$0]) },
      annotations: annotations(task))
    let manifestDigest = try store.write(manifest.encoded())
    let descriptor = Descriptor(
      mediaType: MediaType.manifest, digest: manifestDigest, platform: .init(architecture))
    let layout = try ImageLayout.write(
      top: descriptor, name: task.action.value("tag"),
      blobs: kept.map { blobs[$0] } + [configurationDigest, manifestDigest], to: store)
    return [
      "manifest": Artifact(.blob, manifestDigest), "configuration": Artifact(.blob, configurationDigest),
      "layout": layout,
    ]
  }

  private func annotations(_ task: ActionTask) -> [String: String] {
    var annotations: [String: String] = [:]
    let names = [
      "revision": "org.opencontainers.image.revision", "source": "org.opencontainers.image.source",
      "base": "org.opencontainers.image.base.name", "build-number": "org.opencontainers.image.version",
    ]
    for (argument, annotation) in names {
      if let value = task.action.value(argument) { annotations[annotation] = value }
    }
    if let base = task.input("base") { annotations["org.opencontainers.image.base.digest"] = base.digest.oci }
    return annotations
  }

  /// One step of history for each instruction; exactly as many of them hold a layer as the image has layers.
  private static func history(
    _ action: Action, epoch: Int64, kept: Set<Int>, layerCount: Int
  ) -> [ImageConfiguration.History] {
    var named: Set<Int> = []
    var steps: [ImageConfiguration.History] = []
    for (text, layer) in zip(action.values("history"), action.values("history-layers")) {
      let layer = Int(layer)
      let hasLayer = layer.map { kept.contains($0) && named.insert($0).inserted } ?? false
      steps.append(.init(created: epoch, createdBy: text, isEmptyLayer: !hasLayer))
    }
    for index in (0..<layerCount) where kept.contains(index) && !named.contains(index) {
      steps.append(.init(created: epoch, createdBy: "layer \(index)", isEmptyLayer: false))
    }
    return steps
  }
}

/// The OCI index over the architectures of a label, with its layout.
public struct IndexOperation: Operation {
  static let rule = Action.Rule("index", version: 1)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    var manifests: [Descriptor] = []
    var blobs: [Digest] = []
    for (name, manifest) in task.inputs(under: "manifest") {
      guard let architecture = Architecture(name), let layout = task.input("layout/\(name)") else {
        throw GraphError(.bug, "an index over '\(name)'")
      }
      manifests.append(
        Descriptor(mediaType: MediaType.manifest, digest: manifest.digest, platform: .init(architecture)))
      for entry in try store.readLayer(layout).entries where entry.path.hasPrefix("blobs/sha256/") {
        if case .file(let digest) = entry.content { blobs.append(digest) }
      }
    }
    let index = try store.write(ImageIndex(manifests: manifests).encoded())
    let layout = try ImageLayout.write(
      top: Descriptor(mediaType: MediaType.index, digest: index), name: task.action.value("tag"),
      blobs: blobs + [index], to: store)
    return ["index": Artifact(.blob, index), "layout": layout]
  }
}

extension ImageLayout {
  /// Stores a layout's own files and its tree.
  static func write(top: Descriptor, name: String?, blobs: [Digest], to store: any BlobStore) throws
    -> Artifact
  {
    let files = files(top: top, name: name)
    try store.write(files.layout)
    try store.write(files.index)
    return try store.write(tree(top: top, name: name, blobs: blobs), as: .tree)
  }
}

extension ImageSettings {
  /// As the part of an OCI configuration that a container starts from.
  var run: ImageConfiguration.Run {
    var run = ImageConfiguration.Run()
    run.user = user ?? ""
    run.exposedPorts = (exposedPorts ?? [:]).keys.sorted { $0.precedesInBytes($1) }
    run.environment = environment ?? []
    run.entrypoint = entryPoint ?? []
    run.command = command ?? []
    run.workingDirectory = workingDirectory ?? ""
    run.labels = labels ?? [:]
    run.volumes = (volumes ?? [:]).keys.sorted { $0.precedesInBytes($1) }
    run.stopSignal = stopSignal
    run.shell = shell ?? []
    run.healthCheck = healthCheck.map {
      var check = ImageConfiguration.HealthCheck(test: $0.test)
      (check.interval, check.timeout) = ($0.interval ?? 0, $0.timeout ?? 0)
      (check.startPeriod, check.startInterval) = ($0.startPeriod ?? 0, $0.startInterval ?? 0)
      check.retries = $0.retries ?? 0
      return check
    }
    run.onBuild = onBuild ?? []
    return run
  }
}
