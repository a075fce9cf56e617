import GraphCore

/// Reads one item of `rpms` and expands its `for-each`.
struct RpmReader {
  static let keys =
    ["name", "for-each", "git", "spec", "sources", "macros", "buildroot", "check"]
    + ArchitectureChoiceReader.keys + FieldReader.boundKeys

  let settings: Settings
  let paths: WorkspacePaths
  let findings: Findings

  func read(_ node: YAMLNode) -> [RpmTarget] {
    guard let reader = FieldReader(node, "a package", keys: Self.keys, findings: findings) else { return [] }
    let items = reader.items("package")
    let name = reader.requiredText("name", example: "//rpm/hello")
    let spec = reader.requiredText("spec", example: "rpm/hello.spec")
    let git = git(reader)
    let sources = reader.node("sources").map { $0.kind == .list ? $0.elements : [$0] } ?? []
    let macros = macros(reader)
    let root = buildRoot(reader)
    let choice = ArchitectureChoiceReader(settings: settings, reader: reader).read()
    let checks = reader.bool("check", default: true)
    let (timeout, bounds) = (reader.timeout(), reader.bounds())
    if let name { reader.checkPlaceholders(of: name, hasItem: items != nil) }
    let isNamed = name.map { items == nil || Template($0.value).placeholders.contains("item") } ?? false
    let choices: [Located<String>?] = items ?? [nil]
    return choices.compactMap { item in
      // All is read before anything is judged, so that one pass finds every fault.
      let spec = spec.map { path($0, item, .file, isLocal: git == nil) }
      let sources = sources.compactMap { source($0, item, isLocal: git == nil, reader) }
      guard isNamed, let name, let label = label(name, item, reader), let spec, let root,
        !reader.has("git") || git != nil
      else { return nil }
      if !spec.value.hasSuffix(".spec") {
        findings.error(
          "'\(spec.value.shortened)' is no spec file", at: spec,
          hint: "rpm insists on a name that ends with .spec")
        return nil
      }
      return RpmTarget(
        label: label,
        git: git.map { .init(url: $0.url.filled(with: item), branch: $0.branch.filled(with: item)) },
        spec: spec,
        sources: sources, macros: macros, architectures: choice.architectures(of: settings.architectures),
        choice: choice, buildRoot: root, runsChecks: checks, timeoutSeconds: timeout, bounds: bounds,
        location: node.location)
    }
  }

  private func label(
    _ name: Located<String>, _ item: Located<String>?, _ reader: FieldReader
  ) -> Located<Label>? {
    guard let label = reader.label(of: name, item: item) else { return nil }
    guard label.value.package == "rpm", label.value.tag == nil, label.value.architecture == nil else {
      findings.error(
        "the name of a package is //rpm/NAME, not '\(name.value.shortened)'", at: name,
        hint: "write, for example, 'name: //rpm/hello', and 'arches' beside it")
      return nil
    }
    return label
  }

  private func git(_ reader: FieldReader) -> RpmTarget.Git? {
    guard let node = reader.node("git"),
      let fields = FieldReader(node, "'git'", keys: ["url", "branch"], findings: findings)
    else { return nil }
    let url = fields.requiredText("url", example: "https://src.example.org/rpms/{item}")
    let branch = fields.requiredText("branch", example: "c7")
    guard let url, let branch else { return nil }
    return RpmTarget.Git(url: url, branch: branch)
  }

  /// A path with its item filled in, checked where it is one of the workspace.
  private func path(
    _ written: Located<String>, _ item: Located<String>?, _ wanted: WorkspacePaths.Wanted, isLocal: Bool
  ) -> Located<String> {
    let text = written.filled(with: item)
    if isLocal {
      paths.check(text, wanted, findings)
    } else if text.value.hasPrefix("/") || text.value.split(separator: "/").contains("..") {
      findings.error(
        "'\(text.value.shortened)' leads out of the repository", at: text,
        hint: "write a path relative to the repository's top")
    }
    return Located(WorkspacePaths.normalised(text.value), at: text.location)
  }

