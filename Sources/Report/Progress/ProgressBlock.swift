import GraphCore

/// The lines that show where a run stands.
///
///     [#########---------------] 12/41  30 cached  2 running  27 left  about 12 s
///       12.3 s  //app/httpd@latest:aarch64 3 install
///        0.4 s  //app/nginx@1:x86_64 2 RUN make
struct ProgressBlock {
  let run: RunState
  let now: Double
  let size: TerminalSize

  struct Line {
    let text: String
    /// In characters, without colour.
    let width: Int
  }

  private static let barCharacters = 24

  /// At most one line less than the terminal has, none wider than it: the cursor's line stays free.
  func lines(_ style: Style) -> [Line] {
    guard run.total > 0, size.rows > 1, size.columns > 1 else { return [] }
    var lines = [summary(style)]
    let longest = run.running.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
    let room = size.rows - 1 - lines.count
    // The last line of the room says how many there is no room for.
    let shown = longest.count <= room ? longest.count : max(0, room - 1)
    let times = longest.prefix(shown).map { Amounts.seconds(max(0, now - $0.value)) }
    let width = times.map(\.count).max() ?? 0
    for ((id, _), time) in zip(longest, times) {
      lines.append(line("  \(Columns.right(time, width: width))  \(run.graph[id].title)") { $0 })
    }
    if shown < longest.count, room > 0 {
      lines.append(line("  and \(longest.count - shown) more", style.faint))
    }
    return lines
  }

  private func summary(_ style: Style) -> Line {
    let filled = Self.barCharacters * min(run.done.count, run.total) / run.total
    let bar =
      String(repeating: "#", count: filled) + String(repeating: "-", count: Self.barCharacters - filled)
    var parts = [
      "[\(bar)] \(run.done.count)/\(run.total)", "\(run.cached) cached", "\(run.running.count) running",
    ]
    if !run.waiting.isEmpty { parts.append("\(run.waiting.count) waiting") }
    parts.append("\(run.left) left")
    if run.failed > 0 { parts.append("\(run.failed) failed") }
    if let remaining = run.remaining(now: now) { parts.append("about \(Amounts.seconds(remaining))") }
    return line(parts.joined(separator: "  "), run.failed > 0 ? style.bad : style.strong)
  }

  /// Cut before it is coloured, so that no sequence is cut in two.
  private func line(_ text: String, _ paint: (String) -> String) -> Line {
    // One column stays free: terminals differ in where the cursor is after the last one.
    let cut = PlainText.cut(text, width: size.columns - 1)
    return Line(text: paint(cut), width: cut.count)
  }
}
