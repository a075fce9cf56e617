import GraphCore

/// An image as a folder. Source: OCI image specification 1.1, image-layout.md.
public enum ImageLayout {
  /// The two small files that the layout needs besides the blobs. They have to be in the store before the tree is
  /// used.
  public struct Files: Hashable, Sendable {
    public let layout: [UInt8]
    public let index: [UInt8]
  }

  /// The content of `oci-layout` and `index.json` for an image or index with a name.
  ///
  /// - Parameters:
  ///   - top: the manifest or index that the layout is about.
  ///   - name: what tools call it, as the annotation `org.opencontainers.image.ref.name`; mostly a tag.
  public static func files(top: Descriptor, name: String?) -> Files {
    var descriptor = top
    if let name { descriptor.annotations["org.opencontainers.image.ref.name"] = name }
    return Files(
      layout: JSON.object(["imageLayoutVersion": .string("1.0.0")]).encoded(),
      index: ImageIndex(manifests: [descriptor]).encoded())
  }

  /// The folder as a recipe of kind `tree`.
  ///
  /// - Parameter blobs: every document and layer of the image, `top` included; one that is named twice is there once.
  public static func tree(top: Descriptor, name: String?, blobs: some Sequence<Digest>) -> Layer {
    let files = files(top: top, name: name)
    func file(_ path: String, _ digest: Digest) -> Layer.Entry {
      Layer.Entry(path: path, content: .file(digest), mode: 0o644)
    }
    let all = Set(blobs).union([top.digest])
    return Layer(
      entries: [
        Layer.Entry(path: "blobs", content: .directory, mode: 0o755),
        Layer.Entry(path: "blobs/sha256", content: .directory, mode: 0o755),
        file("index.json", Digest(of: files.index)),
        file("oci-layout", Digest(of: files.layout)),
      ] + all.map { file("blobs/sha256/\($0.hex)", $0) })
  }
}
