/// What `--chmod` makes of modes: an octal mode, or changes as chmod takes them (`u=rwX,go=rX`).
///
/// Source: POSIX.1-2017, chmod; the mask for changes that name nobody is 022.
struct FileMode: Hashable {
  private enum Change: Hashable {
    case set(UInt16)
    case symbolic(who: UInt16, mask: UInt16, steps: [Step])
  }

  private struct Step: Hashable {
    var sign: Character
    var bits: UInt16
    /// `X`: execution where somebody has it, and for folders.
    var isConditional: Bool
    /// `u`, `g` or `o`: as these have it.
    var copied: Character?
  }

  private let changes: [Change]

  /// - Returns: `nil` for what is no mode.
  init?(_ text: String) {
    if let first = text.first, first.isNumber {
      guard let mode = UInt16(text, radix: 8), mode <= 0o7777 else { return nil }
      changes = [.set(mode)]
      return
    }
    var changes: [Change] = []
    for clause in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let change = Self.clause(clause) else { return nil }
      changes.append(change)
    }
    self.changes = changes
  }

  private static let who: [Character: UInt16] = ["u": 0o4700, "g": 0o2070, "o": 0o1007, "a": 0o7777]
  private static let permissions: [Character: UInt16] = [
    "r": 0o444, "w": 0o222, "x": 0o111, "s": 0o6000, "t": 0o1000,
  ]

  private static func clause(_ text: Substring) -> Change? {
    var rest = text
    var who: UInt16 = 0
    while let first = rest.first, let bits = Self.who[first] {
      who |= bits
      rest = rest.dropFirst()
    }
    var steps: [Step] = []
    while let sign = rest.first {
      guard "+-=".contains(sign) else { return nil }
      rest = rest.dropFirst()
      var step = Step(sign: sign, bits: 0, isConditional: false)
      while let letter = rest.first, !"+-=".contains(letter) {
        rest = rest.dropFirst()
        if let bits = permissions[letter], step.copied == nil {
          step.bits |= bits
        } else if letter == "X", step.copied == nil {
          step.isConditional = true
        } else if "ugo".contains(letter), step.copied == nil, step.bits == 0, !step.isConditional {
          step.copied = letter
        } else {
          return nil
        }
      }
      steps.append(step)
    }
    if steps.isEmpty { return nil }
    return .symbolic(who: who == 0 ? 0o7777 : who, mask: who == 0 ? 0o022 : 0, steps: steps)
  }

  /// The mode of a file or folder that had `mode`.
  func applied(to mode: UInt16, isFolder: Bool) -> UInt16 {
    changes.reduce(mode) { mode, change in
      switch change {
      case .set(let mode): mode
      case .symbolic(let who, let mask, let steps):
        steps.reduce(mode) { Self.apply($1, to: $0, who: who, mask: mask, isFolder: isFolder) }
      }
    }
  }

  private static func apply(_ step: Step, to mode: UInt16, who: UInt16, mask: UInt16, isFolder: Bool)
    -> UInt16
  {
    var bits = step.bits
    if step.isConditional, isFolder || mode & 0o111 != 0 { bits |= 0o111 }
    if let copied = step.copied {
      let shift: UInt16 = copied == "u" ? 6 : copied == "g" ? 3 : 0
      let three = mode >> shift & 0o7
      bits |= three << 6 | three << 3 | three
    }
    bits &= who & ~mask
    return switch step.sign {
    case "+": mode | bits
    case "-": mode & ~bits
    default: mode & ~(who & ~mask) | bits
    }
  }
}
