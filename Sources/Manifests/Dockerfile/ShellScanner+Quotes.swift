/// Quotes and substitutions, which are stepped over as a whole.
extension ShellScanner {
  func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x20 && scalar.value != 0x7f
  }

  /// Behind the last of `end`; nothing in between has a meaning.
  mutating func skip(to end: Unicode.Scalar) -> Bool {
    while position < scalars.count {
      position += 1
      if scalars[position - 1] == end { return true }
      guard isPrintable(scalars[position - 1]) else { return false }
    }
    return false
  }

  mutating func doubleQuoted() -> Bool {
    position += 1
    while position < scalars.count {
      switch scalars[position] {
      case "\"":
        position += 1
        return true
      case "\\":
        guard position + 1 < scalars.count, isPrintable(scalars[position + 1]) else { return false }
        position += 2
      case "`": guard backquoted() else { return false }
      case "$": guard dollar() else { return false }
      default:
        guard isPrintable(scalars[position]) else { return false }
        position += 1
      }
    }
    return false
  }

  mutating func backquoted() -> Bool {
    position += 1
    while position < scalars.count {
      switch scalars[position] {
      case "`":
        position += 1
        return true
      case "\\": position += 2
      default:
        guard isPrintable(scalars[position]) else { return false }
        position += 1
      }
    }
    return false
  }

  mutating func dollar() -> Bool {
    position += 1
    switch at(0) {
    // `$'…'` and `$"…"` mean two things to two shells.
    case "'", "\"": return false
    case "{": return bracketed("{", "}")
    case "(": return bracketed("(", ")")
    default: return true
    }
  }

  /// From an opening bracket behind its closing one, over those inside.
  private mutating func bracketed(_ opening: Unicode.Scalar, _ closing: Unicode.Scalar) -> Bool {
    let start = position
    var depth = 0
    while position < scalars.count {
      switch scalars[position] {
      case "'":
        // Between the braces of `${…}` it depends on the quotes around them whether it is one.
        position += 1
        guard opening == "(", skip(to: "'") else { return false }
        continue
      case "\"":
        guard doubleQuoted() else { return false }
        continue
      case "`":
        guard backquoted() else { return false }
        continue
      case "\\": position += 1
      case "#" where opening == "(": return false
      case opening: depth += 1
      case closing: depth -= 1
      default: guard isPrintable(scalars[position]) else { return false }
      }
      position += 1
      if depth == 0 {
        // The brackets of `case` patterns have no partner.
        let body = String(String.UnicodeScalarView(scalars[start..<min(position, scalars.count)]))
        return opening == "{" || !body.contains("case")
      }
    }
    return false
  }
}
