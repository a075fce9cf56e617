import GraphCore

/// What the readers of one file have to say about it: shared by all of them, in the order they found it.
final class Findings {
  let source: SourceText
  private(set) var diagnostics = Diagnostics()
  private var count = 0

  // A file of garbage would otherwise make more messages than anyone reads, and comparing them is quadratic.
  private static let messagesMax = 1000

  init(_ source: SourceText) { self.source = source }

  /// Whether there is more to say than anyone reads: then a message need not be made.
  var isFull: Bool { count > Self.messagesMax }

  func error(
    _ message: String, at location: SourceLocation, length: Int = 1, hint: String? = nil, code: String? = nil
  ) {
    add(.error, message, location, length, hint, code)
  }

  func warning(_ message: String, at location: SourceLocation, length: Int = 1, hint: String? = nil) {
    add(.warning, message, location, length, hint)
  }

  func error(_ message: String, at value: Located<String>, hint: String? = nil) {
    add(.error, message, value.location, source.length(of: value.value, at: value.location), hint)
  }

  func warning(_ message: String, at value: Located<String>, hint: String? = nil) {
    add(.warning, message, value.location, source.length(of: value.value, at: value.location), hint)
  }

  func error(_ message: String, at node: YAMLNode, hint: String? = nil, code: String? = nil) {
    add(.error, message, node.location, node.length, hint, code)
  }

  func warning(_ message: String, at node: YAMLNode, hint: String? = nil) {
    add(.warning, message, node.location, node.length, hint)
  }

  private func add(
    _ severity: Diagnostic.Severity, _ message: String, _ location: SourceLocation, _ length: Int,
    _ hint: String?, _ code: String? = nil
  ) {
    count += 1
    if count > Self.messagesMax {
      if count == Self.messagesMax + 1 {
        diagnostics.add(
          .error("more than \(Self.messagesMax) messages about this file; the rest is left out", at: location)
        )
      }
      return
    }
    var diagnostic = source.diagnostic(severity, at: location, length: length, message, hint: hint)
    diagnostic.code = code
    diagnostics.add(diagnostic)
  }
}

extension Nearest {
  /// A hint for a name that does not exist: the nearest that does, and all of them.
  static func hint(for name: String, among known: [String], noun: String) -> String {
    let list = "\(noun): \(known.joined(separator: ", "))"
    return match(for: name, among: known).map { "did you mean '\($0)'? \(list)" } ?? list
  }
}
