import GraphCore
import Report
import Testing

@Suite("diagnostics on a terminal")
struct DiagnosticRendererTests {
  private func render(_ messages: [Diagnostic], color: Bool = false) -> String {
    var diagnostics = Diagnostics()
    messages.forEach { diagnostics.add($0) }
    return DiagnosticRenderer.render(diagnostics, color: color)
  }

  private func message(_ line: String, column: Int, length: Int = 1) -> Diagnostic {
    Diagnostic(
      .error, at: SourceLocation(file: "f.yml", line: 41, column: column), "no such label", sourceLine: line,
      length: length)
  }

  @Test("place, line, caret, hint and count, in the order of the places")
  func layout() {
    let last = Diagnostic(.warning, at: nil, "slow disk", hint: "buy another")
    let first = Diagnostic(
      .error, at: SourceLocation(file: "a.yml", line: 9, column: 5), "unknown key 'x'",
      sourceLine: "    x: 1",
      hint: "remove it")
    #expect(
      render([last, message("  depends-on: a/b", column: 15, length: 3), first]) == """
        a.yml:9:5: error: unknown key 'x'
         9 |     x: 1
           |     ^
          hint: remove it
        f.yml:41:15: error: no such label
         41 |   depends-on: a/b
            |               ^~~
        warning: slow disk
          hint: buy another
        2 errors, 1 warning

        """)
    #expect(render([]) == "")
  }

  @Test("the caret stands under wide characters, marks and tabs")
  func widths() {
    #expect(render([message("\ta: 値x", column: 6)]).contains("\n 41 | \ta: 値x\n    | \t     ^\n"))
    #expect(render([message("e\u{301}: 値", column: 5)]).contains("\n    |    ^~\n"))
    #expect(render([message("ab", column: 3)]).contains("\n    |   ^\n"))
    #expect(!render([message("ab", column: 9)]).contains("|"))
  }

  @Test("nothing of an input steers the terminal")
  func control() {
    let text = render([message("a\u{1b}[2Jb\u{202e}", column: 1)])
    #expect(text.contains(" 41 | a\u{fffd}[2Jb\u{fffd}\n"))
  }

  @Test("long lines are cut around what is meant")
  func long() {
    let text = render([message(String(repeating: "x", count: 5000), column: 3000, length: 4000)])
    let lines = text.split(separator: "\n" as Character).map(\.count)
    #expect(lines[1] == 6 + 1 + 160 + 1)
    #expect(lines[2] <= lines[1])
  }

  @Test("colours only where they are asked for")
  func color() {
    #expect(!render([message("a", column: 1)]).contains("\u{1b}"))
    #expect(
      render([message("a", column: 1)], color: true).contains("\u{1b}[1;31merror:\u{1b}[0m no such label"))
  }
}
