import GraphCore

/// How an image is run and what it is made of. Source: OCI image specification 1.1, config.md; `Shell`, `Healthcheck` and
/// `OnBuild` are Docker's own, which that specification reserves (Docker image specification 1.2).
public struct ImageConfiguration: Hashable, Sendable {
  public var platform: Descriptor.Platform
  /// Who maintains the image.
  public var author: String?
  /// Seconds since 1970.
  public var created: Int64?
  public var run: Run
  /// The digests of the uncompressed layers, lowest first, as `sha256:hex`: their sizes are not in the document.
  public var layerDigests: [String]
  public var history: [History]

  /// What a container of the image starts with.
  public struct Run: Hashable, Sendable {
    public var user = ""
    /// `80/tcp`, sorted.
    public var exposedPorts: [String] = []
    /// `NAME=value`, in the order they were set.
    public var environment: [String] = []
    public var entrypoint: [String] = []
    public var command: [String] = []
    public var volumes: [String] = []
    public var workingDirectory = ""
    public var labels: [String: String] = [:]
    public var stopSignal: String?
    /// What runs commands in shell form; empty where nothing else than the default was chosen.
    public var shell: [String] = []
    public var healthCheck: HealthCheck?
    /// Instructions for the images that are built from this one.
    public var onBuild: [String] = []
    public init() {}
  }

  /// How an engine finds out whether a container is well. Durations are in nanoseconds; 0 is the engine's default.
  public struct HealthCheck: Hashable, Sendable {
    /// `NONE`; `CMD` and the words of a command; or `CMD-SHELL` and a text for the shell.
    public var test: [String]
    public var interval: Int64 = 0
    public var timeout: Int64 = 0
    public var startPeriod: Int64 = 0
    public var startInterval: Int64 = 0
    public var retries: Int64 = 0
    public init(test: [String]) { self.test = test }
  }

  /// One step that made the image.
  public struct History: Hashable, Sendable {
    public var created: Int64?
    public var createdBy: String?
    public var comment: String?
    /// Whether the step changed no files, so that no layer stands for it.
    public var isEmptyLayer: Bool
    public init(created: Int64?, createdBy: String?, comment: String? = nil, isEmptyLayer: Bool = false) {
      self.created = created
      self.createdBy = createdBy
      self.comment = comment
      self.isEmptyLayer = isEmptyLayer
    }
  }

  public init(
    platform: Descriptor.Platform, created: Int64?, run: Run = Run(), layers: [Digest] = [],
    history: [History] = []
  ) {
    self.platform = platform
    self.created = created
    self.run = run
    layerDigests = layers.map(\.oci)
    self.history = history
  }

  /// The canonical bytes.
  public func encoded() -> [UInt8] {
    func time(_ seconds: Int64?) -> JSON? { seconds.map { .string(ISO8601.text(ofEpoch: $0)) } }
    func set(_ names: [String]) -> JSON? {
      names.isEmpty
        ? nil : .object(Dictionary(names.map { ($0, JSON.object([:])) }, uniquingKeysWith: { $1 }))
    }
    func text(_ value: String) -> JSON? { value.isEmpty ? nil : .string(value) }
    let config = JSON.object([
      "User": text(run.user), "ExposedPorts": set(run.exposedPorts), "Env": .list(run.environment),
      "Entrypoint": .list(run.entrypoint), "Cmd": .list(run.command), "Volumes": set(run.volumes),
      "WorkingDir": text(run.workingDirectory), "Labels": .map(run.labels),
      "StopSignal": run.stopSignal.map { .string($0) }, "Shell": .list(run.shell),
      "Healthcheck": run.healthCheck?.json, "OnBuild": .list(run.onBuild),
    ])
    let history = history.map { step in
      JSON.object([
        "created": time(step.created), "created_by": step.createdBy.map { .string($0) },
        "comment": step.comment.map { .string($0) }, "empty_layer": step.isEmptyLayer ? .bool(true) : nil,
      ])
    }
    return JSON.object([
      "author": author.map { .string($0) }, "architecture": .string(platform.architecture),
      "os": .string(platform.os),
      "variant": platform.variant.map { .string($0) }, "created": time(created), "config": config,
      "rootfs": .object(["type": .string("layers"), "diff_ids": .array(layerDigests.map { .string($0) })]),
      "history": history.isEmpty ? nil : .array(history),
    ]).encoded()
  }

