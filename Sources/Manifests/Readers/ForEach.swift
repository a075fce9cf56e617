import GraphCore

/// `for-each`: one target for each value of `{item}`.
extension FieldReader {
  /// `nil` without `for-each`.
  ///
  /// - Parameter noun: what the mapping is, without its article.
  func items(_ noun: String) -> [Located<String>]? {
    guard has("for-each") else { return nil }
    var seen: Set<String> = []
    let items = texts("for-each").filter { item in
      if seen.insert(item.value).inserted { return true }
      findings.error(
        "'\(item.value.shortened)' is listed twice in 'for-each'", at: item, hint: "remove one of them")
      return false
    }
    if items.isEmpty, node("for-each").map({ $0.kind == .list && $0.elements.isEmpty }) ?? true {
      findings.warning(
        "'for-each' lists nothing, so this declares no target", at: node("for-each") ?? node,
        hint: "list the values of {item}, or remove the \(noun)")
    }
    return items
  }

  /// Reports placeholders that a name may not have, and the lack of that which it must have.
  func checkPlaceholders(of name: Located<String>, hasItem: Bool) {
    let placeholders = Template(name.value).placeholders
    if hasItem, !placeholders.contains("item") {
      findings.error(
        "with 'for-each', the name must contain {item}", at: name,
        hint: "write, for example, '\(name.value.shortened)-{item}'")
    }
    for placeholder in placeholders where placeholder != "item" || !hasItem {
      findings.error(
        "'{\(placeholder.shortened)}' has no meaning in a name", at: name,
        hint: hasItem ? "only {item} does" : "only {item} does, and only with 'for-each'")
    }
  }

  /// The label of a name for an item; `nil` where it is none, which is reported.
  func label(of name: Located<String>, item: Located<String>?) -> Located<Label>? {
    if let item, item.value.isEmpty || item.value.contains(where: { "/@:".contains($0) || $0.isWhitespace }) {
      findings.error(
        "item '\(item.value.shortened)' cannot be part of a label", at: item,
        hint: "use letters, digits, '-', '_', '.' and '+'")
      return nil
    }
    return label(of: name.filled(with: item))
  }
}

extension Located<String> {
  /// The text with `{item}` replaced; its place is that of the text.
  func filled(with item: Located<String>?) -> Located<String> {
    guard let item else { return self }
    return Located(Template(value).filled { $0 == "item" ? item.value : nil }, at: location)
  }
}

/// What an action may use at most.
extension FieldReader {
  static let boundKeys = ["timeout", "memory", "processes", "disk"]
  static let timeoutSecondsMax = 7 * 24 * 3600
  static let processesMax = 1 << 20
  /// Below it nothing starts.
  static let memoryBytesMin: Int64 = 1 << 20

  func timeout() -> Int { number("timeout", in: 1...Self.timeoutSecondsMax, default: 3600) }

  func bounds() -> Action.Limits.Bounds {
    Action.Limits.Bounds(
      memoryBytes: bytes("memory"),
      processes: has("processes")
        ? number("processes", in: 1...Self.processesMax, default: Self.processesMax) : nil,
      diskBytes: bytes("disk"))
  }

  private func bytes(_ key: String) -> Int64? {
    guard let text = text(key) else { return nil }
    if let bytes = ByteSize.bytes(text.value), bytes >= Self.memoryBytesMin { return bytes }
    findings.error(
      "'\(text.value.shortened)' is no size for '\(key)'", at: text,
      hint: "write, for example, 512MiB or 4GiB; 1 MiB is the least")
    return nil
  }
}
