/// A shell text taken apart into what `&&` and `;` join at its top level, each part as it was written.
///
/// Only the structure is read: quotes, substitutions, groups and compound commands are stepped over as a whole. Exact or
/// `nil`: a text with a command in the background, a here-document, a comment, a function, `case`, `[[`, a line end or
/// anything that is not certain is `nil`. Grammar: POSIX.1-2017, Shell Command Language 2.10.
public struct ShellChain: Sendable, Hashable {
  /// What stands between two operators of the top level.
  public struct Part: Sendable, Hashable {
    /// As written, without space around it.
    public var text: String
    /// Whether the part runs only where the one before succeeded (`&&`); else it runs in any case (`;`, or first).
    public var needsSuccess: Bool
    /// Which list of parts joined by `&&` it is in, counted from 0.
    public var list: Int
    /// The simple commands in it, as written: one, or those of a pipeline or of a list with `||`.
    public var commands: [String]
    /// Whether a group, a subshell or a compound command is in it.
    public var isGrouped: Bool

    /// Whether the part is one simple command and nothing else.
    public var isSimple: Bool { commands.count == 1 && !isGrouped }
  }

  public var parts: [Part]

  public init?(_ text: String) {
    var scanner = ShellScanner(text)
    guard scanner.scan() else { return nil }
    parts = scanner.parts
  }
}
