import GraphCore

/// Reads one item of `commands` and expands its `for-each`.
struct CommandReader {
  static let keys = [
    "name", "for-each", "root", "tools", "inputs", "command", "env", "outputs", "fetch", "arches", "only",
    "not",
    "failable", "timeout", "memory", "processes", "disk",
  ]

  let settings: Settings
  let paths: WorkspacePaths
  let findings: Findings

  func read(_ node: YAMLNode) -> [CommandTarget] {
    guard let reader = FieldReader(node, "a command", keys: Self.keys, findings: findings) else { return [] }
    let items = reader.items("command")
    let name = reader.requiredText("name", example: "//tools/hello")
    let root = root(reader)
    let tools = tools(reader, root: root)
    let outputs = outputs(reader)
    let command = reader.required("command", example: "[cp, '{inputs.a}', '{outputs.b}']").map {
      reader.texts(of: $0, "'command'")
    }
    let fetch = fetch(reader)
    let choice = choice(reader)
    let timeout = reader.timeout()
    let bounds = reader.bounds()
    let environment = reader.environment("env")
    let inputs = reader.pairs("inputs")
    let scope = Scope(
      inputs: inputs.map(\.key.value), outputs: reader.pairs("outputs").map(\.key.value),
      hasFetch: fetch != nil,
      hasItem: items != nil)
    check(command ?? [], scope, outputs: outputs, reader)
    if let name { reader.checkPlaceholders(of: name, hasItem: items != nil) }
    for (key, _) in inputs { _ = checkName(key, "an input") }
    let isNamed = name.map { items == nil || Template($0.value).placeholders.contains("item") } ?? false
    guard let name, let root, let command, isNamed else {
      if items == nil || items?.isEmpty == false {
        _ = inputs.map { source($0.value, $0.key, item: items?.first, reader) }
      }
      return []
    }
    let choices: [Located<String>?] = items ?? [nil]
    return choices.compactMap { item in
      // Inputs are read before the name is judged, so that one pass finds the faults of both.
      let named = inputs.compactMap { pair in
        source(pair.value, pair.key, item: item, reader).map {
          CommandTarget.NamedInput(name: pair.key, source: $0)
        }
      }
      guard let label = label(name, item: item, reader) else { return nil }
      return CommandTarget(
        label: label,
        architectures: choice.isForAll ? [] : choice.choice.architectures(of: settings.architectures),
        choice: choice.choice, root: root, tools: tools, inputs: named, command: command,
        environment: environment.mapValues { fill($0, item) }, outputs: outputs,
        fetch: fetch.map { filled($0, item) }, item: item?.value, timeoutSeconds: timeout, bounds: bounds,
        location: node.location)
    }
  }

  private func root(_ reader: FieldReader) -> Located<CommandTarget.Root>? {
    guard let text = reader.requiredText("root", example: "host") else { return nil }
    if text.value == "host" { return Located(.host, at: text.location) }
    guard text.value.hasPrefix("//") else {
      findings.error(
        "'\(text.value.shortened)' is no root", at: text,
        hint:
          "write 'host' for the tools of this machine, or the label of an image or a base such as //base/minimal"
      )
      return nil
    }
    guard let label = reader.label(of: text) else { return nil }
    if label.value.architecture != nil {
      findings.error(
        "the root's architecture is the command's own", at: text,
        hint: "write '\(label.value.withoutArchitecture)'")
      return nil
    }
    return Located(.image(label.value), at: text.location)
  }

  private func tools(_ reader: FieldReader, root: Located<CommandTarget.Root>?) -> [Located<String>] {
    let tools = reader.texts("tools")
    if let first = tools.first, let root, root.value != .host {
      findings.error(
        "'tools' are programs of the host, and this command runs in \(Self.words(root.value))", at: first,
        hint: "remove 'tools', or write 'root: host'")
      return []
    }
    return tools.filter { tool in
      let isName = !tool.value.isEmpty && !tool.value.contains { $0 == "/" || $0.isWhitespace }
      if !isName {
        findings.error(
          "'\(tool.value.shortened)' is not the name of a program", at: tool,
          hint: "write its name alone, such as 'tar'")
      }
      return isName
    }
  }

  private static func words(_ root: CommandTarget.Root) -> String {
    switch root {
    case .host: "the host"
    case .image(let label): label.description
    }
  }

  private enum OutputKind: String, CaseIterable { case file, folder }

  private func outputs(_ reader: FieldReader) -> [CommandTarget.NamedOutput] {
    guard reader.required("outputs", example: "{out: file}") != nil else { return [] }
    let pairs = reader.pairs("outputs")
    if pairs.isEmpty, let node = reader.node("outputs"), node.kind == .mapping {
      findings.error(
        "a command needs at least one output", at: node, hint: "write, for example, 'outputs: {out: file}'")
    }
    return pairs.compactMap { name, value in
      guard checkName(name, "an output"),
        let text = reader.text(of: value, "output '\(name.value.shortened)'"),
        let kind: OutputKind = reader.choice(text, "outputs")
      else { return nil }
      return CommandTarget.NamedOutput(name: name, isFolder: kind == .folder)
    }
  }

