/// Recognises the shell commands that can be carried out without a shell: plain words joined by `&&`.
public enum ShellCommand {
  /// The simple commands of a text, each a list of words with quotes and escapes removed.
  ///
  /// Exact or `nil`: unquoted characters come from a short list that no POSIX shell or bash gives a meaning to. A pipe,
  /// `;`, `||`, a redirection, a variable, a substitution, a pattern, a brace, `~`, a comment, an assignment, `&`, a
  /// keyword of the shell and anything unknown is `nil`. Words are not interpreted: a caller that does not know a
  /// command (`cd`, `set` and the like change what the following ones do) must leave the whole text to the shell.
  public static func split(_ text: String) -> [[String]]? {
    var commands: [[String]] = [[]]
    // A quoted empty word is a word, so whether there is one is not told by its text.
    var word: String.UnicodeScalarView?
    var isQuoted = false
    var scalars = text.unicodeScalars[...]

    func finish() -> Bool {
      guard let finished = word else { return true }
      let text = String(finished)
      let last = commands.count - 1
      if commands[last].isEmpty, !isCommandName(text, isQuoted: isQuoted) { return false }
      commands[last].append(text)
      word = nil
      isQuoted = false
      return true
    }

    while let scalar = scalars.popFirst() {
      switch scalar {
      case " ", "\t":
        guard finish() else { return nil }
      case "&":
        guard scalars.popFirst() == "&", finish(), commands.last?.isEmpty == false else { return nil }
        commands.append([])
      case "'":
        guard let end = scalars.firstIndex(of: "'"), isPlain(scalars[..<end]) else { return nil }
        word = (word ?? String.UnicodeScalarView()) + scalars[..<end]
        isQuoted = true
        scalars = scalars[scalars.index(after: end)...]
      case "\"":
        guard let body = doubleQuoted(&scalars) else { return nil }
        word = (word ?? String.UnicodeScalarView()) + body
        isQuoted = true
      case "\\":
        guard let next = scalars.popFirst(), isPlain([next]) else { return nil }
        word = (word ?? String.UnicodeScalarView()) + [next]
        isQuoted = true
      default:
        guard isOrdinary(scalar) else { return nil }
        word = (word ?? String.UnicodeScalarView()) + [scalar]
      }
    }
    guard finish(), commands.last?.isEmpty == false else { return nil }
    return commands
  }

  /// Behind the opening quote; consumes the closing one.
  private static func doubleQuoted(_ scalars: inout Substring.UnicodeScalarView) -> String.UnicodeScalarView?
  {
    var body = String.UnicodeScalarView()
    while let scalar = scalars.popFirst() {
      switch scalar {
      case "\"": return body
      // `!` is history in an interactive bash only, but nobody needs it enough to reason about it.
      case "$", "`", "!": return nil
      case "\\":
        guard let next = scalars.popFirst(), isPlain([next]) else { return nil }
        if !["$", "`", "\"", "\\"].contains(next) { body.append(scalar) }
        body.append(next)
      default:
        guard isPlain([scalar]) else { return nil }
        body.append(scalar)
      }
    }
    return nil
  }

  /// No control characters: shells differ in what line ends and NUL do inside quotes.
  private static func isPlain(_ scalars: some Sequence<Unicode.Scalar>) -> Bool {
    scalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f && $0.properties.generalCategory != .control }
  }

  /// Characters without any meaning outside quotes.
  private static func isOrdinary(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "-", "+", ",", ".", "/", ":", "@", "%", "=": true
    default: false
    }
  }

  /// Whether a word at the start of a command is the name of a program: no assignment and no keyword.
  private static func isCommandName(_ word: String, isQuoted: Bool) -> Bool {
    guard !word.isEmpty, !word.unicodeScalars.contains("=") else { return false }
    return isQuoted || !keywords.contains(word)
  }

  private static let keywords: Set<String> = [
    "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in",
    "function",
    "select", "time", "coproc",
  ]
}
