/// The packages of an image, as its locks have them: what every installation brought and none took away again.
public struct PackageSet: Hashable, Sendable {
  public let label: Label
  /// By name, then architecture.
  public let packages: [Package]

  /// One package, and why it is there.
  public struct Package: Hashable, Sendable {
    public let name: String
    public let epoch: Int
    public let version: String
    public let release: String
    /// As rpm calls it: `x86_64`, `noarch`.
    public let arch: String
    /// The RPM file.
    public let digest: Digest
    /// The label of the repository that it is from.
    public let repository: String
    /// The request that drew it in, or `name requires capability`; empty where that is unknown.
    public let because: String
    /// Whether somebody asked for it by name: else it came because another package needs or recommends it.
    public let isRequested: Bool
    /// The node whose lock brought it, and where that is declared.
    public let lock: String
    public let place: String

    public init(
      name: String, epoch: Int, version: String, release: String, arch: String, digest: Digest,
      repository: String, because: String, isRequested: Bool, lock: String, place: String
    ) {
      (self.name, self.epoch, self.version, self.release) = (name, epoch, version, release)
      (self.arch, self.digest, self.repository) = (arch, digest, repository)
      (self.because, self.isRequested, self.lock, self.place) = (because, isRequested, lock, place)
    }

    /// `epoch:version-release.arch`, without an epoch of 0.
    public var evra: String { "\(epoch == 0 ? "" : "\(epoch):")\(version)-\(release).\(arch)" }
  }

  public init(label: Label, packages: [Package]) {
    self.label = label
    self.packages = packages.sorted { left, right in
      left.name == right.name ? left.evra.precedesInBytes(right.evra) : left.name.precedesInBytes(right.name)
    }
  }
}
