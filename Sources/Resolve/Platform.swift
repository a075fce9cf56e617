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
    self.init(oci: first, variant: parts.count == 2 ? parts[1] : nil)
  }
}
