import Formats
import Glibc
import GraphCore

/// The same image as Docker's registries had it before OCI: manifests of version 2, schema 2, and gzip layers.
///
/// Configurations are the same bytes, so the image's id stays. Annotations have no place there and are left out.
/// Source: Docker image manifest version 2, schema 2.
public struct DockerFormat {
  private let scratch: String
  /// Layers that were compressed anew, by their former digest: images share them.
  private var layers: [Digest: (descriptor: Descriptor, path: String?)] = [:]

  /// - Parameter scratch: a folder for layers that are compressed anew; they are needed as long as the image is.
  public init(scratch: String) { self.scratch = scratch }

  public mutating func converting(_ contents: ImageContents, store: any BlobStore) throws -> ImageContents {
    var made: [Digest: ImageContents.Made] = [:]
    var images: [ImageContents.Image] = []
    for image in contents.images {
      var manifest = ImageManifest(
        configuration: Descriptor(
          mediaType: MediaType.dockerConfiguration, digest: image.manifest.configuration.digest),
        layers: try image.manifest.layers.map { layer in
          let converted = try converting(layer, of: contents)
          if let path = converted.path { made[converted.descriptor.digest] = .file(path) }
          return converted.descriptor
        })
      manifest.mediaType = MediaType.dockerManifest
      let bytes = manifest.encoded()
      let digest = Digest(of: bytes)
      made[digest] = .bytes(bytes)
      images.append(
        .init(
          descriptor: Descriptor(
            mediaType: MediaType.dockerManifest, digest: digest, platform: image.descriptor.platform),
          manifest: manifest))
    }
    if !contents.isIndex, let only = images.first {
      return ImageContents(top: only.descriptor, images: images, store: store, made: made)
    }
    var index = ImageIndex(manifests: images.map(\.descriptor))
    index.mediaType = MediaType.dockerIndex
    let bytes = index.encoded()
    made[Digest(of: bytes)] = .bytes(bytes)
    return ImageContents(
      top: Descriptor(mediaType: MediaType.dockerIndex, digest: Digest(of: bytes)), images: images,
      store: store, made: made)
  }

  private mutating func converting(
    _ layer: Descriptor, of contents: ImageContents
  ) throws -> (descriptor: Descriptor, path: String?) {
    if let known = layers[layer.digest] { return known }
    let result: (descriptor: Descriptor, path: String?)
    if [MediaType.layerGzip, MediaType.dockerLayerGzip].contains(layer.mediaType) {
      result = (Descriptor(mediaType: MediaType.dockerLayerGzip, digest: layer.digest), nil)
    } else {
      let path = "\(scratch)/docker-\(layer.digest.hex)"
      let file = try OpenFile(creating: path)
      var hasher = DigestHasher()
      func write(_ bytes: UnsafeRawBufferPointer) throws {
        hasher.update(bytes)
        try file.write(bytes)
      }
      var compressor = try GzipCompressor()
      try contents.streamArchive(of: layer) { try compressor.update($0, to: write) }
      try compressor.finish(to: write)
      result = (Descriptor(mediaType: MediaType.dockerLayerGzip, digest: hasher.finish()), path)
    }
    layers[layer.digest] = result
    return result
  }
}
