/// The media types of image documents and layers. Source: OCI image specification 1.1, media-types.md; Docker image
/// manifest version 2, schema 2.
public enum MediaType {
  public static let index = "application/vnd.oci.image.index.v1+json"
  public static let manifest = "application/vnd.oci.image.manifest.v1+json"
  public static let configuration = "application/vnd.oci.image.config.v1+json"
  public static let layer = "application/vnd.oci.image.layer.v1.tar"
  public static let layerGzip = "application/vnd.oci.image.layer.v1.tar+gzip"
  public static let layerZstd = "application/vnd.oci.image.layer.v1.tar+zstd"

  public static let dockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json"
  public static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
  public static let dockerConfiguration = "application/vnd.docker.container.image.v1+json"
  public static let dockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip"
  public static let dockerLayer = "application/vnd.docker.image.rootfs.diff.tar"

  public static func isIndex(_ type: String) -> Bool { type == index || type == dockerIndex }
  public static func isManifest(_ type: String) -> Bool { type == manifest || type == dockerManifest }
  public static func isConfiguration(_ type: String) -> Bool {
    type == configuration || type == dockerConfiguration
  }

  /// Whether `TarReader` reads layers of this type.
  public static func isLayer(_ type: String) -> Bool {
    [layer, layerGzip, layerZstd, dockerLayer, dockerLayerGzip].contains(type)
  }
}