  private func source(
    _ node: YAMLNode, _ item: Located<String>?, isLocal: Bool, _ reader: FieldReader
  ) -> RpmTarget.Source? {
    guard node.kind == .mapping else {
      return reader.text(of: node, "a source").map { .path(path($0, item, .any, isLocal: isLocal)) }
    }
    guard let fields = FieldReader(node, "a source", keys: ["url", "sha256", "name"], findings: findings)
    else {
      return nil
    }
    let url = fields.requiredText("url", example: "https://example.org/hello-1.0.tar.gz")?.filled(with: item)
    let sum = fields.requiredText("sha256", example: String(repeating: "0", count: 64))
    let name = fields.text("name")?.filled(with: item)
    guard let url, let sum, check(url) else { return nil }
    guard Digest(hex: sum.value.lowercased(), size: 0) != nil else {
      findings.error(
        "'\(sum.value.shortened)' is no SHA-256", at: sum, hint: "write the 64 digits that sha256sum prints")
      return nil
    }
    let last = url.value.split(separator: "/").last.map { $0.prefix { $0 != "?" && $0 != "#" } } ?? ""
    let file = name?.value ?? String(last)
    guard !file.isEmpty, file != ".", file != "..", !file.contains("/") else {
      findings.error(
        "'\(file.shortened)' cannot be the name of a file", at: name ?? url,
        hint: "add 'name:', as the spec calls it")
      return nil
    }
    return .pinned(.init(name: file, url: url, sha256: sum.value.lowercased()))
  }

  private func check(_ url: Located<String>) -> Bool {
    let scheme = ["http://", "https://", "file:///"].first { url.value.hasPrefix($0) }
    let host = scheme.map { url.value.dropFirst($0.count).prefix { $0 != "/" } }
    guard let host, !host.contains("@"), !url.value.contains(where: \.isWhitespace) else {
      findings.error(
        "'\(url.value.shortened)' is no address that a source can be fetched from", at: url,
        hint: "write http://, https:// or file:///, without user and password, which belong into ~/.netrc")
      return false
    }
    return true
  }

  private func macros(_ reader: FieldReader) -> [String: String] {
    for (name, _) in reader.pairs("macros") where !Self.isMacro(name.value) {
      findings.error(
        "'\(name.value.shortened)' cannot be the name of a macro", at: name,
        hint: "use letters, digits and '_', three at least, and no digit first")
    }
    return reader.textMap("macros").filter { Self.isMacro($0.key) }
  }

  /// rpm's own rule: `%define` refuses shorter ones. Source: rpm, rpmio/macro.c.
  private static func isMacro(_ name: String) -> Bool {
    name.utf8.count >= 3 && !(name.utf8.first.map { (0x30...0x39).contains($0) } ?? true)
      && name.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || $0 == 0x5f
      }
  }

  private func buildRoot(_ reader: FieldReader) -> RpmTarget.BuildRoot? {
    guard let node = reader.required("buildroot", example: "{host: [make, gcc]}"),
      let fields = FieldReader(node, "'buildroot'", keys: ["host", "base"], findings: findings)
    else { return nil }
    guard fields.has("host") != fields.has("base") else {
      findings.error(
        "a build root is of the host's tools or a base, one of them", at: node,
        hint: "write 'buildroot: {host: [make, gcc]}' or 'buildroot: {base: //base/build}'")
      return nil
    }
    if fields.has("host") {
      let tools = fields.texts("host")
      for tool in tools
      where tool.value.isEmpty || tool.value.contains(where: { $0 == "/" || $0.isWhitespace }) {
        findings.error(
          "'\(tool.value.shortened)' is not the name of a program", at: tool,
          hint: "write its name alone, such as 'make'")
      }
      return .host(tools: tools)
    }
    guard let text = fields.requiredText("base", example: "//base/build"), let label = fields.label(of: text)
    else { return nil }
    guard label.value.package == "base", label.value.tag == nil else {
      findings.error("'\(text.value.shortened)' is not a base", at: text, hint: "write //base/NAME")
      return nil
    }
    return .base(label)
  }
}
