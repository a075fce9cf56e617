/// Text with placeholders such as `{inputs.spec}`, cut into its parts.
///
/// A placeholder is a word in braces: lower-case letters, digits and '-', optionally followed by '.' and a name. Other
/// braces are plain text (`{print $1}`, `{}`), and so are those after a dollar sign (`${name}` belongs to the shell).
/// `{{name}}` writes `{name}`.
public struct Template: Hashable, Sendable {
  public enum Part: Hashable, Sendable {
    case text(String)
    /// What stands between the braces.
    case placeholder(String)
  }

  /// Neighbouring texts are joined; empty for the empty text.
  public let parts: [Part]

  public init(_ text: String) {
    var parts: [Part] = []
    var plain = ""
    var rest = text.unicodeScalars[...]
    while let scalar = rest.first {
      let isEscaped = rest.starts(with: "{{".unicodeScalars)
      if scalar == "{", plain.unicodeScalars.last != "$",
        let name = Self.name(rest.dropFirst(isEscaped ? 2 : 1))
      {
        let after = rest.dropFirst(name.unicodeScalars.count + (isEscaped ? 3 : 2))
        if !isEscaped {
          if !plain.isEmpty { parts.append(.text(plain)) }
          parts.append(.placeholder(name))
          plain = ""
          rest = after
          continue
        }
        if after.first == "}" {
          plain += "{\(name)}"
          rest = after.dropFirst()
          continue
        }
      }
      plain.unicodeScalars.append(scalar)
      rest = rest.dropFirst()
    }
    if !plain.isEmpty { parts.append(.text(plain)) }
    self.parts = parts
  }

  public var placeholders: [String] {
    parts.compactMap { if case .placeholder(let name) = $0 { name } else { nil } }
  }

  /// The text with each placeholder replaced by what `value` gives for it; those it gives `nil` for stay as written.
  public func filled(_ value: (String) -> String?) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .placeholder(let name): value(name) ?? "{\(name)}"
      }
    }.joined()
  }

  /// The name that ends at the next closing brace.
  private static func name(_ rest: Substring.UnicodeScalarView) -> String? {
    var hasDot = false
    var name = String.UnicodeScalarView()
    for scalar in rest {
      switch scalar {
      case "}": return name.isEmpty || name.last == "." ? nil : String(name)
      case "a"..."z", "0"..."9", "-": break
      case ".":
        guard !name.isEmpty else { return nil }
        hasDot = true
      case "A"..."Z", "_": guard hasDot else { return nil }
      default: return nil
      }
      name.append(scalar)
    }
    return nil
  }
}
