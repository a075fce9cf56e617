import GraphCore

/// An image of one platform: its configuration and its layers, lowest first.
public struct ImageManifest: Hashable, Sendable {
  public var mediaType: String
  public var configuration: Descriptor
  public var layers: [Descriptor]
  public var annotations: [String: String]

  public init(configuration: Descriptor, layers: [Descriptor], annotations: [String: String] = [:]) {
    mediaType = MediaType.manifest
    self.configuration = configuration
    self.layers = layers
    self.annotations = annotations
  }

  /// The canonical bytes.
  public func encoded() -> [UInt8] {
    JSON.object([
      "schemaVersion": .number(2), "mediaType": .string(mediaType), "config": configuration.json,
      "layers": .array(layers.map(\.json)), "annotations": .map(annotations),
    ]).encoded()
  }

  /// Reads an OCI or Docker schema 2 manifest.
  ///
  /// - Throws: `FormatError` that names the field.
  public init(decoding bytes: [UInt8]) throws {
    struct Document: Decodable {
      var schemaVersion: Int
      var mediaType: String?
      var config: RawDescriptor
      var layers: [RawDescriptor]
      var annotations: [String: String]?
    }
    struct Version: Decodable { var schemaVersion: Int }
    let version = try RawDescriptor.decode(Version.self, bytes, "the manifest").schemaVersion
    guard version == 2 else {
      throw FormatError(
        "the manifest has schema version \(version): push the image again with a current tool")
    }
    let document = try RawDescriptor.decode(Document.self, bytes, "the manifest")
    let configuration = try document.config.checked("the manifest's config")
    mediaType =
      document.mediaType
      ?? (configuration.mediaType == MediaType.dockerConfiguration
        ? MediaType.dockerManifest : MediaType.manifest)
    guard MediaType.isManifest(mediaType) else { throw FormatError("'\(mediaType)' is no image manifest") }
    self.configuration = configuration
    layers = try document.layers.enumerated().map { try $1.checked("layer \($0 + 1) of the manifest") }
    annotations = document.annotations ?? [:]
  }
}

/// Images of several platforms under one name.
public struct ImageIndex: Hashable, Sendable {
  public var mediaType: String
  public var manifests: [Descriptor]
  public var annotations: [String: String]

  public init(manifests: [Descriptor], annotations: [String: String] = [:]) {
    mediaType = MediaType.index
    self.manifests = manifests
    self.annotations = annotations
  }

  /// The canonical bytes.
  public func encoded() -> [UInt8] {
    JSON.object([
      "schemaVersion": .number(2), "mediaType": .string(mediaType),
      "manifests": .array(manifests.map(\.json)),
      "annotations": .map(annotations),
    ]).encoded()
  }

  /// Reads an OCI index or a Docker manifest list.
  ///
  /// - Throws: `FormatError` that names the field.
  public init(decoding bytes: [UInt8]) throws {
    struct Document: Decodable {
      var mediaType: String?
      var manifests: [RawDescriptor]
      var annotations: [String: String]?
    }
    let document = try RawDescriptor.decode(Document.self, bytes, "the index")
    mediaType = document.mediaType ?? MediaType.index
    guard MediaType.isIndex(mediaType) else { throw FormatError("'\(mediaType)' is no image index") }
    manifests = try document.manifests.enumerated().map { try $1.checked("manifest \($0 + 1) of the index") }
    annotations = document.annotations ?? [:]
  }

  /// The image that runs on `architecture`; attestations and other things that are no images are passed over.
  public func manifest(for architecture: Architecture) -> Descriptor? {
    manifests.first { MediaType.isManifest($0.mediaType) && $0.platform?.matches(architecture) ?? false }
  }
}
