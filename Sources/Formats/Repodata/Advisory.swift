/// What a distribution says of an update: which faults it mends, and the packages that mend them.
///
/// Format: `updateinfo.xml` of a repository, as createrepo_c, bodhi and Red Hat's errata write it.
public struct Advisory: Hashable, Sendable {
  /// `FEDORA-2026-1a2b3c`, `RHSA-2026:0123`.
  public var id: String
  /// `security`, `bugfix`, `enhancement`, `newpackage`.
  public var type: String
  /// `Critical`, `Important`, …; empty where not said.
  public var severity = ""
  public var title = ""
  /// The CVE names that it mends, each once.
  public var cves: [String] = []
  public var packages: [Package] = []

  /// A package that the update brings.
  public struct Package: Hashable, Sendable {
    public var name: String
    public var epoch: String
    public var version: String
    public var release: String
    public var arch: String

    /// `epoch:version-release`.
    public var evr: String { "\(epoch):\(version)-\(release)" }
  }

  /// Reads a file; what it does not know it skips, and bytes that are no XML end it.
  public static func all(in bytes: [UInt8]) -> [Advisory] {
    var scanner = XMLScanner(String(decoding: bytes, as: UTF8.self))
    var all: [Advisory] = []
    var current: Advisory?
    var isInPackages = false
    func add() {
      if let current, !current.id.isEmpty { all.append(current) }
    }
    while let element = scanner.next() {
      switch element.name {
      case "update":
        add()
        current = Advisory(id: "", type: element.attributes["type"] ?? "")
        isInPackages = false
      case "id" where current?.id.isEmpty == true: current?.id = element.text
      case "title" where !isInPackages && current?.title.isEmpty == true: current?.title = element.text
      case "severity": current?.severity = element.text
      case "reference": current?.mention(element.attributes["id"] ?? "", element.attributes["title"] ?? "")
      case "pkglist": isInPackages = true
      case "package":
        guard let name = element.attributes["name"], let version = element.attributes["version"],
          let release = element.attributes["release"]
        else { continue }
        current?.packages.append(
          Package(
            name: name, epoch: element.attributes["epoch"].flatMap { $0.isEmpty ? nil : $0 } ?? "0",
            version: version, release: release, arch: element.attributes["arch"] ?? ""))
      default: break
      }
    }
    add()
    return all
  }

  /// Some name the CVE as the reference, others in its title.
  private mutating func mention(_ texts: String...) {
    for text in texts {
      for word in text.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "-" })
      where word.hasPrefix("CVE-") && !cves.contains(String(word)) {
        cves.append(String(word))
      }
    }
  }

  /// Whether a name is that of this advisory, or of a fault that it mends.
  public func isMeant(by name: String) -> Bool { id == name || cves.contains(name) }
}
