import Formats
import GraphCore

/// Images as one tar archive, written here so that the same images give the same bytes: sorted members, no times, no
/// owners.
enum ImageArchive {
  /// An OCI layout as an archive, as skopeo's `oci-archive:` and `podman load` take it.
  ///
  /// - Parameter name: what tools call the image: a tag, or a whole name.
  static func writeLayout(_ contents: ImageContents, name: String, to path: String) throws {
    let files = ImageLayout.files(top: contents.top, name: name)
    let documents = [Digest(of: files.layout): files.layout, Digest(of: files.index): files.index]
    let tree = ImageLayout.tree(top: contents.top, name: name, blobs: contents.digests)
    try NewFile.write(toFileOrPipe: path) { sink in
      try TarWriter.write(
        tree,
        stream: { digest, sink in
          if let bytes = documents[digest] {
            try bytes.withUnsafeBytes { try sink($0) }
          } else {
            try contents.stream(digest, to: sink)
          }
        }, to: sink)
    }
  }

  /// Images as `docker load` and `podman load` take them: `manifest.json`, each configuration as `HEX.json`, each layer
  /// uncompressed as `HEX.tar`, once however many images share it. Source: Docker image specification 1.2, "Combined
  /// Image JSON + Filesystem Changeset Format".
  ///
  /// - Parameter images: each of one architecture, with its names, `[registry/]path:tag`.
  static func writeDocker(_ images: [(contents: ImageContents, names: [String])], to path: String) throws {
    var entries: [Digest: Layer.Entry] = [:]
    var sources: [Digest: (contents: ImageContents, layer: Descriptor?)] = [:]
    var list: [JSON] = []
    for (contents, names) in images {
      guard contents.images.count == 1, let manifest = contents.images.first?.manifest else {
        throw GraphError(.bug, "an index of several architectures for a docker-archive")
      }
      let configuration = manifest.configuration.digest
      let identities = try ImageConfiguration(decoding: try contents.read(configuration)).layerDigests
      guard identities.count == manifest.layers.count else {
        throw GraphError(.environment, "an image has other layers than its configuration names")
      }
      let layers = try zip(manifest.layers, identities).map { layer, identity in
        let digest = try archive(of: layer, identity, in: contents)
        sources[digest] = (contents, layer)
        entries[digest] = Layer.Entry(path: "\(digest.hex).tar", content: .file(digest), mode: 0o644)
        return "\(digest.hex).tar"
      }
      sources[configuration] = (contents, nil)
      entries[configuration] = Layer.Entry(
        path: "\(configuration.hex).json", content: .file(configuration), mode: 0o644)
      list.append(
        .object([
          "Config": .string("\(configuration.hex).json"),
          "RepoTags": .array(names.map { .string($0) }), "Layers": .array(layers.map { .string($0) }),
        ]))
    }
    let document = JSON.array(list).encoded()
    let top = Layer.Entry(path: "manifest.json", content: .file(Digest(of: document)), mode: 0o644)
    try NewFile.write(toFileOrPipe: path) { sink in
      try TarWriter.write(
        Layer(entries: Array(entries.values) + [top]),
        stream: { digest, sink in
          guard let source = sources[digest] else { return try document.withUnsafeBytes { try sink($0) } }
          if let layer = source.layer {
            try source.contents.streamArchive(of: layer, to: sink)
          } else {
            try source.contents.stream(digest, to: sink)
          }
        }, to: sink)
    }
  }

  /// The digest of a layer's uncompressed archive, whose size no document has.
  private static func archive(
    of layer: Descriptor, _ identity: String, in contents: ImageContents
  ) throws -> Digest {
    var hasher = DigestHasher()
    try contents.streamArchive(of: layer) { hasher.update($0) }
    let digest = hasher.finish()
    guard digest.oci == identity else {
      throw GraphError(
        .environment, "layer \(layer.digest.oci) is not the \(identity) of its image's configuration")
    }
    return digest
  }
}
