import GraphCore

extension WhyNotReport {
  /// The answer for people: the verdict first, then what it rests on.
  public func text(color: Bool) -> String {
    let style = Style(color: color)
    var lines = [verdictLine(style)]
    if let result { lines += resultLines(result) }
    for cutOff in cutOffs {
      lines.append(
        "  cut off: \(cutOff.node.title) made in run \(cutOff.run) what it had made in run \(cutOff.before), of other inputs"
      )
      lines += cutOff.why.text(color: color).split(separator: "\n").map { "    \($0)" }
    }
    if let pins, !pins.counts.isEmpty { lines += pinLines(pins) }
    for finding in findings { lines += finding.lines(style).map { "  \($0)" } }
    return lines.map { $0 + "\n" }.joined()
  }

  private func verdictLine(_ style: Style) -> String {
    let title = style.strong(title)
    switch verdict {
    case .upToDate: return "\(title) does not run: it is up to date"
    case .runs(let reason, let isPending):
      let why = "'graph why' says more"
      return isPending
        ? "\(title) is pending (\(reason.text)): it runs unless what it reads comes out as before; \(why)"
        : "\(title) does run (\(reason.text)); \(why)"
    case .ran(let run): return "\(title) did run in run \(run); 'graph why --run \(run)' says why"
    case .leftAlone(let run): return "\(title) did not run in run \(run): its result was there"
    case .cutOff(let run):
      return
        "\(title) did not run in run \(run): what it reads came out as it was for a result that was there"
    case .skipped(let run, let cause, let message):
      return "\(title) did not run in run \(run): \(cause.title) failed, \(PlainText.oneLine(message))"
    case .interrupted(let run): return "\(title) did not come to an end in run \(run): it was interrupted"
    case .notAsked(let run, let command):
      return "\(title) did not run in run \(run): '\(PlainText.oneLine(command))' does not need it"
    case .unknown: return "\(title) is not in the history up to then"
    }
  }

  private func resultLines(_ result: Result) -> [String] {
    let record = result.record
    var line = "  result: key \(record.key?.digest.short ?? "-")"
    if let run = result.run {
      line +=
        ", made in \(run.moment) in \(Amounts.seconds(record.durationSeconds)) by '\(PlainText.oneLine(run.command))'"
    }
    if let emulator = record.emulator { line += ", under \(PlainText.oneLine(emulator))" }
    guard case .upToDate = verdict else { return [line] }
    if leaves.isEmpty { return [line] }
    let total = leaves.reduce(0) { $0 + $1.count }
    let kinds = leaves.map { Self.counted($0.kind, $0.count) }.joined(separator: ", ")
    return [
      line,
      result.hasEqualLeaves
        ? "  each of its \(Amounts.counted(total, "leaf input")) is equal to that of the result: \(kinds)"
        : "  its leaf inputs (\(kinds)) are not all those of the result: what differs was cut off",
    ]
  }

  private func pinLines(_ pins: Pins) -> [String] {
    let kinds = pins.counts.map { Self.counted($0.kind, $0.count) }.joined(separator: ", ")
    let place = pins.snapshot.map { "snapshot \($0)" } ?? "a snapshot that is not recorded"
    return [
      "  pinned by \(place): \(kinds)",
      "    what moved upstream since then is not seen before --refresh; 'graph plan --refresh' says what would run",
    ]
  }

  static func counted(_ kind: GraphInput.Kind, _ count: Int) -> String {
    switch kind {
    case .file: Amounts.counted(count, "file")
    case .text: Amounts.counted(count, "text")
    case .commit: Amounts.counted(count, "commit")
    case .source: Amounts.counted(count, "file") + " of commits"
    case .fetched: Amounts.counted(count, "download")
    case .image: Amounts.counted(count, "image") + " of registries"
    case .tool: Amounts.counted(count, "tool")
    case .package: Amounts.counted(count, "package")
    }
  }
}

extension WhyNotReport.Finding {
  func lines(_ style: Style) -> [String] {
    let path = style.busy("'\(PlainText.oneLine(finding.path))'")
    switch finding.verdict {
    case .input(let digest, _):
      let equal = readers.filter(\.isEqual).map(\.node.title)
      let other = readers.filter { !$0.isEqual }.map(\.node.title)
      var lines: [String] = []
      if !equal.isEmpty {
        lines.append(
          "\(path) is an input, and its content \(digest.short) is what the result was made of; times, owners and a file written anew do not count"
        )
        lines += equal.map { "  read by \($0)" }
      }
      if !other.isEmpty {
        lines.append("\(path) is an input, and its content \(digest.short) is new: what reads it runs")
        lines += other.map { "  read by \($0)" }
      }
      return lines
    case .manifest:
      return [
        "\(path) is a manifest: what it says counts, and not its bytes; comments, order of keys and layout change nothing"
      ]
    case .ignored(let file, let label):
      return ["\(path) is in the build context of \(label), and '\(PlainText.oneLine(file))' leaves it out"]
    case .notTaken(let label, let context, let instructions):
      let what =
        instructions.isEmpty
        ? "no instruction takes files of it"
        : "none of its instructions takes it: "
          + instructions.map { "'\(PlainText.oneLine($0))'" }.joined(separator: ", ")
      return ["\(path) is in the build context of \(label) ('\(PlainText.oneLine(context))'), and \(what)"]
    case .elsewhere(let labels):
      let first = labels.prefix(5).map(\.description).joined(separator: ", ")
      let rest = labels.count > 5 ? " and \(labels.count - 5) more" : ""
      return ["\(path) is no input of this target; it is one of \(first)\(rest)"]
    case .pinned(let label, let url, let branch, let commit):
      return [
        "\(path) is no input: the source of \(label) is commit \(commit.prefix(12)) of \(PlainText.oneLine(url)) (\(PlainText.oneLine(branch))), and not a folder",
        "  commit and push it, then use --refresh",
      ]
    case .unread: return ["\(path) is an input of no target; 'graph inputs' lists what is one"]
    case .outside: return ["\(path) is outside the workspace: no action sees it"]
    case .missing(let near):
      return ["there is no \(path)" + (near.map { "; did you mean '\(PlainText.oneLine($0))'?" } ?? "")]
    }
  }
}
