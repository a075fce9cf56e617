import GraphCore

extension [String: SourceText] {
  /// A message at a place of one of these files, with its line.
  ///
  /// - Parameter text: the value that stands there, which is underlined.
  public func diagnostic(
    _ severity: Diagnostic.Severity, _ message: String, at location: SourceLocation, covering text: String,
    hint: String? = nil
  ) -> Diagnostic {
    guard let source = self[location.file] else {
      return Diagnostic(severity, at: location, message, hint: hint)
    }
    return source.diagnostic(
      severity, at: location, length: source.length(of: text, at: location), message, hint: hint)
  }
}

extension Workspace {
  /// A message about a declared value, with its source line: for stages that find faults after reading.
  public func diagnostic(
    _ severity: Diagnostic.Severity, _ message: String, at value: Located<some CustomStringConvertible>,
    hint: String? = nil
  ) -> Diagnostic {
    sources.diagnostic(severity, message, at: value.location, covering: value.value.description, hint: hint)
  }
}
