import GraphCore

/// The words of a reporter for an event.
struct EventText {
  let graph: GraphCore.Graph
  let style: Style

  /// `ran 1.2 s //app/httpd@latest:aarch64 3 install`.
  func finished(_ id: NodeID, _ outcome: BuildEvent.Outcome, seconds: Double) -> String {
    let title = graph[id].title
    switch outcome {
    case .ran: return "\(style.good("ran")) \(Amounts.seconds(seconds)) \(title)"
    case .cutOff: return "\(style.faint("cut off")) \(title)"
    case .failed(let failure):
      return
        "\(style.bad("failed")) \(Amounts.seconds(seconds)) \(title): \(PlainText.oneLine(failure.reason))"
    case .skipped(let because): return "\(style.faint("skipped")) \(title): \(graph[because].title) failed"
    case .cancelled: return "\(style.busy("interrupted")) \(Amounts.seconds(seconds)) \(title)"
    }
  }

  /// What follows the line of a failure: where it was declared, what ran, how to look into it, and the whole log.
  func details(_ id: NodeID, _ failure: Failure) -> String {
    let node = graph[id]
    var lines: [String] = []
    if let location = node.location { lines.append("  declared: \(PlainText.oneLine("\(location)"))") }
    if let command = node.action.command {
      lines.append("  command:  \(command.argv.map(PlainText.shellWord).joined(separator: " "))")
    } else {
      lines.append("  rule:     \(PlainText.oneLine("\(node.action.rule)")), inside the engine")
    }
    if let hint = failure.hint { lines.append("  hint:     \(PlainText.oneLine(hint))") }
    if let shell = node.shellCommand { lines.append("  rerun:    \(style.strong(shell))") }
    var text = lines.map { $0 + "\n" }.joined()
    if failure.log.isEmpty {
      if node.action.command != nil { text += "  it printed nothing\n" }
    } else {
      text +=
        style.strong("---- log of \(node.title), \(Amounts.counted(failure.log.count, "byte")) ----") + "\n"
      text += LogText.sanitized(failure.log, color: style.isColored)
      text += style.strong("---- end of the log of \(node.title) ----") + "\n"
    }
    return text
  }

  func restarted(_ reason: String) -> String { "\(style.busy("restarted")): \(PlainText.oneLine(reason))" }
}
