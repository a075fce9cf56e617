import GraphCore

/// A value of a YAML file as it is written, with the place of each part: for reports on declarations, which show what
/// somebody wrote and where. What it means is for the readers to say.
public struct WrittenValue: Sendable, Hashable {
  /// The parts of a value.
  public indirect enum Content: Sendable, Hashable {
    /// An empty value, or `null` without quotes.
    case nothing
    case text(String)
    case list([WrittenValue])
    /// In the order written.
    case mapping([Pair])
  }

  /// A key and its value.
  public struct Pair: Sendable, Hashable {
    public let key: Located<String>
    public let value: WrittenValue
  }

  public let content: Content
  public let location: SourceLocation

  init(_ content: Content, at location: SourceLocation) {
    (self.content, self.location) = (content, location)
  }

  /// The document in a file; `nil` where it is empty or no YAML, which the readers report.
  public static func read(_ bytes: [UInt8], file: String) -> WrittenValue? {
    ManifestFile.open(bytes, file: file).document?.root.map { WrittenValue($0) }
  }

  // The parser bounds the depth of nodes and the size of the document with its aliases expanded.
  private init(_ node: YAMLNode) {
    location = node.location
    switch node.kind {
    case .plain, .quoted: content = node.isNull ? .nothing : .text(node.text ?? "")
    case .list: content = .list(node.elements.map { WrittenValue($0) })
    case .mapping:
      content = .mapping(
        node.pairs.compactMap { key, value in
          key.text.map { Pair(key: Located($0, at: key.location), value: WrittenValue(value)) }
        })
    }
  }

  public var text: String? { if case .text(let text) = content { text } else { nil } }

  public var elements: [WrittenValue] { if case .list(let elements) = content { elements } else { [] } }

  public var pairs: [Pair] { if case .mapping(let pairs) = content { pairs } else { [] } }

  /// The value of a key of a mapping.
  public subscript(key: String) -> WrittenValue? { pairs.first { $0.key.value == key }?.value }

  /// The value with `{item}` replaced in each text.
  func filled(_ item: String) -> WrittenValue {
    switch content {
    case .nothing: return self
    case .text(let text):
      return WrittenValue(.text(Template(text).filled { $0 == "item" ? item : nil }), at: location)
    case .list(let elements): return WrittenValue(.list(elements.map { $0.filled(item) }), at: location)
    case .mapping(let pairs):
      return WrittenValue(
        .mapping(pairs.map { Pair(key: $0.key, value: $0.value.filled(item)) }), at: location)
    }
  }
}
