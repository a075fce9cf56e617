import GraphCore

/// Lays out messages about inputs for a terminal: the place, the line with a caret under what is meant, and the hint.
public enum DiagnosticRenderer {
  /// All messages in the order of their places, and a line that counts them; the empty text where there are none.
  ///
  ///     index.d/app.yaml:41:17: error: depends-on names an image that no entry declares
  ///      41 |     depends-on: app/htpd:latest
  ///         |                 ^~~~~~~~~~~~~~~
  ///       hint: did you mean 'app/httpd:latest'?
  ///     1 error
  ///
  /// - Parameter color: whether to add ANSI colours. Control characters of the inputs never reach the terminal.
  public static func render(_ diagnostics: Diagnostics, color: Bool) -> String {
    let paint = Paint(isOn: color)
    let messages = diagnostics.sorted
    guard !messages.isEmpty else { return "" }
    return messages.map { render($0, paint) }.joined() + count(messages) + "\n"
  }

  private static func render(_ diagnostic: Diagnostic, _ paint: Paint) -> String {
    let place = diagnostic.location.map { paint(.bold, printable($0.description) + ":") + " " } ?? ""
    let severity = paint(style(diagnostic.severity), diagnostic.severity.rawValue + ":")
    var text = "\(place)\(severity) \(printable(diagnostic.message))\n"
    if let location = diagnostic.location, let line = diagnostic.sourceLine {
      text += excerpt(line, location, length: diagnostic.length, paint)
    }
    if let hint = diagnostic.hint { text += "  \(paint(.bold, "hint:")) \(printable(hint))\n" }
    return text
  }

  private static func style(_ severity: Diagnostic.Severity) -> Paint.Style {
    switch severity {
    case .error: .red
    case .warning: .yellow
    case .note: .cyan
    }
  }

  // MARK: The source line

  // Longer lines are cut on both sides of what is meant.
  private static let lineCharactersMax = 160
  private static let charactersBeforeMax = 80

  private static func excerpt(_ line: String, _ location: SourceLocation, length: Int, _ paint: Paint)
    -> String
  {
    var scalars = Array(line.unicodeScalars)
    var start = max(0, location.column - 1)
    guard start <= scalars.count else { return "" }
    if scalars.count > lineCharactersMax {
      let cut = max(0, start - charactersBeforeMax)
      let isCutBehind = cut + lineCharactersMax < scalars.count
      scalars = Array(scalars[cut..<min(scalars.count, cut + lineCharactersMax)]) + (isCutBehind ? ["…"] : [])
      start -= cut
      if cut > 0 {
        scalars.insert("…", at: 0)
        start += 1
      }
    }
    let number = String(location.line)
    let gutter = String(repeating: " ", count: number.count)
    var padding = ""
    // A tab stays a tab, so that the caret stands right whatever a terminal makes of it.
    for scalar in scalars[..<start] {
      padding += scalar == "\t" ? "\t" : String(repeating: " ", count: width(scalar))
    }
    let underlined = scalars[start...].prefix(max(1, length)).reduce(0) { $0 + width($1) }
    let caret = "^" + String(repeating: "~", count: max(1, underlined) - 1)
    return " \(number) | \(printable(String(String.UnicodeScalarView(scalars)), keepsTabs: true))\n"
      + " \(gutter) | \(padding)\(paint(.green, caret))\n"
  }

  /// The columns that a character takes in a terminal.
  private static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    case .format: return isHidden(scalar) ? 1 : 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x20000...0x3fffd:
      return 2
    default: return 1
    }
  }

  /// The text with one visible sign for each character that would steer a terminal.
  private static func printable(_ text: String, keepsTabs: Bool = false) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      result.append(isHidden(scalar) && !(keepsTabs && scalar == "\t") ? "\u{fffd}" : scalar)
    }
    return String(result)
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    // Bidirectional marks could make a line read as something else.
    case .format: (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    default: false
    }
  }

  // MARK: The count

  private static func count(_ messages: [Diagnostic]) -> String {
    let severities: [(Diagnostic.Severity, String)] = [
      (.error, "error"), (.warning, "warning"), (.note, "note"),
    ]
    return severities.compactMap { severity, word in
      let count = messages.count { $0.severity == severity }
      return count == 0 ? nil : "\(count) \(word)\(count == 1 ? "" : "s")"
    }.joined(separator: ", ")
  }
}

private struct Paint {
  enum Style: String {
    case bold = "1"
    case red = "1;31"
    case green = "1;32"
    case yellow = "1;33"
    case cyan = "1;36"
  }

  let isOn: Bool

  func callAsFunction(_ style: Style, _ text: String) -> String {
    isOn ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }
}
