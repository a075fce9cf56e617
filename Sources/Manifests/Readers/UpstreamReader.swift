import GraphCore

/// Reads the keys of `repositories:` that are about a repository which others publish.
struct UpstreamReader {
  static let addressKeys = ["baseurl", "mirrorlist", "metalink"]
  static let keys =
    addressKeys + [
      "variables", "includepkgs", "excludepkgs", "priority", "gpgkey", "gpgcheck", "repo_gpgcheck",
    ]
  static let priorities = 1...1000
  static let usualPriority = 99

  let reader: FieldReader
  let paths: WorkspacePaths
  let architectures: [Located<Architecture>]

  private var findings: Findings { reader.findings }

  /// - Returns: `nil` where no key says where it is, or more than one does, which is reported.
  func read() -> UpstreamRepository? {
    let written = Self.addressKeys.filter { reader.node($0) != nil }
    guard let key = written.first else {
      for key in Self.keys {
        if let node = reader.node(key) {
          findings.error(
            "'\(key)' is about a repository that others publish", at: node,
            hint: "say where it is with 'baseurl', 'mirrorlist' or 'metalink', or leave '\(key)' out")
        }
      }
      return nil
    }
    if written.count > 1, let second = reader.node(written[1]) {
      findings.error(
        "a repository has '\(key)' or '\(written[1])', and not both", at: second,
        hint: "leave one of them out")
      return nil
    }
    let texts = reader.texts(key)
    guard let first = texts.first else {
      findings.error(
        "'\(key)' names no address", at: reader.location,
        hint: "write, for example, '\(key): https://…/$basearch/'")
      return nil
    }
    let address: UpstreamRepository.Address
    switch key {
    case "baseurl": address = .base(texts)
    case "mirrorlist": address = .mirrorList(first)
    default: address = .metalink(first)
    }
    let keys = reader.texts("gpgkey").map { key in
      paths.check(key, .file, findings)
      return Located(WorkspacePaths.normalised(key.value), at: key.location)
    }
    let upstream = UpstreamRepository(
      address: address, includes: reader.texts("includepkgs").map(\.value),
      excludes: reader.texts("excludepkgs").map(\.value),
      priority: reader.number("priority", in: Self.priorities, default: Self.usualPriority), keys: keys,
      checksPackages: reader.bool("gpgcheck", default: !keys.isEmpty),
      checksMetadata: reader.bool("repo_gpgcheck", default: false), variables: reader.textMap("variables"))
    for switchKey in ["gpgcheck", "repo_gpgcheck"]
    where keys.isEmpty && reader.bool(switchKey, default: false) {
      findings.error(
        "'\(switchKey)' needs a key to check with", at: reader.node(switchKey)?.location ?? reader.location,
        hint: "copy the public key into the workspace, and name the file: 'gpgkey: keys/RPM-GPG-KEY-…'")
    }
    texts.forEach { check($0, upstream) }
    return upstream
  }

  private func check(_ text: Located<String>, _ upstream: UpstreamRepository) {
    let schemes = ["http://", "https://", "file:///"]
    guard schemes.contains(where: text.value.hasPrefix) else {
      return findings.error(
        "'\(text.value.shortened)' is no address of a repository", at: text,
        hint: "write http://, https:// or file:///, and an absolute path behind the last")
    }
    if let authority = text.value.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2).first,
      authority.contains("@")
    {
      findings.error(
        "an address in a manifest must not hold a user or a password", at: text.location,
        hint: "put them into ~/.netrc, with the name of the host, and leave them out here")
    }
    if text.value.contains(where: { $0.isWhitespace }) {
      findings.error(
        "an address has no space", at: text,
        hint: "write '%20' for one, and each address as an item of its own")
    }
    for architecture in architectures {
      do throws(UpstreamRepository.UnknownVariable) {
        _ = try upstream.expanded(text.value, for: architecture.value)
      } catch {
        return findings.error(
          "nothing says what '$\(error.name)' is", at: text,
          hint: error.name.isEmpty
            ? "write '%24' for a dollar sign" : "add, for example, 'variables: {\(error.name): \"9\"}'")
      }
    }
  }
}
