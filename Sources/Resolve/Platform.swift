import GraphCore

extension Architecture {
  /// What `--platform` names: `linux/arm64`, `linux/arm/v7`, or the same without `linux/`.
  ///
  /// - Returns: `nil` for another system and for an architecture that is not in the table.
  ///
  /// Source: containerd's platforms package, whose names and aliases Dockerfiles use.
  public init?(platform text: String) {
    var parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if parts.count > 1 {
      guard parts.removeFirst() == "linux" else { return nil }
    }
    guard let first = parts.first, parts.count <= 2 else { return nil }
    let aliases = ["x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "armhf": "arm"]
    let name = aliases[first] ?? first
    let variant = parts.count == 2 ? parts[1] : nil
    let row = Self.all.first { architecture in
      let names = architecture.names
      guard names.oci == name else { return false }
      // `v8` is what arm64 is anyway.
      return variant == nil || variant == names.ociVariant || (name == "arm64" && variant == "v8")
    }
    guard let row else { return nil }
    self = row
  }
}
