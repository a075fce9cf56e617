/// The table of architectures. Sources of the columns: the kernel's `uname`, dnf's `_BASEARCH_MAP`, rpmrc (`arch_canon`,
/// `arch_compat`), containerd/platforms and bashbrew, dpkg's cputable and tupletable, qemu-binfmt-conf.sh, the Remote
/// Execution API's platform lexicon.
extension Architecture {
  static let rows: [Names] = [
    row(
      "x86_64", compatible: ["x86_64", "amd64", "em64t", "athlon", "i686", "i586", "i486", "i386", "noarch"],
      otherRPM: ["em64t", "ia32e", "x86_64_v2", "x86_64_v3", "x86_64_v4"], oci: "amd64", docker: "amd64",
      debian: "amd64", otherNames: ["x86-64", "x64"], isa: "x86-64", elf: (2, 1, 62)),
    row(
      "i686", synonyms: ["i386"], base: "i386", compatible: ["i686", "i586", "i486", "i386", "noarch"],
      otherRPM: ["i586", "i486", "athlon", "geode"], oci: "386", docker: "i386", debian: "i386", qemu: "i386",
      otherNames: ["x86", "ia32"],
      isa: "x86-32", runsOn: "x86_64", elf: (1, 1, 3)),
    row(
      "aarch64", compatible: ["aarch64", "noarch"], oci: "arm64", docker: "arm64v8", debian: "arm64",
      otherNames: ["arm64/v8", "armv8"], isa: "arm-a64", elf: (2, 1, 183)),
    row(
      "armhfp", machine: "armv7l", rpm: "armv7hl", compatible: ["armv7hl", "armv6hl", "noarch"],
      otherRPM: ["armv7hnl", "armv8hl"], oci: "arm", variant: "v7", docker: "arm32v7", debian: "armhf",
      qemu: "arm", otherNames: ["arm/v7", "armv7"], isa: "arm-a32", elf: (1, 1, 40)),
    row(
      "armel", machine: "armv6l", base: "arm", rpm: "armv6l",
      compatible: ["armv6l", "armv5tejl", "armv5tel", "armv4tl", "armv4l", "noarch"], otherRPM: ["armv5tl"],
      oci: "arm", variant: "v6", docker: "arm32v6", debian: "armel", qemu: "arm",
      otherNames: ["arm/v6", "armv6", "arm32v5"], isa: "arm-a32", elf: (1, 1, 40)),
    row(
      "ppc64le", compatible: ["ppc64le", "noarch"], oci: "ppc64le", docker: "ppc64le", debian: "ppc64el",
      otherNames: ["powerpc64le"], isa: "power-isa-le", elf: (2, 1, 21)),
    row(
      "ppc64", compatible: ["ppc64", "ppc", "noarch"], otherRPM: ["ppc64p7", "ppc64pseries", "ppc64iseries"],
      oci: "ppc64", docker: nil, debian: "ppc64", otherNames: ["powerpc64"], isa: "power-isa-be",
      elf: (2, 2, 21)),
    row(
      "s390x", compatible: ["s390x", "s390", "noarch"], oci: "s390x", docker: "s390x", debian: "s390x",
      isa: "s390x", elf: (2, 2, 22)),
    row(
      "riscv64", compatible: ["riscv64", "noarch"], oci: "riscv64", docker: "riscv64", debian: "riscv64",
      isa: "rv64g", elf: (2, 1, 243)),
  ]

  /// What packages that are for no architecture are called: the table's rows that nothing is built for.
  public struct NonTarget: Sendable {
    public let name: String
    public let rpm: [String]
    public let debian: String
    /// What it is, in a message.
    let meaning: String
  }

  /// Content that serves every architecture.
  public static let noarch = NonTarget(
    name: "noarch", rpm: ["noarch"], debian: "all", meaning: "content for every architecture")
  /// Sources of packages.
  public static let source = NonTarget(
    name: "src", rpm: ["src", "nosrc"], debian: "source", meaning: "the source of packages")

  /// - Parameters:
  ///   - machine, base, rpm, qemu: the canonical name where they are left out.
  ///   - elf: class (1: 32 bits, 2: 64 bits), byte order (1: little, 2: big) and machine of the ELF header.
  private static func row(
    _ name: String, synonyms: [String] = [], machine: String? = nil, base: String? = nil, rpm: String? = nil,
    compatible: [String], otherRPM: [String] = [], oci: String, variant: String? = nil, docker: String?,
    debian: String, qemu: String? = nil, otherNames: [String] = [], isa: String, runsOn: String? = nil,
    elf: (class: UInt8, data: UInt8, machine: UInt8)
  ) -> Names {
    let isLittle = elf.data == 1
    let machineBytes: [UInt8] = isLittle ? [elf.machine, 0] : [0, elf.machine]
    let typeBytes: [UInt8] = isLittle ? [2, 0] : [0, 2]
    let typeMask: [UInt8] = isLittle ? [0xfe, 0xff] : [0xff, 0xfe]
    return Names(
      name: name, synonyms: synonyms, machine: machine ?? name, baseArch: base ?? name, rpm: rpm ?? name,
      compatible: compatible, otherRPM: otherRPM, oci: oci, ociVariant: variant, dockerPrefix: docker,
      debian: debian, qemu: qemu ?? name, qemuSystem: qemu ?? name, otherNames: otherNames, remoteISA: isa,
      runsOn: runsOn,
      elfMagic: [0x7f, 0x45, 0x4c, 0x46, elf.class, elf.data, 1] + [UInt8](repeating: 0, count: 9) + typeBytes
        + machineBytes,
      elfMask: [UInt8](repeating: 0xff, count: 7) + [0] + [UInt8](repeating: 0xff, count: 8) + typeMask + [
        0xff, 0xff,
      ])
  }
}
