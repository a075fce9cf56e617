import GraphCore

/// Reads one file of `graph.d`: bases, repositories, packages, commands and options of images.
struct TargetsReader {
  struct Targets {
    var bases: [BaseImage] = []
    var repositories: [RepositoryTarget] = []
    var rpms: [RpmTarget] = []
    var commands: [CommandTarget] = []
    var images: [ImageOptions] = []
  }

  static let keys = ["bases", "repositories", "rpms", "commands", "images"]

  let settings: Settings
  let paths: WorkspacePaths
  let findings: Findings

  func read(_ document: YAMLDocument) -> Targets {
    // A file of comments alone declares nothing, and that is fine.
    guard let root = document.root, !root.isNull,
      let reader = FieldReader(root, "a file of graph.d", keys: Self.keys, findings: findings)
    else { return Targets() }
    let commands = CommandReader(settings: settings, paths: paths, findings: findings)
    let rpms = RpmReader(settings: settings, paths: paths, findings: findings)
    let images = ImageOptionsReader(settings: settings, paths: paths, findings: findings)
    return Targets(
      bases: reader.list("bases").compactMap(base),
      repositories: reader.list("repositories").compactMap(repository),
      rpms: reader.list("rpms").flatMap(rpms.read),
      commands: reader.list("commands").flatMap(commands.read),
      images: reader.list("images").compactMap(images.read))
  }

  private func base(_ node: YAMLNode) -> BaseImage? {
    let keys =
      ["name", "repositories", "packages"] + ArchitectureChoiceReader.keys + ["env", "cmd", "labels"]
    guard let reader = FieldReader(node, "a base", keys: keys, findings: findings) else { return nil }
    let label = name(reader, package: "base", example: "//base/minimal")
    let packages = reader.required("packages", example: "[bash]").map { reader.texts(of: $0, "'packages'") }
    let sources = reader.required("repositories", example: "//repo/os").map { node in
      reader.texts(of: node, "'repositories'").compactMap { repository(named: $0, reader) }
    }
    for (index, package) in (packages ?? []).enumerated() {
      if package.value.isEmpty || package.value.contains(where: \.isWhitespace) {
        findings.error(
          "'\(package.value.shortened)' is not one package", at: package,
          hint: "write each request as an item of its own")
      } else if packages?.prefix(index).contains(where: { $0.value == package.value }) == true {
        findings.warning(
          "package '\(package.value.shortened)' is listed twice", at: package, hint: "remove one of them")
      }
    }
    if let written = reader.node("packages"), packages?.isEmpty == true, written.kind == .list {
      findings.error(
        "a base needs at least one package", at: written, hint: "list the packages it consists of")
    }
    let choice = ArchitectureChoiceReader(settings: settings, reader: reader).read()
    let (environment, command, labels) = (environment(reader), reader.texts("cmd"), reader.textMap("labels"))
    guard let label, let packages, let sources else { return nil }
    return BaseImage(
      label: label, repositories: sources, packages: packages,
      architectures: choice.architectures(of: settings.architectures), choice: choice,
      environment: environment,
      command: command.map(\.value), labels: labels)
  }

  private func repository(named text: Located<String>, _ reader: FieldReader) -> Located<Label>? {
    guard let label = reader.label(of: text) else { return nil }
    guard label.value.package == "repo", label.value.tag == nil, label.value.architecture == nil else {
      findings.error("'\(text.value.shortened)' is not a repository", at: text, hint: "write //repo/NAME")
      return nil
    }
    return label
  }

  private func repository(_ node: YAMLNode) -> RepositoryTarget? {
    guard
      let reader = FieldReader(
        node, "a repository",
        keys: ["name", "members"] + UpstreamReader.keys + ArchitectureChoiceReader.keys,
        findings: findings)
    else { return nil }
    let label = name(reader, package: "repo", example: "//repo/os")
    let choice = ArchitectureChoiceReader(settings: settings, reader: reader).read()
    let architectures = choice.architectures(of: settings.architectures)
    let isUpstream = UpstreamReader.addressKeys.contains { reader.node($0) != nil }
    let upstream = UpstreamReader(reader: reader, paths: paths, architectures: architectures).read()
    if isUpstream {
      if let members = reader.node("members") {
        findings.error(
          "a repository has members of this workspace, or is of others, and not both", at: members,
          hint: "declare two repositories, and list both under 'repositories' of a base")
      }
      guard let label, let upstream else { return nil }
      return RepositoryTarget(
        label: label, members: [], upstream: upstream, architectures: architectures, choice: choice)
    }
    if reader.node("members") == nil {
      findings.error(
        "a repository says neither what it holds nor where it is", at: node,
        hint:
          "add 'members: [//rpm/...]', or 'baseurl', 'mirrorlist' or 'metalink' for one that others publish")
    }
    let members = reader.node("members").map { node in
      reader.texts(of: node, "'members'").compactMap { text -> Located<LabelPattern>? in
        do throws(LabelError) {
          return Located(try LabelPattern(text.value), at: text.location)
        } catch {
          findings.error(
            error.description, at: text, hint: "write a label, or a pattern such as //rpm/...")
          return nil
        }
      }
    }
    guard let label, let members else { return nil }
    return RepositoryTarget(label: label, members: members, architectures: architectures, choice: choice)
  }

  /// A label of one package, without tag and architecture.
  private func name(_ reader: FieldReader, package: String, example: String) -> Located<Label>? {
    guard let text = reader.requiredText("name", example: example) else { return nil }
    guard let label = reader.label(of: text) else { return nil }
    guard label.value.package == package, label.value.tag == nil, label.value.architecture == nil else {
      findings.error(
        "the name of \(reader.what) is //\(package)/NAME, not '\(text.value.shortened)'", at: text,
        hint: "write, for example, 'name: \(example)'")
      return nil
    }
    return label
  }

  private func environment(_ reader: FieldReader) -> [String: String] { reader.environment("env") }
}

extension Settings {
  /// Reports architectures that the workspace does not have.
  func known(_ wanted: [Located<Architecture>], _ reader: FieldReader) -> [Located<Architecture>] {
    wanted.filter { architecture in
      if architectures.contains(where: { $0.value == architecture.value }) { return true }
      let names = architectures.map(\.value.name).joined(separator: ", ")
      reader.findings.error(
        "the workspace is not built for '\(architecture.value)'",
        at: Located(architecture.value.name, at: architecture.location),
        hint: "add it to 'arches' in graph.yml, which lists \(names)")
      return false
    }
  }
}

extension FieldReader {
  /// A mapping from names of environment variables to their values.
  func environment(_ key: String) -> [String: String] {
    for (name, _) in pairs(key) where name.value.isEmpty || name.value.contains("=") {
      findings.error(
        "'\(name.value.shortened)' cannot be the name of an environment variable", at: name,
        hint: "write 'NAME: value'")
    }
    return textMap(key).filter { !$0.key.isEmpty && !$0.key.contains("=") }
  }
}
