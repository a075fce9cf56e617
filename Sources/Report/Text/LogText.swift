/// What an action printed, made fit to be shown whole.
enum LogText {
  /// The log as text that ends in a line feed, or is empty.
  ///
  /// Bytes that are not UTF-8 become U+FFFD. Control sequences go, but for colours (SGR) where `color` is on; a
  /// carriage return becomes a line end, since what a progress bar overwrites is part of the log too; other control
  /// characters are written `^X`.
  static func sanitized(_ log: [UInt8], color: Bool) -> String {
    let scalars = Array(String(decoding: log, as: UTF8.self).unicodeScalars)
    var output = String.UnicodeScalarView()
    var hasColor = false
    var position = 0
    while position < scalars.count {
      let scalar = scalars[position]
      switch scalar {
      case "\u{1b}":
        let end = endOfSequence(scalars, from: position)
        if color, isColor(scalars[position..<end]) {
          output.append(contentsOf: scalars[position..<end])
          hasColor = true
        }
        position = end
        continue
      case "\u{9b}":
        // The one-character form of ESC [.
        position = endOfParameters(scalars, from: position + 1)
        continue
      case "\r":
        if position + 1 == scalars.count || scalars[position + 1] != "\n" { output.append("\n") }
      case "\n", "\t":
        output.append(scalar)
      default:
        output.append(contentsOf: PlainText.visible(scalar))
      }
      position += 1
    }
    if hasColor { output.append(contentsOf: "\u{1b}[0m".unicodeScalars) }
    if let last = output.last, last != "\n" { output.append("\n") }
    return String(output)
  }

  /// The position behind the control sequence that begins with the ESC at `start` (ECMA-48 section 5).
  private static func endOfSequence(_ scalars: [Unicode.Scalar], from start: Int) -> Int {
    guard start + 1 < scalars.count else { return scalars.count }
    switch scalars[start + 1] {
    case "[":
      return endOfParameters(scalars, from: start + 2)
    case "]", "P", "X", "^", "_":
      return endOfString(scalars, from: start + 2)
    case " "..."/":
      var position = start + 2
      while position < scalars.count, (" "..."/").contains(scalars[position]) { position += 1 }
      return min(position + 1, scalars.count)
    case "0"..."~":
      return start + 2
    default:
      // Not a sequence: only the ESC goes.
      return start + 1
    }
  }

  /// Behind parameters, intermediates and the final character of a CSI sequence; ends before what cannot be in one.
  private static func endOfParameters(_ scalars: [Unicode.Scalar], from start: Int) -> Int {
    var position = start
    while position < scalars.count {
      switch scalars[position] {
      case " "..."?": position += 1
      case "@"..."~": return position + 1
      default: return position
      }
    }
    return position
  }

  /// Behind the terminator of a control string (BEL or ESC \). One without terminator ends with its line, so that it
  /// cannot swallow the rest of the log.
  private static func endOfString(_ scalars: [Unicode.Scalar], from start: Int) -> Int {
    var position = start
    while position < scalars.count {
      switch scalars[position] {
      case "\u{07}", "\u{9c}": return position + 1
      case "\u{1b}":
        return position + 1 < scalars.count && scalars[position + 1] == "\\" ? position + 2 : position
      case "\n": return position
      default: position += 1
      }
    }
    return position
  }

  private static func isColor(_ sequence: ArraySlice<Unicode.Scalar>) -> Bool {
    guard sequence.last == "m", sequence.count >= 3 else { return false }
    return sequence.dropFirst(2).dropLast().allSatisfy { ("0"..."9").contains($0) || $0 == ";" || $0 == ":" }
  }
}
