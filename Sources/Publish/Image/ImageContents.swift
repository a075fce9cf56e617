import Formats
import GraphCore

/// An image, or an index over several, with the bytes of everything it consists of.
///
/// What an image target delivers is an OCI layout in the store; what is published may have other documents and layers
/// beside it, made for that purpose alone.
public struct ImageContents: Sendable {
  /// What the name points to: a manifest or an index.
  public let top: Descriptor
  /// The images, in the index's order; one where `top` is a manifest.
  public let images: [Image]
  private let store: any BlobStore
  private let made: [Digest: Made]

  /// One image: how the index describes it, and its manifest.
  public struct Image: Sendable {
    public let descriptor: Descriptor
    public let manifest: ImageManifest
  }

  /// Bytes that are not in the store.
  enum Made: Sendable {
    case bytes([UInt8])
    case file(String)
  }

  init(top: Descriptor, images: [Image], store: any BlobStore, made: [Digest: Made]) {
    (self.top, self.images, self.store, self.made) = (top, images, store, made)
  }

  /// Reads what an image target delivers.
  ///
  /// - Throws: `GraphError(.usage)` where the artifact is no image; `MissingBlob`.
  public init(layout: Artifact, store: any BlobStore) throws {
    let entries = layout.kind == .tree ? try store.readLayer(layout).entries : []
    let digests = entries.compactMap { entry -> Digest? in
      if entry.path == "index.json", case .file(let digest) = entry.content { digest } else { nil }
    }
    guard let digest = digests.first, entries.contains(where: { $0.path == "oci-layout" }),
      var top = try ImageIndex(decoding: try store.read(digest)).manifests.first
    else {
      throw GraphError(
        .usage, "what is to be published is no image", hint: "'graph ls -l' says which targets are")
    }
    top.annotations = [:]
    self.top = top
    self.store = store
    made = [:]
    let descriptors =
      MediaType.isIndex(top.mediaType)
      ? try ImageIndex(decoding: try store.read(top.digest)).manifests : [top]
    images = try descriptors.map {
      Image(descriptor: $0, manifest: try ImageManifest(decoding: try store.read($0.digest)))
    }
  }

  public var isIndex: Bool { MediaType.isIndex(top.mediaType) }

  /// Everything that the image consists of, each once: layers and configurations, then manifests, then `top`.
  public var digests: [Digest] {
    var seen: Set<Digest> = []
    let blobs = images.flatMap { image in
      image.manifest.layers.map(\.digest) + [image.manifest.configuration.digest]
    }
    return (blobs + images.map(\.descriptor.digest) + [top.digest]).filter { seen.insert($0).inserted }
  }

  func read(_ digest: Digest) throws -> [UInt8] {
    switch made[digest] {
    case .bytes(let bytes): return bytes
    case .file(let path): return try OpenFile(reading: path).readAll(atMost: Int(digest.size))
    case nil: return try store.read(digest)
    }
  }

  /// Hands the bytes of a blob on in pieces, verified at the end.
  func stream(_ digest: Digest, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    switch made[digest] {
    case .bytes(let bytes): try bytes.withUnsafeBytes { try sink($0) }
    case .file(let path): try OpenFile(reading: path).forEachChunk(sink)
    case nil: try store.stream(digest, to: sink)
    }
  }

  /// Writes a blob as a new file: whole, or not at all.
  func export(_ digest: Digest, to path: String) throws {
    if made[digest] == nil { return try store.exportFile(digest, to: path, mode: 0o644) }
    try NewFile.write(to: path) { sink in try stream(digest, to: sink) }
  }

  /// Hands the tar archive of a layer on, whatever it is compressed with.
  func streamArchive(of layer: Descriptor, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    switch layer.mediaType {
    case MediaType.layer, MediaType.dockerLayer: try stream(layer.digest, to: sink)
    case MediaType.layerGzip, MediaType.dockerLayerGzip:
      var decompressor = try GzipDecompressor(limit: .max)
      try stream(layer.digest) { try decompressor.update($0, to: sink) }
      try decompressor.finish()
    case MediaType.layerZstd:
      var decompressor = try ZstdDecompressor(limit: .max)
      try stream(layer.digest) { try decompressor.update($0, to: sink) }
      try decompressor.finish()
    default: throw GraphError(.user, "a layer of the type '\(layer.mediaType)' cannot be unpacked")
    }
  }
}
