/// A processor architecture: one canonical name, and the names that each tool and format of the field gives it.
///
/// A new architecture is a row of `all`. The canonical name is the one that RPM and the kernel use for 64-bit machines.
/// Source: the distributions' own tables, gathered in the rows' columns (rpmrc, containerd/platforms, dpkg's cputable,
/// the Remote Execution API's platform lexicon).
public struct Architecture: Hashable, Sendable {
  /// The canonical name, as in labels: `x86_64`, `aarch64`.
  public let name: String

  private init(name: String) { self.name = name }

  /// The architecture of that canonical name; `nil` where `all` has no such row.
  public init?(_ name: some StringProtocol) {
    guard let row = Self.table[String(name)] else { return nil }
    self.name = row.name
  }

  /// The names of one architecture.
  public struct Names: Sendable {
    public let name: String
    /// `uname -m`.
    public let machine: String
    /// What RPM writes into a package built for it.
    public let rpm: String
    /// `$basearch` of dnf.
    public let baseArch: String
    /// What may be installed on it, best first; `noarch` is last.
    public let compatible: [String]
    /// GOARCH, as image configurations and indexes have it.
    public let oci: String
    public let ociVariant: String?
    public let debian: String
    /// The suffix of `qemu-*-static`.
    public let qemu: String
    /// `ISA` of the Remote Execution platform lexicon.
    public let remoteISA: String
    /// ELF header bytes 0 to 19 and the mask under which they tell the architecture (binfmt_misc).
    public let elfMagic: [UInt8]
    public let elfMask: [UInt8]
  }

  public var names: Names { Self.table[name] ?? Self.unknown(name) }

  /// Every architecture, in the order of the table.
  public static let all: [Architecture] = rows.map { Architecture(name: $0.name) }

  private static let table = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0) })

  private static func unknown(_ name: String) -> Names {
    preconditionFailure("Architecture has a private initialiser, so '\(name)' is a row")
  }

  private static func row(
    _ name: String, machine: String? = nil, rpm: String? = nil, base: String? = nil, compatible: [String],
    oci: String,
    variant: String? = nil, debian: String, qemu: String? = nil, isa: String,
    elf: (class: UInt8, data: UInt8, machine: UInt8)
  ) -> Names {
    let machineBytes: [UInt8] = elf.data == 1 ? [elf.machine, 0] : [0, elf.machine]
    let typeBytes: [UInt8] = elf.data == 1 ? [2, 0] : [0, 2]
    let typeMask: [UInt8] = elf.data == 1 ? [0xfe, 0xff] : [0xff, 0xfe]
    return Names(
      name: name, machine: machine ?? name, rpm: rpm ?? name, baseArch: base ?? name, compatible: compatible,
      oci: oci,
      ociVariant: variant, debian: debian, qemu: qemu ?? name, remoteISA: isa,
      elfMagic: [0x7f, 0x45, 0x4c, 0x46, elf.class, elf.data, 1] + [UInt8](repeating: 0, count: 9) + typeBytes
        + machineBytes,
      elfMask: [UInt8](repeating: 0xff, count: 7) + [0] + [UInt8](repeating: 0xff, count: 8) + typeMask + [
        0xff, 0xff,
      ])
  }

  private static let rows: [Names] = [
    row(
      "x86_64", compatible: ["x86_64", "amd64", "em64t", "athlon", "i686", "i586", "i486", "i386", "noarch"],
      oci: "amd64",
      debian: "amd64", isa: "x86-64", elf: (2, 1, 62)),
    row(
      "aarch64", compatible: ["aarch64", "noarch"], oci: "arm64", debian: "arm64", isa: "arm-a64",
      elf: (2, 1, 183)),
    row(
      "ppc64le", compatible: ["ppc64le", "noarch"], oci: "ppc64le", debian: "ppc64el", isa: "power-isa-le",
      elf: (2, 1, 21)),
    row(
      "s390x", compatible: ["s390x", "s390", "noarch"], oci: "s390x", debian: "s390x", isa: "s390x",
      elf: (2, 2, 22)),
    row(
      "riscv64", compatible: ["riscv64", "noarch"], oci: "riscv64", debian: "riscv64", isa: "rv64g",
      elf: (2, 1, 243)),
    row(
      "armhfp", machine: "armv7l", rpm: "armv7hl", compatible: ["armv7hl", "armv6hl", "noarch"], oci: "arm",
      variant: "v7",
      debian: "armhf", qemu: "arm", isa: "arm-a32", elf: (1, 1, 40)),
    row(
      "i386", machine: "i686", rpm: "i686", compatible: ["i686", "i586", "i486", "i386", "noarch"],
      oci: "386", debian: "i386",
      isa: "x86-32", elf: (1, 1, 3)),
  ]
}

extension Architecture: CustomStringConvertible {
  public var description: String { name }
}

extension Architecture {
  /// The architecture this binary was compiled for.
  public static let host: Architecture = {
    #if arch(arm64)
      Architecture(name: "aarch64")
    #elseif arch(s390x)
      Architecture(name: "s390x")
    #elseif arch(powerpc64le)
      Architecture(name: "ppc64le")
    #else
      Architecture(name: "x86_64")
    #endif
  }()

  /// Whether the host's processor runs this architecture's programs without an emulator.
  public var runsNatively: Bool { self == .host || (name == "i386" && Architecture.host.name == "x86_64") }
}
