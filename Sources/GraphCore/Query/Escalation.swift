/// Which images contain what an advisory mends, and in which order they are to be made again.
public struct Escalation: Sendable {
  /// An advisory that was asked for.
  public struct Notice: Hashable, Sendable {
    public let id: String
    /// `security`, `bugfix`, …
    public let type: String
    /// Empty where not said.
    public let severity: String
    public let title: String
    public let cves: [String]

    public init(id: String, type: String, severity: String, title: String, cves: [String]) {
      (self.id, self.type, self.severity, self.title, self.cves) = (id, type, severity, title, cves)
    }
  }

  /// A package in an image that is older than what mends it.
  public struct Finding: Hashable, Sendable {
    public let package: PackageSet.Package
    /// The version that mends it: `epoch:version-release`.
    public let fixedIn: String
    /// The targets on the way from where the package comes in to the image itself, which is the last.
    public let path: [Label]

    public init(package: PackageSet.Package, fixedIn: String, path: [Label]) {
      (self.package, self.fixedIn, self.path) = (package, fixedIn, path)
    }
  }

  /// An image that contains an older version, and is to be made again.
  public struct Affected: Sendable {
    public let label: Label
    /// From 1: those of a batch stand on affected ones of earlier batches only.
    public let batch: Int
    public let findings: [Finding]

    public init(label: Label, batch: Int, findings: [Finding]) {
      (self.label, self.batch, self.findings) = (label, batch, findings)
    }
  }

  public let notices: [Notice]
  /// By batch, then label.
  public let affected: [Affected]
  /// Images that contain such a package in a version that is mended.
  public let fixed: [Label]
  /// Images whose locks are not there, so that nothing is known of them.
  public let unknown: [Label]

  public init(notices: [Notice], affected: [Affected], fixed: [Label], unknown: [Label]) {
    self.notices = notices
    self.affected = affected.sorted { ($0.batch, $0.label) < ($1.batch, $1.label) }
    self.fixed = fixed.sorted()
    self.unknown = unknown.sorted()
  }
}
