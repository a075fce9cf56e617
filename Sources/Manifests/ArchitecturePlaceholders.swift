import GraphCore

extension Architecture {
  /// The placeholders that stand for names of the architecture, in the order in which messages list them.
  public static let placeholderNames = ["arch", "basearch", "rpm-arch", "deb-arch", "oci-arch"]

  /// What they are replaced by.
  public var placeholders: [String: String] {
    [
      "arch": names.name, "basearch": names.baseArch, "rpm-arch": names.rpm, "deb-arch": names.debian,
      "oci-arch": names.oci,
    ]
  }
}

extension Architecture.NonTarget {
  /// What the placeholders are replaced by in what is made once for every architecture.
  public var placeholders: [String: String] {
    ["arch": name, "basearch": name, "rpm-arch": rpm.first ?? name, "deb-arch": debian, "oci-arch": name]
  }
}
