import GraphCore

/// Reads `policy:` of `graph.yml`.
enum PolicyReader {
  static let keys = ["git-hosts", "registries", "repositories", "base-ancestry"]

  static func read(_ node: YAMLNode, _ findings: Findings) -> InputPolicy {
    func errors() -> Int { findings.diagnostics.all.count { $0.severity == .error } }
    let before = errors()
    var policy = lists(node, findings)
    policy.isBroken = errors() > before
    return policy
  }

  private static func lists(_ node: YAMLNode, _ findings: Findings) -> InputPolicy {
    var policy = InputPolicy()
    guard let reader = FieldReader(node, "'policy'", keys: keys, findings: findings) else { return policy }
    policy.gitHosts = list(reader, "git-hosts") { host($0, reader) }
    policy.registries = list(reader, "registries") { host($0, reader) }
    policy.repositories = list(reader, "repositories") { repository($0, reader) }
    policy.baseAncestry = list(reader, "base-ancestry") { ancestor($0, reader) }
    return policy
  }

  /// `nil` where the key is not written. One without a value is an error, because it could mean all or nothing.
  private static func list<Element>(
    _ reader: FieldReader, _ key: String, _ element: (Located<String>) -> Element?
  ) -> [Element]? {
    guard reader.has(key) else { return nil }
    guard reader.required(key, example: "[]") != nil else { return [] }
    return reader.texts(key).compactMap(element)
  }

  private static func host(_ text: Located<String>, _ reader: FieldReader) -> HostPattern? {
    if let pattern = HostPattern(text.value) { return pattern }
    reader.findings.error(
      "'\(text.value.shortened)' is no host name", at: text,
      hint:
        "write 'git.example.org', '*.example.org' for all hosts below it, or '*', without 'https://' and path"
    )
    return nil
  }

  private static func pattern(_ text: Located<String>, _ reader: FieldReader) -> LabelPattern? {
    do throws(LabelError) {
      return try LabelPattern(text.value)
    } catch {
      reader.findings.error(
        error.description, at: text, hint: "write a label, or a pattern such as //base/...")
      return nil
    }
  }

  private static func repository(_ text: Located<String>, _ reader: FieldReader) -> InputPolicy.Repository? {
    if text.value.hasPrefix("//") { return pattern(text, reader).map { .target($0) } }
    guard text.value.contains("://") else { return host(text, reader).map { .host($0) } }
    guard InputPolicy.host(of: text.value) != nil, !text.value.contains("..") else {
      reader.findings.error(
        "'\(text.value.shortened)' is no address to fetch from", at: text,
        hint: "write 'https://mirror.example.org/path/', a host name, or a label such as //repo/os")
      return nil
    }
    // Without the slash, 'https://a.example' would allow 'https://a.example.net'.
    return .below(text.value.hasSuffix("/") ? text.value : text.value + "/")
  }

  private static func ancestor(_ text: Located<String>, _ reader: FieldReader) -> InputPolicy.Ancestor? {
    if text.value == "scratch" { return .scratch }
    if text.value.hasPrefix("//") { return pattern(text, reader).map { .target($0) } }
    let sample = text.value.replacing("*", with: "x")
    if (try? ImageReference(sample)) != nil { return .reference(text.value) }
    reader.findings.error(
      "'\(text.value.shortened)' is no image", at: text,
      hint:
        "write a label or pattern (//base/...), an image of a registry (registry.example.org/os/*), or 'scratch'"
    )
    return nil
  }
}
