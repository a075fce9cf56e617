import GraphCore
import Manifests

/// How a registry is spoken to, where the machine's own settings do not say it.
public struct RegistryAccess: Hashable, Sendable {
  /// Whether it is spoken to without TLS, or without looking at its certificate.
  public var isInsecure: Bool
  /// A file of certificates (PEM) whose authorities are trusted besides the system's. Absolute.
  public var authorities: String?
  /// A folder of certificates and keys, as `/etc/containers/certs.d/HOST` is one, in place of that and of
  /// `authorities`. Absolute.
  public var certificates: String?

  public init(isInsecure: Bool = false, authorities: String? = nil, certificates: String? = nil) {
    self.isInsecure = isInsecure
    self.authorities = authorities
    self.certificates = certificates
  }
}

extension Workspace {
  /// What `graph.yml` says of registries, by their name.
  public var registryAccess: [String: RegistryAccess] {
    let pairs = settings.registries.map { registry in
      (
        registry.name.value,
        RegistryAccess(
          isInsecure: registry.isInsecure, authorities: registry.authorities.map { "\(root)/\($0.value)" })
      )
    }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }
}
