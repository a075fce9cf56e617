/// A place in a text file. Line and column are 1-based; the column counts characters.
public struct SourceLocation: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Relative to the workspace where it is inside, absolute else; `URL#path` for a file of a git tree.
  public var file: String
  public var line: Int
  public var column: Int

  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  public var description: String { "\(file):\(line):\(column)" }

  public static func < (left: SourceLocation, right: SourceLocation) -> Bool {
    if left.file != right.file { return left.file.precedesInBytes(right.file) }
    return (left.line, left.column) < (right.line, right.column)
  }
}

/// One message about an input: where, what is wrong, how to mend it.
///
/// The wording lives beside the check that finds the fault; the layout (source line, caret) lives in Report.
public struct Diagnostic: Hashable, Sendable {
  public enum Severity: String, Sendable {
    case error, warning, note
  }

  public var severity: Severity
  /// `nil` only for messages about a command line or the machine.
  public var location: SourceLocation?
  /// Lower case, no full stop, user text in '…'.
  public var message: String
  /// The text of the line at `location`, where the reader of the file kept it, for the caret.
  public var sourceLine: String?
  /// How many characters the caret underlines.
  public var length: Int
  /// How to mend it, as something to type or to change.
  public var hint: String?
  /// What kind of fault it is, for programs: small letters and '-'. Never changes once published; `nil` stands for the
  /// kind of file (`Diagnostic.rule`).
  public var code: String?

  public init(
    _ severity: Severity, at location: SourceLocation?, _ message: String, sourceLine: String? = nil,
    length: Int = 1,
    hint: String? = nil, code: String? = nil
  ) {
    self.code = code
    self.severity = severity
    self.location = location
    self.message = message
    self.sourceLine = sourceLine
    self.length = length
    self.hint = hint
  }

  /// An error without source line; whoever shows it may add the line.
  public static func error(
    _ message: String, at location: SourceLocation?, hint: String? = nil, code: String? = nil
  ) -> Diagnostic {
    Diagnostic(.error, at: location, message, hint: hint, code: code)
  }

  /// A warning without source line; whoever shows it may add the line.
  public static func warning(
    _ message: String, at location: SourceLocation?, hint: String? = nil, code: String? = nil
  ) -> Diagnostic {
    Diagnostic(.warning, at: location, message, hint: hint, code: code)
  }
}

extension Diagnostic {
  /// The stable name of the rule that it breaks: its code, or the kind of file that it is about.
  public var rule: String {
    if let code { return code }
    guard let file = location?.file else { return "workspace" }
    let name = file.split(separator: "/").last ?? ""
    if file == "graph.yml" { return "settings" }
    if file.hasPrefix("index.d") { return "index" }
    if file.hasPrefix("graph.d") { return "targets" }
    if name.contains("cccp.y") { return "cccp" }
    if name == "container.yaml" { return "container" }
    return "dockerfile"
  }
}

/// Everything that a phase had to say; a phase reports all its errors, not the first.
public struct Diagnostics: Sendable {
  public private(set) var all: [Diagnostic] = []
  private var known: Set<Diagnostic> = []

  public init() {}

  /// More than this nobody reads, and what makes more has gone wrong as a whole.
  private static let messagesMax = 5000

  /// Adds a message that is not there yet. Of very many, one stands for all that are left out.
  public mutating func add(_ diagnostic: Diagnostic) {
    guard all.count >= Self.messagesMax, !known.contains(diagnostic) else {
      if known.insert(diagnostic).inserted { all.append(diagnostic) }
      return
    }
    let left = Diagnostic(
      diagnostic.severity, at: nil,
      "more than \(Self.messagesMax) messages; other \(diagnostic.severity.rawValue)s are left out",
      hint: "mend these first", code: "limit")
    if known.insert(left).inserted { all.append(left) }
  }

  /// Adds all messages that are not there yet.
  public mutating func add(contentsOf other: Diagnostics) {
    other.all.forEach { add($0) }
  }

  public var hasErrors: Bool { all.contains { $0.severity == .error } }

  /// Ordered by file, line and column; messages without a place come last.
  public var sorted: [Diagnostic] {
    all.enumerated().sorted { left, right in
      switch (left.element.location, right.element.location) {
      case (let a?, let b?): a == b ? left.offset < right.offset : a < b
      case (_?, nil): true
      case (nil, _?): false
      case (nil, nil): left.offset < right.offset
      }
    }.map(\.element)
  }
}
