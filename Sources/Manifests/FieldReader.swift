import GraphCore

/// Typed access to the keys of one mapping. Every key that it is not told of is an error.
///
/// Its functions report what is wrong and return what can still be used, so that one pass finds every fault of a file.
struct FieldReader {
  /// What the mapping is, for messages: `an index entry`.
  let what: String
  let node: YAMLNode
  let findings: Findings
  private let fields: [String: YAMLNode]

  /// - Parameters:
  ///   - keys: those that may occur, in the order in which messages list them.
  ///   - ignored: keys that are accepted because they were always written, and mean nothing here.
  /// - Returns: `nil`, after reporting it, where the node is no mapping.
  init?(_ node: YAMLNode, _ what: String, keys: [String], ignored: [String] = [], findings: Findings) {
    guard node.kind == .mapping else {
      findings.error(
        "\(what) must be a mapping of 'key: value', not \(node.description)", at: node, hint: Self.list(keys))
      return nil
    }
    (self.what, self.node, self.findings) = (what, node, findings)
    var fields: [String: YAMLNode] = [:]
    for (key, value) in node.pairs {
      guard let name = key.text else { continue }
      if fields[name] == nil { fields[name] = value }
      if !keys.contains(name), !ignored.contains(name), !findings.isFull {
        findings.error(
          "unknown key '\(name.shortened)' in \(what)", at: key,
          hint: Nearest.hint(for: name, among: keys, noun: "known keys"), code: "unknown-key")
      }
    }
    self.fields = fields
  }

  private static func list(_ keys: [String]) -> String { "known keys: \(keys.joined(separator: ", "))" }

  var location: SourceLocation { node.location }

  /// The value of a key; `nil` where it is absent, empty or `null`.
  func node(_ key: String) -> YAMLNode? { fields[key].flatMap { $0.isNull ? nil : $0 } }

  /// Whether the key is written, with whatever value.
  func has(_ key: String) -> Bool { fields[key] != nil }

  /// The value of a key that must be there.
  func required(_ key: String, example: String) -> YAMLNode? {
    if let node = node(key) { return node }
    if let empty = fields[key] {
      findings.error(
        "'\(key)' of \(what) has no value", at: empty, hint: "write, for example, '\(key): \(example)'")
    } else {
      findings.error("\(what) has no '\(key)'", at: node, hint: "add, for example, '\(key): \(example)'")
    }
    return nil
  }

  func text(_ key: String) -> Located<String>? { node(key).flatMap { text(of: $0, "'\(key)'") } }

  func requiredText(_ key: String, example: String) -> Located<String>? {
    guard let text = required(key, example: example).flatMap({ self.text(of: $0, "'\(key)'") }) else {
      return nil
    }
    guard !text.value.isEmpty else {
      findings.error(
        "'\(key)' of \(what) is empty", at: text, hint: "write, for example, '\(key): \(example)'")
      return nil
    }
    return text
  }

  /// A text, or a list of texts; absent is the empty list.
  func texts(_ key: String) -> [Located<String>] { node(key).map { texts(of: $0, "'\(key)'") } ?? [] }

  /// The elements of a list of anything.
  func list(_ key: String) -> [YAMLNode] {
    guard let node = node(key) else { return [] }
    guard node.kind == .list else {
      findings.error(
        "'\(key)' must be a list, not \(node.description)", at: node,
        hint: "start each item on its own line with '- '")
      return []
    }
    return node.elements
  }

  /// The pairs of a mapping from names to anything.
  func pairs(_ key: String) -> [(key: Located<String>, value: YAMLNode)] {
    guard let node = node(key) else { return [] }
    guard node.kind == .mapping else {
      findings.error("'\(key)' must be a mapping of 'name: value', not \(node.description)", at: node)
      return []
    }
    // Keys that are no scalars have been reported by the parser.
    return node.pairs.filter { $0.key.text != nil }.compactMap { pair in
      text(of: pair.key, "a key of '\(key)'").map { ($0, pair.value) }
    }
  }