  /// Reads an OCI or Docker configuration. Fields that have no meaning here are passed over.
  ///
  /// - Throws: `FormatError` that names the field.
  public init(decoding bytes: [UInt8]) throws {
    let document = try RawDescriptor.decode(RawConfiguration.self, bytes, "the image configuration")
    for digest in document.rootfs.diff_ids where Digest(oci: digest, size: 0) == nil {
      throw FormatError(
        "the image configuration has the layer digest '\(digest)', which is no SHA-256 digest")
    }
    platform = .init(architecture: document.architecture, os: document.os, variant: document.variant)
    created = document.created.flatMap(ISO8601.epoch)
    author = document.author.flatMap { $0.isEmpty ? nil : $0 }
    layerDigests = document.rootfs.diff_ids
    history = (document.history ?? []).map {
      History(
        created: $0.created.flatMap(ISO8601.epoch), createdBy: $0.created_by, comment: $0.comment,
        isEmptyLayer: $0.empty_layer ?? false)
    }
    run = Run()
    guard let config = document.config else { return }
    run.user = config.User ?? ""
    run.exposedPorts = (config.ExposedPorts ?? [:]).keys.sorted { $0.precedesInBytes($1) }
    run.environment = config.Env ?? []
    run.entrypoint = config.Entrypoint ?? []
    run.command = config.Cmd ?? []
    run.volumes = (config.Volumes ?? [:]).keys.sorted { $0.precedesInBytes($1) }
    run.workingDirectory = config.WorkingDir ?? ""
    run.labels = config.Labels ?? [:]
    run.stopSignal = config.StopSignal.flatMap { $0.isEmpty ? nil : $0 }
    run.shell = config.Shell ?? []
    run.healthCheck = config.Healthcheck.map(HealthCheck.init)
    run.onBuild = config.OnBuild ?? []
  }
}

extension ImageConfiguration.HealthCheck {
  fileprivate var json: JSON {
    func number(_ value: Int64) -> JSON? { value == 0 ? nil : .number(value) }
    return .object([
      "Test": .list(test), "Interval": number(interval), "Timeout": number(timeout),
      "StartPeriod": number(startPeriod), "StartInterval": number(startInterval), "Retries": number(retries),
    ])
  }

  fileprivate init(_ raw: RawConfiguration.Check) {
    self.init(test: raw.Test ?? [])
    (interval, timeout) = (raw.Interval ?? 0, raw.Timeout ?? 0)
    (startPeriod, startInterval) = (raw.StartPeriod ?? 0, raw.StartInterval ?? 0)
    retries = raw.Retries ?? 0
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
/// The document's own names.
private struct RawConfiguration: Decodable {
  var architecture: String
  var os: String
  var variant: String?
  var author: String?
  var created: String?
  var config: Config?
  var rootfs: RootFS
  var history: [Step]?

  struct Nothing: Decodable {}
  struct RootFS: Decodable { var diff_ids: [String] }
  struct Config: Decodable {
    var User: String?
    var ExposedPorts: [String: Nothing]?
    var Env: [String]?
    var Entrypoint: [String]?
    var Cmd: [String]?
    var Volumes: [String: Nothing]?
    var WorkingDir: String?
    var Labels: [String: String]?
    var StopSignal: String?
    var Shell: [String]?
    var Healthcheck: Check?
    var OnBuild: [String]?
  }
  struct Check: Decodable {
    var Test: [String]?
    var Interval: Int64?
    var Timeout: Int64?
    var StartPeriod: Int64?
    var StartInterval: Int64?
    var Retries: Int64?
  }
  struct Step: Decodable {
    var created: String?
    var created_by: String?
    var comment: String?
    var empty_layer: Bool?
  }
}
