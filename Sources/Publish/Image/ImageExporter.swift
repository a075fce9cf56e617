import Formats
import GraphCore
import Manifests

/// Writes images where a user wants them: layouts, archives, folders and registries.
public struct ImageExporter: Sendable {
  private let store: any BlobStore
  private let registries: SkopeoRegistries
  private let scratch: String
  private let options: Options

  /// How images are written.
  public struct Options: Sendable {
    /// Whether manifests and layers are Docker's; for registries and folders.
    public var isDockerFormat: Bool
    /// A folder of certificates for the registry.
    public var certificates: String?
    /// Whether the registry is spoken to without TLS even where `graph.yml` does not say so.
    public var isInsecure: Bool
    public init(isDockerFormat: Bool = false, certificates: String? = nil, isInsecure: Bool = false) {
      self.isDockerFormat = isDockerFormat
      self.certificates = certificates
      self.isInsecure = isInsecure
    }
  }

  /// Where an image is now.
  public struct Line: Sendable {
    public let label: Label
    /// The name it got there; of one in a registry `docker://REGISTRY/NAME:TAG@sha256:HEX`, and none in a folder.
    public let name: String?
    /// Whether it was there already.
    public let isUnchanged: Bool
  }

  /// - Parameter scratch: a folder for files while they are needed.
  public init(
    store: any BlobStore, registries: SkopeoRegistries, scratch: String, options: Options = Options()
  ) {
    self.store = store
    self.registries = registries
    self.scratch = scratch
    self.options = options
  }

  /// - Parameter images: what image targets deliver, with their labels.
  /// - Throws: `GraphError`; `.usage` where two labels would get one name.
  public func export(
    _ images: [(label: Label, layout: Artifact)], to destination: ExportDestination
  ) async throws -> [Line] {
    let names = try Self.names(of: images.map(\.label), at: destination)
    var contents = try images.map { try ImageContents(layout: $0.layout, store: store) }
    if options.isDockerFormat {
      var format = DockerFormat(scratch: scratch)
      contents = try contents.map { try format.converting($0, store: store) }
    }
    let lines = zip(images, names).map { Line(label: $0.label, name: $1, isUnchanged: false) }
    switch destination {
    case .plain: throw GraphError(.bug, "a plain export is no image's")
    case .layout(let path, _):
      for (image, name) in zip(contents, names) { try LayoutFolder(path).add(image, name: name) }
      return lines
    case .layoutArchive(let path, _):
      for (image, name) in zip(contents, names) {
        try ImageArchive.writeLayout(image, name: name, to: path)
      }
      return lines
    case .dockerArchive(let path, _):
      for (image, label) in zip(contents, images.map(\.label)) where image.images.count != 1 {
        throw GraphError(
          .usage, "\(label) is an index of several architectures, and a docker-archive holds images of one",
          hint: "name one, as in '\(label):\(Architecture.host)', or write an oci-archive:")
      }
      try ImageArchive.writeDocker(zip(contents, names).map { ($0, [$1]) }, to: path)
      return lines
    case .folder(let path):
      for image in contents { try ImageFolder(image).write(to: path) }
      return images.map { Line(label: $0.label, name: nil, isUnchanged: false) }
    case .registry:
      let items = try zip(contents, names).map { try RegistryPublisher.Item($0, name: $1) }
      let publisher = RegistryPublisher(
        registries: registries, scratch: scratch, certificates: options.certificates,
        isInsecure: options.isInsecure)
      let outcomes = try await publisher.publish(items)
      return zip(zip(images, items), outcomes).map { pair, outcome in
        Line(
          label: pair.0.label, name: "docker://\(pair.1.reference)@\(pair.1.contents.top.digest.oci)",
          isUnchanged: outcome == .unchanged)
      }
    }
  }

  private static func names(of labels: [Label], at destination: ExportDestination) throws -> [String] {
    let template: NameTemplate
    switch destination {
    case .plain, .folder: return labels.map(\.description)
    case .layout(_, let name), .layoutArchive(_, let name): template = try name ?? NameTemplate("{tag}")
    case .dockerArchive(_, let name): template = try name ?? NameTemplate("{published-name}:{tag}")
    case .registry(let name): template = name
    }
    var owners: [String: Label] = [:]
    return try labels.map { label in
      let name = try template.name(of: label)
      if let other = owners.updateValue(label, forKey: name) {
        throw GraphError(
          .usage, "\(other) and \(label) would both be called '\(name)'",
          hint: "write a name that tells them apart, with {published-name}, {tag} or {arch}")
      }
      return name
    }
  }
}

extension ExportDestination {
  /// Whether the bytes go to standard output.
  public var isStream: Bool {
    switch self {
    case .layoutArchive(let path, _), .dockerArchive(let path, _): NewFile.isStandardOutput(path)
    default: false
    }
  }
}

extension Workspace {
  /// The name of an image in an engine's storage on this machine: in the workspace's own registry, or in `localhost`
  /// where it has none. The tag of one for a foreign architecture ends in the architecture's name, so that it does not
  /// take the place of this machine's.
  public func localName(of label: Label) -> String {
    let registry = settings.registries.first(where: \.isOwn)?.name.value ?? "localhost"
    let foreign = label.architecture.flatMap { $0 == .host ? nil : "-\($0)" } ?? ""
    return "\(registry)/\(label.publishedName):\(label.publishedTag)\(foreign)"
  }
}
