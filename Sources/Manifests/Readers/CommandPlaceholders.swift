import GraphCore

/// Checks what stands in braces in the words of a command.
extension CommandReader {
  /// What placeholders may name.
  struct Scope {
    let known: [String]

    init(inputs: [String], outputs: [String], hasFetch: Bool, hasItem: Bool) {
      known =
        inputs.map { "inputs.\($0)" } + outputs.map { "outputs.\($0)" } + (hasFetch ? ["fetch"] : [])
        + Architecture.placeholderNames + (hasItem ? ["item"] : [])
    }
  }

  func check(
    _ command: [Located<String>], _ scope: Scope, outputs: [CommandTarget.NamedOutput], _ reader: FieldReader
  ) {
    var used: Set<String> = []
    for word in command {
      for placeholder in Template(word.value).placeholders {
        used.insert(placeholder)
        guard !scope.known.contains(placeholder) else { continue }
        findings.error(
          "unknown placeholder '{\(placeholder.shortened)}'", at: word, hint: hint(for: placeholder, scope))
      }
    }
    if let first = command.first, first.value.isEmpty {
      findings.error(
        "the program's name is empty", at: first, hint: "the first item of 'command' is the program")
    }
    if let node = reader.node("command"), node.kind == .list, node.elements.isEmpty {
      findings.error("'command' is empty", at: node, hint: "list the program and its arguments")
    }
    let environment = Set(reader.environment("env").values.flatMap { Template($0).placeholders })
    guard !command.isEmpty else { return }
    for output in outputs where !used.union(environment).contains("outputs.\(output.name.value)") {
      findings.warning(
        "the command never mentions output '\(output.name.value.shortened)'", at: output.name,
        hint: "it has to write it at '{outputs.\(output.name.value.shortened)}'")
    }
  }

  private func hint(for placeholder: String, _ scope: Scope) -> String {
    if placeholder == "item" { return "{item} needs 'for-each'" }
    if placeholder == "fetch" { return "{fetch} needs 'fetch'" }
    let near = Nearest.match(for: placeholder, among: scope.known).map { "did you mean '{\($0)}'? " } ?? ""
    return near + "known: " + scope.known.map { "{\($0)}" }.joined(separator: " ")
      + "; write {{…}} for braces themselves"
  }
}