  private func fetch(_ reader: FieldReader) -> CommandTarget.Fetch? {
    guard let node = reader.node("fetch"),
      let fields = FieldReader(node, "'fetch'", keys: ["resolve"], findings: findings),
      let resolve = fields.required("resolve", example: "[tools/resolve.py, argument]")
    else { return nil }
    let words = fields.texts(of: resolve, "'resolve'")
    guard let program = words.first else { return nil }
    if !Template(program.value).placeholders.contains("item") { paths.check(program, .file, findings) }
    return CommandTarget.Fetch(resolver: words)
  }

  /// `noarch` alone is one node for every architecture.
  private func choice(_ reader: FieldReader) -> (choice: ArchitectureChoice, isForAll: Bool) {
    guard let node = reader.node("arches"), ([node] + node.elements).contains(where: { $0.text == "noarch" })
    else { return (ArchitectureChoiceReader(settings: settings, reader: reader).read(), false) }
    if let other = reader.texts("arches").first(where: { $0.value != "noarch" }) {
      findings.error(
        "'noarch' stands alone", at: other, hint: "remove the other architectures, or 'noarch'")
    }
    for key in ["only", "not", "failable"] {
      guard let node = reader.node(key) else { continue }
      findings.error(
        "'\(key)' has no meaning beside 'arches: noarch'", at: node,
        hint: "one result serves every architecture: remove '\(key)'")
    }
    return (ArchitectureChoice(), true)
  }

  private func label(_ name: Located<String>, item: Located<String>?, _ reader: FieldReader) -> Located<
    Label
  >? {
    guard let label = reader.label(of: name, item: item) else { return nil }
    guard label.value.tag == nil, label.value.architecture == nil else {
      findings.error(
        "the name of a command has no tag and no architecture", at: name,
        hint: "write '\(Label(package: label.value.package, name: label.value.name))', and 'arches' beside it"
      )
      return nil
    }
    guard !["base", "repo"].contains(label.value.package) else {
      findings.error(
        "labels //\(label.value.package)/… are for '\(label.value.package == "base" ? "bases" : "repositories")'",
        at: name,
        hint: "choose another package, such as //tools/\(label.value.name)")
      return nil
    }
    return label
  }

  /// A path, a text that is a label, or `{label: //package/name}`.
  private func source(
    _ node: YAMLNode, _ name: Located<String>, item: Located<String>?, _ reader: FieldReader
  ) -> CommandTarget.NamedInput.Source? {
    let what = "input '\(name.value.shortened)'"
    var written = node
    var mustBeLabel = false
    if node.kind == .mapping, node.pairs.count != 1 || node.pairs.first?.value.isNull == false {
      guard let fields = FieldReader(node, what, keys: ["label"], findings: findings),
        let label = fields.required("label", example: "//rpm/hello")
      else { return nil }
      (written, mustBeLabel) = (label, true)
    }
    guard !written.isNull else {
      findings.error("\(what) has no value", at: node, hint: "write a path in the workspace, or a label")
      return nil
    }
    guard let raw = reader.text(of: written, what) else { return nil }
    for placeholder in Template(raw.value).placeholders where placeholder != "item" || item == nil {
      findings.error(
        "'{\(placeholder.shortened)}' has no meaning in an input", at: raw,
        hint: "only {item} does, and only with 'for-each'")
      return nil
    }
    let text = Located(fill(raw.value, item), at: raw.location)
    if mustBeLabel || text.value.hasPrefix("//") { return reader.label(of: text).map { .label($0) } }
    paths.check(text, .any, findings)
    return .path(Located(WorkspacePaths.normalised(text.value), at: text.location))
  }

  private func filled(_ fetch: CommandTarget.Fetch, _ item: Located<String>?) -> CommandTarget.Fetch {
    let words = fetch.resolver.map { Located(fill($0.value, item), at: $0.location) }
    if let program = words.first, program != fetch.resolver.first { paths.check(program, .file, findings) }
    return CommandTarget.Fetch(resolver: words)
  }

  private func fill(_ text: String, _ item: Located<String>?) -> String {
    guard let item else { return text }
    return Template(text).filled { $0 == "item" ? item.value : nil }
  }

  private func checkName(_ name: Located<String>, _ what: String) -> Bool {
    let isName =
      !name.value.isEmpty && name.value != "." && name.value != ".."
      && name.value.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || [0x2d, 0x2e, 0x5f].contains($0)
      } && name.value.utf8.last != 0x2e
    if !isName {
      findings.error(
        "'\(name.value.shortened)' cannot be the name of \(what)", at: name,
        hint: "use letters, digits, '-', '_' and '.'")
    }
    return isName
  }
}