  /// A mapping from names to texts; an empty value is the empty text.
  func textMap(_ key: String) -> [String: String] {
    var map: [String: String] = [:]
    for (name, value) in pairs(key) {
      if value.isNull {
        map[name.value] = ""
      } else if let text = text(of: value, "'\(name.value)' of '\(key)'") {
        map[name.value] = text.value
      }
    }
    return map
  }

  func bool(_ key: String, default fallback: Bool) -> Bool {
    guard let node = node(key) else { return fallback }
    guard let text = text(of: node, "'\(key)'") else { return fallback }
    switch text.value.lowercased() {
    case "true", "yes", "on": return true
    case "false", "no", "off": return false
    default:
      findings.error("'\(key)' must be true or false, not '\(text.value.shortened)'", at: text)
      return fallback
    }
  }

  /// A whole number within bounds.
  func number(_ key: String, in range: ClosedRange<Int>, default fallback: Int) -> Int {
    guard let node = node(key), let text = text(of: node, "'\(key)'") else { return fallback }
    guard let number = Int(text.value), range.contains(number) else {
      findings.error(
        "'\(key)' must be a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text.value.shortened)'",
        at: text)
      return fallback
    }
    return number
  }

  /// One of a closed set of words.
  func choice<Value: RawRepresentable<String> & CaseIterable>(_ text: Located<String>, _ key: String)
    -> Value?
  {
    if let value = Value(rawValue: text.value) { return value }
    let known = Value.allCases.map(\.rawValue)
    findings.error(
      "'\(text.value.shortened)' is no value of '\(key)'", at: text,
      hint: Nearest.hint(for: text.value, among: known, noun: "known values"))
    return nil
  }

  func label(of text: Located<String>) -> Located<Label>? {
    do throws(LabelError) {
      return Located(try Label(text.value), at: text.location)
    } catch {
      findings.error(error.description, at: text)
      return nil
    }
  }

  /// Known architectures, each once.
  func architectures(_ texts: [Located<String>]) -> [Located<Architecture>] {
    var found: [Located<Architecture>] = []
    for text in texts {
      guard let architecture = Architecture(text.value) else {
        findings.error(
          "'\(text.value.shortened)' is no architecture", at: text, hint: Architecture.hint(for: text.value))
        continue
      }
      if found.contains(where: { $0.value == architecture }) {
        findings.error("architecture '\(text.value)' is listed twice", at: text, hint: "remove one of them")
        continue
      }
      found.append(Located(architecture, at: text.location))
    }
    return found
  }

  /// A scalar's text, or a message that says what was found in its place.
  func text(of node: YAMLNode, _ what: String) -> Located<String>? {
    guard let text = node.text else {
      let looksLikePlaceholder = node.kind == .mapping && node.pairs.count == 1 && node.pairs[0].value.isNull
      findings.error(
        "\(what) must be text, not \(node.description)", at: node,
        hint: looksLikePlaceholder ? "put text that starts with '{' in quotes" : nil)
      return nil
    }
    // No declared value needs one, and C programs would see the text end there.
    guard !text.utf8.contains(0) else {
      findings.error("\(what) has a NUL character", at: node, hint: "remove it")
      return nil
    }
    return Located(text, at: node.location)
  }

  func texts(of node: YAMLNode, _ what: String) -> [Located<String>] {
    switch node.kind {
    case .plain, .quoted:
      return text(of: node, what).map { [$0] } ?? []
    case .mapping:
      findings.error("\(what) must be text or a list of texts, not a mapping", at: node)
      return []
    case .list:
      return node.elements.compactMap { element in
        guard !element.isNull else {
          findings.error("an item of \(what) has no value", at: element, hint: "write one, or remove the '-'")
          return nil
        }
        return text(of: element, "an item of \(what)")
      }
    }
  }
}
