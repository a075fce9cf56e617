import GraphCore

/// Reads `graph.yml`.
struct SettingsReader {
  static let keys = [
    "name", "arches", "registries", "aliases", "stamps", "compression", "policy",
    "package-comparison-exceptions",
  ]

  /// - Returns: `nil` where name or architectures are missing; then nothing else of the workspace can be used.
  static func read(
    _ document: YAMLDocument, paths: WorkspacePaths, _ findings: Findings
  ) -> Settings? {
    guard let root = document.root else {
      findings.error(
        "the file is empty", at: findings.source.location(line: 1, column: 1),
        hint: "write 'name: NAME' and 'arches: [x86_64]'")
      return nil
    }
    guard let reader = FieldReader(root, "graph.yml", keys: keys, findings: findings) else { return nil }
    let name = reader.requiredText("name", example: "my-index")
    let written = reader.required("arches", example: "[x86_64, aarch64]")
    let architectures = reader.architectures(written.map { reader.texts(of: $0, "'arches'") } ?? [])
    if let written, written.kind == .list, written.elements.isEmpty {
      findings.error(
        "'arches' lists no architecture", at: written, hint: "write, for example, 'arches: [x86_64]'")
    }
    let registries = registries(reader, paths)
    let aliases = aliases(reader)
    let stamps: Set<Settings.Stamp> = Set(reader.texts("stamps").compactMap { reader.choice($0, "stamps") })
    let compression: Settings.Compression? = reader.text("compression").flatMap {
      reader.choice($0, "compression")
    }
    let policy = reader.node("policy").map { PolicyReader.read($0, findings) }
    guard let name, !architectures.isEmpty else { return nil }
    var settings = Settings(name: name, architectures: architectures)
    settings.registries = registries
    settings.aliases = aliases
    if reader.has("stamps") { settings.stamps = stamps }
    if let compression { settings.compression = compression }
    if let policy { settings.policy = policy }
    settings.packageComparisonExceptions = reader.texts("package-comparison-exceptions")
    return settings
  }

  /// A mapping from names to what is true of them, or a list of names that are all own.
  private static func registries(
    _ reader: FieldReader, _ paths: WorkspacePaths
  ) -> [Settings.Registry] {
    guard let node = reader.node("registries") else { return [] }
    guard node.kind == .mapping else {
      return reader.texts(of: node, "'registries'").compactMap { name in
        isRegistry(name, reader) ? Settings.Registry(name: name, isOwn: true, isInsecure: false) : nil
      }
    }
    return reader.pairs("registries").compactMap { name, value in
      var registry = Settings.Registry(name: name, isOwn: false, isInsecure: false)
      if !value.isNull {
        guard
          let facts = FieldReader(
            value, "registry '\(name.value.shortened)'", keys: ["own", "insecure", "ca"],
            findings: reader.findings)
        else { return nil }
        registry.isOwn = facts.bool("own", default: false)
        registry.isInsecure = facts.bool("insecure", default: false)
        registry.authorities = facts.text("ca")
        if let file = registry.authorities { paths.check(file, .file, reader.findings) }
        if registry.isInsecure, let file = registry.authorities {
          reader.findings.error(
            "'ca' has no use for an insecure registry", at: file,
            hint: "remove 'insecure', so that certificates are looked at, or remove 'ca'")
        }
      }
      return isRegistry(name, reader) ? registry : nil
    }
  }

  private static func isRegistry(_ name: Located<String>, _ reader: FieldReader) -> Bool {
    if ImageReference.isRegistry(Substring(name.value)) { return true }
    reader.findings.error(
      "'\(name.value.shortened)' is no registry: a registry is a host name with an optional port", at: name,
      hint:
        "write, for example, 'registry.example.org' or 'localhost:5000', without 'https://' and without a path"
    )
    return false
  }

  private static func aliases(_ reader: FieldReader) -> [Settings.Alias] {
    reader.pairs("aliases").compactMap { name, value in
      guard let target = reader.text(of: value, "the meaning of '\(name.value.shortened)'") else {
        return nil
      }
      let isReference = check(reference: name, reader)
      if target.value.hasPrefix("//") {
        guard reader.label(of: target) != nil else { return nil }
      } else {
        guard check(reference: target, reader) else { return nil }
      }
      return isReference ? Settings.Alias(reference: name, target: target) : nil
    }
  }

  private static func check(reference: Located<String>, _ reader: FieldReader) -> Bool {
    do throws(ImageReferenceError) {
      _ = try ImageReference(reference.value)
      return true
    } catch {
      reader.findings.error(
        error.description, at: reference,
        hint: "write 'registry.example.org/app/job:tag', or a label such as //base/minimal")
      return false
    }
  }
}
