/// A processor architecture: one canonical name, and the names that each tool and format of the field gives it.
///
/// A new architecture is a row of the table (`ArchitectureTable.swift`). Names of tools and formats are data of the row;
/// labels, keys and snapshots hold the canonical name alone, so that one architecture never has two keys.
public struct Architecture: Hashable, Sendable {
  /// The canonical name, as in labels: `x86_64`, `aarch64`.
  public let name: String

  init(row: Names) { name = row.name }

  /// The architecture of that canonical name, or of a synonym of it (`i386`); `nil` where the table has no such row.
  public init?(_ name: some StringProtocol) {
    guard let row = Self.table[String(name)] else { return nil }
    self.name = row.name
  }

  /// The architecture that an OCI platform names, `nil` where it is none of the table's or asks for more than the
  /// architecture's baseline (`amd64` with `v3`). Names and variants are normalised as container engines do it: `v8` of
  /// arm64 and `v1` of amd64 say nothing, `arm` without a variant is `v7`. Source: containerd/platforms, database.go.
  public init?(oci architecture: String, variant: String? = nil) {
    var (name, variant) = (architecture.lowercased(), variant?.lowercased() ?? "")
    switch name {
    case "x86_64", "x86-64": name = "amd64"
    case "i386": name = "386"
    case "aarch64": name = "arm64"
    case "armhf": (name, variant) = ("arm", "v7")
    case "armel": (name, variant) = ("arm", "v6")
    default: break
    }
    if variant.first?.isNumber == true { variant = "v" + variant }
    switch (name, variant) {
    case ("amd64", "v1"), ("arm64", "v8"), ("arm64", "v8.0"), ("386", _): variant = ""
    case ("arm", ""): variant = "v7"
    default: break
    }
    guard let row = Self.rows.first(where: { $0.oci == name && ($0.ociVariant ?? "") == variant }) else {
      return nil
    }
    self.init(row: row)
  }

  /// The names of one architecture.
  public struct Names: Sendable {
    public let name: String
    /// Read as the canonical name wherever that may stand.
    public let synonyms: [String]
    /// `uname -m`.
    public let machine: String
    /// `$basearch` of dnf.
    public let baseArch: String
    /// What RPM writes into a package built for it.
    public let rpm: String
    /// What may be installed on it, best first; `noarch` is last. Source: rpmrc, `arch_compat`.
    public let compatible: [String]
    /// What else a repository of this `$basearch` may hold.
    public let otherRPM: [String]
    /// GOARCH, as image configurations and indexes have it.
    public let oci: String
    public let ociVariant: String?
    /// What images of the Docker official library are called by, as in `arm64v8/debian`; `nil` where there are none.
    public let dockerPrefix: String?
    public let debian: String
    /// The suffix of `qemu-*-static`, and of `qemu-system-*`.
    public let qemu: String
    public let qemuSystem: String
    /// What else it is called in the field; never accepted, but understood in hints.
    public let otherNames: [String]
    /// `ISA` of the Remote Execution platform lexicon.
    public let remoteISA: String
    /// The 64-bit architecture whose processors run its programs, where the kernel is made for it.
    public let runsOn: String?
    /// ELF header bytes 0 to 19 and the mask under which they tell the architecture (binfmt_misc).
    public let elfMagic: [UInt8]
    public let elfMask: [UInt8]

    /// Every name that somebody may write for it, canonical first.
    var everyName: [String] {
      [name] + synonyms + [machine, baseArch, oci, debian] + (dockerPrefix.map { [$0] } ?? []) + [rpm]
        + otherRPM + otherNames
    }
  }

  public var names: Names { Self.table[name] ?? Self.unknown(name) }

  /// Every architecture, in the order of the table.
  public static let all: [Architecture] = rows.map { Architecture(row: $0) }

  private static let table = Dictionary(
    rows.flatMap { row in ([row.name] + row.synonyms).map { ($0, row) } },
    uniquingKeysWith: { first, _ in first })

  private static func unknown(_ name: String) -> Names {
    preconditionFailure("every Architecture is made from a row, so '\(name)' is one")
  }

  /// The architecture that some tool or format calls so: `amd64`, `arm32v7`, `ppc64el`; for hints.
  public static func known(as name: String) -> Architecture? {
    rows.first { $0.everyName.contains(name) }.map { Architecture(row: $0) }
  }

  /// What to write in place of a text that is no architecture's canonical name.
  public static func hint(for name: String) -> String {
    let choices = all.map(\.name)
    let list = "known architectures: \(choices.joined(separator: ", "))"
    if let row = [noarch, source].first(where: { ([$0.name, $0.debian] + $0.rpm).contains(name) }) {
      return "'\(name)' is \(row.meaning), and nothing is made for it; \(list)"
    }
    if let other = known(as: name) { return "write '\(other)'; \(list)" }
    return (Nearest.match(for: name, among: choices).map { "did you mean '\($0)'? " } ?? "") + list
  }
}

extension Architecture: CustomStringConvertible {
  public var description: String { name }
}

extension Architecture {
  /// The architecture this binary was compiled for.
  public static let host: Architecture = {
    #if arch(arm64)
      let name = "aarch64"
    #elseif arch(s390x)
      let name = "s390x"
    #elseif arch(powerpc64le)
      let name = "ppc64le"
    #else
      let name = "x86_64"
    #endif
    return rows.first { $0.name == name }.map { Architecture(row: $0) } ?? Architecture(row: rows[0])
  }()

  /// Whether the host's processor may run this architecture's programs without an emulator. Of 32-bit architectures
  /// only a try tells, because the kernel has a say.
  public var mayRunNatively: Bool { self == .host || names.runsOn == Architecture.host.name }
}
