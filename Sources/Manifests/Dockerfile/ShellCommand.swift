/// Recognises the shell commands that can be carried out without a shell: plain words joined by `&&`.
public enum ShellCommand {
  /// The simple commands of a text, each a list of words with quotes and escapes removed.
  ///
  /// Exact or `nil`: unquoted characters come from a short list that no POSIX shell or bash gives a meaning to. A pipe,
  /// `;`, `||`, a redirection, a substitution, a pattern (but in an option), a brace, `~`, a comment, an assignment, `&`, a
  /// keyword of the shell and anything unknown is `nil`. Words are not interpreted: a caller that does not know a
  /// command (`cd`, `set` and the like change what the following ones do) must leave the whole text to the shell.
  ///
  /// - Parameter variables: what `$NAME` and `${NAME}` are known to hold, where IFS is the shell's own; any other
  ///   variable is `nil`. Values are split into fields as a shell does (POSIX.1-2017, Shell Command Language 2.6.5);
  ///   one that holds a pattern or a backslash is `nil` outside double quotes.
  public static func split(_ text: String, variables: [String: String] = [:]) -> [[String]]? {
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
        guard let body = doubleQuoted(&scalars, variables) else { return nil }
        word = (word ?? String.UnicodeScalarView()) + body
        isQuoted = true
      case "$":
        guard let value = variable(&scalars, variables) else { return nil }
        for character in value {
          switch character {
          case " ", "\t", "\n":
            guard finish() else { return nil }
          case "*", "?", "[", "\\": return nil
          default:
            guard isPlain([character]) else { return nil }
            word = (word ?? String.UnicodeScalarView()) + [character]
            isQuoted = true
          }
        }
      case "\\":
        guard let next = scalars.popFirst(), isPlain([next]) else { return nil }
        word = (word ?? String.UnicodeScalarView()) + [next]
        isQuoted = true
      case "*", "?":
        // Stands for itself where no file can match it, and none is called as an option is.
        guard word?.first == "-", !isQuoted else { return nil }
        word?.append(scalar)
      default:
        guard isOrdinary(scalar) else { return nil }
        word = (word ?? String.UnicodeScalarView()) + [scalar]
      }
    }
    guard finish(), commands.last?.isEmpty == false else { return nil }
    return commands
  }

  /// What an assignment `NAME=text` gives its variable: as a word, but values are not split and patterns not matched.
  ///
  /// - Returns: `nil` where that is not certain.
  public static func assignedValue(_ text: String, variables: [String: String] = [:]) -> String? {
    var value = String.UnicodeScalarView()
    var scalars = text.unicodeScalars[...]
    while let scalar = scalars.popFirst() {
      switch scalar {
      case "'":
        guard let end = scalars.firstIndex(of: "'"), isPlain(scalars[..<end]) else { return nil }
        value += scalars[..<end]
        scalars = scalars[scalars.index(after: end)...]
      case "\"":
        guard let body = doubleQuoted(&scalars, variables) else { return nil }
        value += body
      case "$":
        guard let known = variable(&scalars, variables), isPlain(known) else { return nil }
        value += known
      case "\\":
        guard let next = scalars.popFirst(), isPlain([next]) else { return nil }
        value.append(next)
      default:
        guard isOrdinary(scalar) || "*?[]".unicodeScalars.contains(scalar) else { return nil }
        value.append(scalar)
      }
    }
    return String(value)
  }

  /// The assignments of a command that is nothing else: `A=1 B="x y"`.
  ///
  /// - Returns: names and values in order, each of which later ones may use; `nil` where that is not certain.
  public static func assignments(
    _ text: String, variables: [String: String] = [:]
  ) -> [(name: String, value: String)]? {
    var found: [(name: String, value: String)] = []
    var known = variables
    for word in rawWords(text) {
      guard let equals = word.firstIndex(of: "="), isName(word[..<equals]),
        let value = assignedValue(String(word[word.index(after: equals)...]), variables: known)
      else { return nil }
      let name = String(word[..<equals])
      found.append((name, value))
      known[name] = value
    }
    return found.isEmpty ? nil : found
  }

  /// Words as written, with their quotes.
  private static func rawWords(_ text: String) -> [String] {
    var words: [String] = []
    var word = String.UnicodeScalarView()
    var quote: Unicode.Scalar?
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if quote == nil, !isEscaped, scalar == " " || scalar == "\t" {
        if !word.isEmpty { words.append(String(word)) }
        word = String.UnicodeScalarView()
        continue
      }
      word.append(scalar)
      if isEscaped {
        isEscaped = false
      } else if scalar == "\\", quote != "'" {
        isEscaped = true
      } else if quote == scalar {
        quote = nil
      } else if quote == nil, scalar == "'" || scalar == "\"" {
        quote = scalar
      }
    }
    if !word.isEmpty { words.append(String(word)) }
    return words
  }

  /// Whether a text can be the name of a variable.
  static func isName(_ text: some StringProtocol) -> Bool {
    guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
    return text.unicodeScalars.allSatisfy(isNameCharacter)
  }

  private static func isNameCharacter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_": true
    default: false
    }
  }

  /// Behind a `$`; consumes the name, with its braces.
  private static func variable(
    _ scalars: inout Substring.UnicodeScalarView, _ variables: [String: String]
  ) -> String.UnicodeScalarView? {
    let isBraced = scalars.first == "{"
    if isBraced { scalars.removeFirst() }
    let name = String(String.UnicodeScalarView(scalars.prefix(while: isNameCharacter)))
    scalars = scalars.dropFirst(name.unicodeScalars.count)
    if isBraced { guard scalars.popFirst() == "}" else { return nil } }
    guard isName(name) else { return nil }
    return variables[name]?.unicodeScalars
  }

  /// Behind the opening quote; consumes the closing one.
  private static func doubleQuoted(
    _ scalars: inout Substring.UnicodeScalarView, _ variables: [String: String]
  ) -> String.UnicodeScalarView? {
    var body = String.UnicodeScalarView()
    while let scalar = scalars.popFirst() {
      switch scalar {
      case "\"": return body
      // `!` is history in an interactive bash only, but nobody needs it enough to reason about it.
      case "`", "!": return nil
      case "$":
        guard let value = variable(&scalars, variables), isPlain(value) else { return nil }
        body += value
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
