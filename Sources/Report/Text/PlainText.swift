/// Foreign text made safe for one line of a terminal or a file: no control characters, no line ends.
public enum PlainText {
  /// Line ends and tabs become one space, other control characters `^X` (C0, DEL) or U+FFFD (C1).
  ///
  /// Names of steps hold what a Dockerfile says, so they may hold anything.
  public static func oneLine(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
    var output = String.UnicodeScalarView()
    var endsInSpace = false
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n", "\r", "\t", "\u{0b}", "\u{0c}", "\u{85}", "\u{2028}", "\u{2029}":
        if !endsInSpace { output.append(" ") }
        endsInSpace = true
      default:
        output.append(contentsOf: visible(scalar))
        endsInSpace = scalar == " "
      }
    }
    return String(output)
  }

  /// A scalar as it may be shown: itself, or what stands for a control character.
  static func visible(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    switch scalar.value {
    case 0..<0x20: ["^", Unicode.Scalar(UInt8(scalar.value) + 0x40)]
    case 0x7f: ["^", "?"]
    case 0x80..<0xa0: ["\u{fffd}"]
    // Marks that turn the direction of what follows would let a log rewrite the line it is on.
    case 0x202a...0x202e, 0x2066...0x2069: ["\u{fffd}"]
    default: [scalar]
    }
  }

  /// The first `width` characters, the last of them `…` where something is cut off. Text without colour only.
  static func cut(_ text: String, width: Int) -> String {
    guard width > 0 else { return "" }
    return text.count <= width ? text : String(text.prefix(width - 1)) + "…"
  }

  /// `text` as one word of a shell command.
  static func shellWord(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      default: "-_./:@%+=,".utf8.contains(byte)
      }
    }
    if isPlain, !text.isEmpty { return text }
    if text.unicodeScalars.contains(where: { visible($0) != [$0] }) { return ansiWord(text) }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// `$'…'`, which bash and the current POSIX shell read: control characters stay visible and stay on one line.
  private static func ansiWord(_ text: String) -> String {
    var output = "$'"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": output += "\\n"
      case "\t": output += "\\t"
      case "'", "\\": output += "\\\(scalar)"
      default:
        if visible(scalar) == [scalar] {
          output.unicodeScalars.append(scalar)
        } else {
          for byte in String(scalar).utf8 { output += "\\x\(byte < 16 ? "0" : "")\(String(byte, radix: 16))" }
        }
      }
    }
    return output + "'"
  }
}
