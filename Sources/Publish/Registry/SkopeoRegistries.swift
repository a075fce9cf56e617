import Formats
import GraphCore
import Manifests

/// Registries through skopeo, each spoken to as `graph.yml` says.
public struct SkopeoRegistries: ImageRegistries {
  let skopeo: Skopeo
  private let access: [String: RegistryAccess]

  /// - Parameter access: how registries are spoken to, by their name.
  public init(skopeo: Skopeo, access: [String: RegistryAccess]) {
    self.skopeo = skopeo
    self.access = access
  }

  public func resolve(
    _ reference: String, architecture: Architecture, insecure: Bool
  ) async throws -> RemoteImage {
    let access = access(to: reference, insecure)
    let repository = Self.repository(of: reference)
    var manifestBytes = try await skopeo.manifest(reference, access)
    var digest = Digest(of: manifestBytes)
    if let index = try? ImageIndex(decoding: manifestBytes), !index.manifests.isEmpty {
      guard let match = index.manifests.first(where: { $0.platform?.matches(architecture) == true }) else {
        throw NoSuchPlatform(reference: reference, architecture: architecture)
      }
      digest = match.digest
      manifestBytes = try await skopeo.manifest("\(repository)@\(digest.oci)", access)
    }
    let manifest = try ImageManifest(decoding: manifestBytes)
    let configuration = try await skopeo.configuration("\(repository)@\(digest.oci)", access)
    return RemoteImage(
      manifest: digest.hex, layerCount: manifest.layers.count,
      configuration: String(decoding: configuration, as: UTF8.self),
      size: manifest.layers.reduce(0) { $0 &+ $1.digest.size })
  }

  public func pull(
    _ reference: String, manifest: String, insecure: Bool, into folder: String
  ) async throws {
    try await skopeo.copy(
      from: .registry(
        "\(Self.repository(of: reference))@sha256:\(manifest)", access(to: reference, insecure)),
      to: .folder(folder), isOwn: false)
  }

  /// How the registry of a reference is spoken to.
  ///
  /// - Parameter insecure: whether it is spoken to without TLS even where nothing is said of it.
  public func access(to reference: String, _ insecure: Bool) -> RegistryAccess {
    var result = (try? ImageReference(reference))?.registry.flatMap { access[$0] } ?? RegistryAccess()
    result.isInsecure = result.isInsecure || insecure
    return result
  }

  /// The reference without tag and digest.
  private static func repository(of reference: String) -> String {
    let plain = reference.split(separator: "@", maxSplits: 1).first.map(String.init) ?? reference
    guard let colon = plain.lastIndex(of: ":"), !plain[colon...].contains("/") else { return plain }
    return String(plain[..<colon])
  }
}
