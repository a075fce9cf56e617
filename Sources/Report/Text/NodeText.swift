import GraphCore

extension Node {
  /// The node's name and what it does on one line, as every report writes it: `//app/httpd@2:aarch64 3 RUN httpd -t`.
  var title: String { PlainText.oneLine(detail.isEmpty ? name : "\(name) \(detail)") }

  /// `aarch64`, or `-` for what is the same on all.
  var architectureText: String { (action.architecture ?? label.architecture)?.name ?? "-" }

  /// The command that opens the node's sandbox again; `nil` for operations inside the engine, which have none.
  var shellCommand: String? {
    guard action.command != nil else { return nil }
    return "graph shell \(PlainText.shellWord("\(label)")) --step \(Self.quoted(step))"
  }

  /// Always in quotes: a step is several words more often than not, and the reader sees where it ends.
  private static func quoted(_ step: String) -> String {
    let word = PlainText.shellWord(step)
    return word.hasSuffix("'") ? word : "'\(word)'"
  }
}
