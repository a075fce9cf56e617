import GraphCore

/// Reads `container.yaml`, which stands beside a Dockerfile of the OSBS build system. Only `platforms` has an effect
/// here; the rest is checked, so that a file that passes here is one that system takes. Source: the schema
/// `container.json` of osbs-client.
public enum ContainerReader {
  public static let fileName = "container.yaml"

  /// What a key may hold.
  indirect enum Shape: Sendable {
    case text, boolean, number(ClosedRange<Int>), anything
    case choice([String])
    case matching(String, @Sendable (String) -> Bool)
    case list(Shape)
    case mapping([String: Shape], required: [String])
    /// Names of any kind to one shape.
    case table(Shape)
    case either(Shape, Shape)
  }

  static let keys: [(key: String, shape: Shape)] = [
    (
      "platforms",
      .mapping(["only": .either(.text, .list(.text)), "not": .either(.text, .list(.text))], required: [])
    ),
    (
      "autorebuild",
      .mapping(
        ["from_latest": .boolean, "add_timestamp_to_release": .boolean, "ignore_isolated_builds": .boolean],
        required: [])
    ),
    ("buildtime_limit", .number(1...Int.max)),
    (
      "compose",
      .mapping(
        [
          "packages": .list(.text), "pulp_repos": .boolean, "modules": .list(.text), "signing_intent": .text,
          "inherit": .boolean, "ignore_absent_pulp_repos": .boolean,
          "include_unpublished_pulp_repos": .boolean,
          "multilib_method": .list(.choice(["none", "iso", "runtime", "devel", "all"])),
          "multilib_arches": .list(.text), "modular_koji_tags": .either(.boolean, .list(.text)),
          "module_resolve_tags": .either(.boolean, .list(.text)),
          "build_only_content_sets": .table(.list(.text)),
        ], required: [])
    ),
    ("flatpak", .table(.anything)),
    (
      "operator_manifests",
      .mapping(
        [
          "manifests_dir": .matching("a relative path") { !$0.isEmpty && !$0.hasPrefix("/") },
          "enable_digest_pinning": .boolean, "enable_repo_replacements": .boolean,
          "enable_registry_replacements": .boolean,
          "repo_replacements": .list(
            .mapping(
              ["registry": .text, "package_mappings": .table(.text)],
              required: ["registry", "package_mappings"])),
          "skip_all": .boolean,
        ], required: ["manifests_dir"])
    ),
    ("image_build_method", .choice(["docker_api", "imagebuilder", "buildah_bud"])),
    ("tags", .list(.text)),
    ("set_release_env", .text),
    ("version", .number(1...Int.max)),
    ("remote_sources_version", .number(1...2)),
    (
      "go",
      .mapping(
        [
          "modules": .list(
            .mapping(["module": .text, "archive": .text, "path": .text], required: ["module"]))
        ],
        required: [])
    ),
    ("remote_source", remoteSource),
    (
      "remote_sources",
      .list(
        .mapping(
          [
            "name": .matching("letters, digits, '-' and '_'") { name in
              name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || $0 == 0x2d || $0 == 0x5f
              }
            },
            "remote_source": remoteSource,
          ], required: ["name", "remote_source"]))
    ),
  ]

  private static let remoteSource = Shape.mapping(
    [
      "repo": .text,
      "ref": .matching("a commit of 40 hexadecimal digits") { text in
        text.utf8.count == 40
          && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
      },
      "pkg_managers": .list(.choice(["gomod", "rubygems", "pip", "yarn", "npm", "git-submodule"])),
      "flags": .list(.text), "packages": .table(.list(.table(.anything))),
    ], required: ["repo", "ref"])

  /// - Parameter file: its name in messages.
  /// - Returns: what it says of architectures; `nil` where it says nothing.
  public static func read(_ bytes: [UInt8], file: String) -> (PlatformLimits?, Diagnostics) {
    let opened = ManifestFile.open(bytes, file: file)
    guard let findings = opened.findings else { return (nil, opened.diagnostics) }
    // An empty file says nothing, and is allowed to.
    guard let root = opened.document?.root, !root.isNull else { return (nil, findings.diagnostics) }
    guard let reader = FieldReader(root, "a container file", keys: keys.map(\.key), findings: findings) else {
      return (nil, findings.diagnostics)
    }
    for (key, shape) in keys {
      if let node = reader.node(key) { check(node, "'\(key)'", shape, findings) }
    }
    let sources = ["go", "remote_source", "remote_sources"].filter { reader.node($0) != nil }
    if sources.count > 1, let second = reader.node(sources[1]) {
      findings.error(
        "'\(sources[1])' cannot stand beside '\(sources[0])'", at: second, hint: "keep one of them")
    }
    return (limits(reader), findings.diagnostics)
  }

  private static func limits(_ reader: FieldReader) -> PlatformLimits? {
    guard let node = reader.node("platforms"), node.kind == .mapping else { return nil }
    // Unknown keys and wrong types have been reported with the rest of the file.
    let quiet = Findings(reader.findings.source)
    guard let platforms = FieldReader(node, "'platforms'", keys: ["only", "not"], findings: quiet) else {
      return nil
    }
    func architectures(_ key: String) -> ArchitectureChoice.List? {
      platforms.node(key).map {
        .init(items: reader.architectures(platforms.texts(key)), location: $0.location)
      }
    }
    let limits = PlatformLimits(only: architectures("only"), not: architectures("not"))
    return limits.only == nil && limits.not == nil ? nil : limits
  }

  // MARK: Shapes

  /// Reports where a node differs from its shape. Shapes end after a few levels, so documents cannot make this deep.
  private static func check(_ node: YAMLNode, _ what: String, _ shape: Shape, _ findings: Findings) {
    guard !node.isNull else { return }
    switch shape {
    case .anything: return
    case .text, .boolean, .number, .choice, .matching: checkText(node, what, shape, findings)
    case .list(let element):
      guard node.kind == .list else {
        return findings.error("\(what) must be a list, not \(node.description)", at: node)
      }
      for item in node.elements { check(item, "an item of \(what)", element, findings) }
    case .either(let scalar, let list): check(node, what, node.kind == .list ? list : scalar, findings)
    case .table(let value):
      guard node.kind == .mapping else {
        return findings.error("\(what) must be a mapping, not \(node.description)", at: node)
      }
      for pair in node.pairs {
        check(pair.value, "'\((pair.key.text ?? "").shortened)' of \(what)", value, findings)
      }
    case .mapping(let shapes, let required):
      guard let reader = FieldReader(node, what, keys: shapes.keys.sorted(), findings: findings) else {
        return
      }
      for key in shapes.keys.sorted() {
        if let value = reader.node(key), let shape = shapes[key] { check(value, "'\(key)'", shape, findings) }
      }
      for key in required where reader.node(key) == nil {
        findings.error("\(what) has no '\(key)'", at: node, hint: "add '\(key)'")
      }
    }
  }

  private static func checkText(_ node: YAMLNode, _ what: String, _ shape: Shape, _ findings: Findings) {
    guard let text = node.text else {
      return findings.error("\(what) must be text, not \(node.description)", at: node)
    }
    func refuse(_ wanted: String) {
      findings.error("\(what) must be \(wanted), not '\(text.shortened)'", at: node)
    }
    switch shape {
    case .boolean where !["true", "false", "yes", "no", "on", "off"].contains(text.lowercased()):
      refuse("true or false")
    case .number(let range) where Int(text).map(range.contains) != true:
      refuse(
        "a whole number from \(range.lowerBound)\(range.upperBound == .max ? "" : " to \(range.upperBound)")")
    case .choice(let words) where !words.contains(text):
      findings.error(
        "'\(text.shortened)' is no value of \(what)", at: node,
        hint: Nearest.hint(for: text, among: words, noun: "known values"))
    case .matching(let wanted, let matches) where !matches(text): refuse(wanted)
    default: return
    }
  }
}
