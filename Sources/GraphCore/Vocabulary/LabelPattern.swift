/// What a command line names: `//app/httpd` (every tag and architecture), `//app/httpd@2:aarch64`,
/// `//app/...`, `//...`.
public struct LabelPattern: Hashable, Sendable, CustomStringConvertible {
  public let description: String
  private let matcher: Matcher

  private enum Matcher: Hashable, Sendable {
    case all(Architecture?)
    case package(String, Architecture?)
    case label(Label)
  }

  /// - Throws: `LabelError` where the text is neither a label nor a pattern.
  public init(_ text: String) throws(LabelError) {
    description = text
    var body = text
    var architecture: Architecture?
    if let colon = text.lastIndex(of: ":"), text[..<colon].hasSuffix("...") {
      let name = text[text.index(after: colon)...]
      guard let known = Architecture(name) else {
        throw LabelError(
          "'\(name)' in '\(text)' is no architecture: \(Architecture.hint(for: String(name)))")
      }
      architecture = known
      body = String(text[..<colon])
    }
    if body == "//..." {
      matcher = .all(architecture)
    } else if body.hasPrefix("//"), body.hasSuffix("/...") {
      // Whatever can stand before the name of a label can stand before the dots.
      let label = try Label(body.dropLast(3) + "all")
      matcher = .package(label.package, architecture)
    } else {
      matcher = .label(try Label(text))
    }
  }

  public init(_ label: Label) {
    description = label.description
    matcher = .label(label)
  }

  /// Whether the pattern means `label`. A part that the pattern leaves out means every value of it.
  public func matches(_ label: Label) -> Bool {
    switch matcher {
    case .all(let architecture):
      return architecture == nil || architecture == label.architecture
    case .package(let package, let architecture):
      return (label.package == package || label.package.hasPrefix(package + "/"))
        && (architecture == nil || architecture == label.architecture)
    case .label(let wanted):
      return wanted.package == label.package && wanted.name == label.name
        && (wanted.tag == nil || wanted.tag == label.tag)
        && (wanted.architecture == nil || wanted.architecture == label.architecture)
    }
  }

  /// The architecture that the pattern names; `nil` where it means all.
  public var architecture: Architecture? {
    switch matcher {
    case .all(let architecture), .package(_, let architecture): architecture
    case .label(let label): label.architecture
    }
  }

  /// The one label that the pattern is, for messages about a label that does not exist; `nil` for `...` patterns.
  public var exactLabel: Label? {
    if case .label(let label) = matcher { label } else { nil }
  }
}
