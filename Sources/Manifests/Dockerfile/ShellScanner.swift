/// One walk over a shell text.
struct ShellScanner {
  private enum Open { case group, subshell, condition, loop }

  let scalars: [Unicode.Scalar]
  var position = 0
  private var open: [Open] = []
  private var isCommandPosition = true
  var parts: [ShellChain.Part] = []

  private var list = 0
  private var partStart = 0
  private var needsSuccess = false
  private var commandStart = 0
  private var commands: [String] = []
  private var isGrouped = false
  /// Where the list began, for a list with `||`, which stays one part.
  private var listStart = 0
  private var firstPartOfList = 0
  private var hasAlternative = false

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func scan() -> Bool {
    while position < scalars.count {
      guard step() else { return false }
    }
    guard open.isEmpty else { return false }
    // A `;` may end the text, `&&` may not.
    if isBlank(from: partStart) { return !needsSuccess && !parts.isEmpty }
    return endPart()
  }

  private mutating func step() -> Bool {
    switch scalars[position] {
    case " ", "\t":
      position += 1
      return true
    case "&": return ampersand()
    case "|": return bar()
    case ";": return semicolon()
    case "(":
      // Behind a word it makes a function or an array.
      let previous = position > 0 ? scalars[position - 1] : " "
      guard isCommandPosition, " \t;&|(".unicodeScalars.contains(previous) else { return false }
      enter(.subshell)
      position += 1
      return true
    case ")":
      guard leave(.subshell) else { return false }
      position += 1
      return true
    case "<", ">": return redirection()
    case "#": return false
    default: return word()
    }
  }

  func at(_ offset: Int) -> Unicode.Scalar? {
    position + offset < scalars.count ? scalars[position + offset] : nil
  }

  // MARK: Operators

  private mutating func ampersand() -> Bool {
    // Alone it starts something in the background; `&>` means two things to two shells.
    guard at(1) == "&" else { return false }
    if open.isEmpty, !hasAlternative {
      guard endPart() else { return false }
      position += 2
      needsSuccess = true
      (partStart, commandStart) = (position, position)
    } else {
      guard endCommand() else { return false }
      position += 2
      if open.isEmpty { commandStart = position }
    }
    isCommandPosition = true
    return true
  }

  private mutating func bar() -> Bool {
    guard at(1) != "&", endCommand() else { return false }
    if at(1) == "|" {
      position += 1
      if open.isEmpty, !hasAlternative { joinList() }
    }
    position += 1
    if open.isEmpty { commandStart = position }
    isCommandPosition = true
    return true
  }

  private mutating func semicolon() -> Bool {
    guard at(1) != ";" else { return false }
    if open.isEmpty {
      guard endPart() else { return false }
      position += 1
      list += 1
      needsSuccess = false
      hasAlternative = false
      (partStart, commandStart, listStart) = (position, position, position)
      firstPartOfList = parts.count
    } else {
      position += 1
    }
    isCommandPosition = true
    return true
  }

  /// A list with `||` is one part from its start: which of its commands run depends on all before them.
  private mutating func joinList() {
    let earlier = parts[firstPartOfList...]
    commands = earlier.flatMap(\.commands) + commands
    isGrouped = isGrouped || earlier.contains(where: \.isGrouped)
    parts.removeSubrange(firstPartOfList...)
    partStart = listStart
    needsSuccess = false
    hasAlternative = true
  }

  private mutating func redirection() -> Bool {
    let sign = scalars[position]
    let next = at(1)
    // A here-document, a process substitution.
    if next == "(" || sign == "<" && next == "<" { return false }
    position += 1
    if next == ">" || next == "&" || next == "|" { position += 1 }
    while at(0) == " " || at(0) == "\t" { position += 1 }
    // The name of the file is no command, wherever the redirection stands.
    let wasCommandPosition = isCommandPosition
    isCommandPosition = false
    guard at(0) != nil, word() else { return false }
    isCommandPosition = wasCommandPosition
    return true
  }

  // MARK: Words

  private mutating func word() -> Bool {
    let start = position
    var isLiteral = true
    scanning: while position < scalars.count {
      switch scalars[position] {
      case " ", "\t", "&", "|", ";", "(", ")", "<", ">": break scanning
      case "'":
        isLiteral = false
        position += 1
        guard skip(to: "'") else { return false }
      case "\"":
        isLiteral = false
        guard doubleQuoted() else { return false }
      case "\\":
        isLiteral = false
        guard position + 1 < scalars.count, isPrintable(scalars[position + 1]) else { return false }
        position += 2
      case "`":
        isLiteral = false
        guard backquoted() else { return false }
      case "$":
        isLiteral = false
        guard dollar() else { return false }
      default:
        guard isPrintable(scalars[position]) else { return false }
        position += 1
      }
    }
    guard position > start else { return false }
    let text = String(String.UnicodeScalarView(scalars[start..<position]))
    return isCommandPosition ? commandWord(text, isLiteral: isLiteral) : true
  }

  private mutating func commandWord(_ text: String, isLiteral: Bool) -> Bool {
    if let equals = text.firstIndex(of: "="), ShellCommand.isName(text[..<equals]) { return true }
    guard isLiteral else {
      isCommandPosition = false
      return true
    }
    switch text {
    case "{": enter(.group)
    case "}": return leave(.group)
    case "if": enter(.condition)
    case "then", "else", "elif":
      guard open.last == .condition else { return false }
    case "fi": return leave(.condition)
    case "while", "until": enter(.loop)
    case "for":
      enter(.loop)
      isCommandPosition = false
    case "do":
      guard open.last == .loop else { return false }
    case "done": return leave(.loop)
    case "!": isGrouped = true
    case "case", "esac", "in", "select", "function", "time", "coproc", "[[": return false
    default: isCommandPosition = false
    }
    return true
  }

  private mutating func enter(_ kind: Open) {
    open.append(kind)
    isGrouped = true
    isCommandPosition = true
  }

  private mutating func leave(_ kind: Open) -> Bool {
    guard open.popLast() == kind else { return false }
    isCommandPosition = false
    return true
  }

  // MARK: Ends

  private mutating func endCommand() -> Bool {
    if open.isEmpty {
      guard !isBlank(from: commandStart) else { return false }
      commands.append(trimmed(from: commandStart))
      commandStart = position
    }
    return commands.last != "!"
  }

  private mutating func endPart() -> Bool {
    guard !isBlank(from: commandStart) else { return false }
    commands.append(trimmed(from: commandStart))
    guard commands.last != "!" else { return false }
    parts.append(
      .init(
        text: trimmed(from: partStart), needsSuccess: needsSuccess, list: list, commands: commands,
        isGrouped: isGrouped))
    commands = []
    isGrouped = false
    return true
  }

  private func isBlank(from start: Int) -> Bool {
    scalars[start..<position].allSatisfy { $0 == " " || $0 == "\t" }
  }

  private func trimmed(from start: Int) -> String {
    let text = scalars[start..<position].drop { $0 == " " || $0 == "\t" }
    let end = text.lastIndex { $0 != " " && $0 != "\t" } ?? text.startIndex
    // A backslash at the end keeps the space behind it.
    let isEscaped = end < text.endIndex && text[end] == "\\" && end + 1 < text.endIndex
    return String(String.UnicodeScalarView(text[..<min(text.endIndex, end + (isEscaped ? 2 : 1))]))
  }
}
