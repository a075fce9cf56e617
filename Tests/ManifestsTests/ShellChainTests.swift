import Glibc
import Testing

@testable import Manifests

/// Parts as `list:text`, with `&` in front of those that need the success of the part before.
@Suite("shell texts taken apart")
struct ShellChainTests {
  @Test(
    "what '&&' and ';' join at the top level",
    arguments: [
      ("a", "0:a"), ("a && b; c", "0:a|&0:b|1:c"), (" a  b ;c; ", "0:a  b|1:c"),
      ("a 'x && y' && b", "0:a 'x && y'|&0:b"),
      ("a \"x; $(b; c && d) `e; f`\"; g", "0:a \"x; $(b; c && d) `e; f`\"|1:g"), ("a\\;b", "0:a\\;b"),
      ("(a; b) && c", "0:(a; b)|&0:c"), ("{ a; b; } ; c", "0:{ a; b; }|1:c"),
      ("echo { a && b", "0:echo { a|&0:b"),
      ("if a; then b; else c; fi && d", "0:if a; then b; else c; fi|&0:d"),
      ("for i in a b; do c; done; d", "0:for i in a b; do c; done|1:d"),
      ("while a; do b && c; done", "0:while a; do b && c; done"), ("a || b && c; d", "0:a || b && c|1:d"),
      ("a && b || c; d", "0:a && b || c|1:d"), ("a | b && c", "0:a | b|&0:c"),
      ("a 2>&1 >x <y && b", "0:a 2>&1 >x <y|&0:b"),
      ("A=1 B='2 3' && c", "0:A=1 B='2 3'|&0:c"), ("a ${x} $y && b", "0:a ${x} $y|&0:b"),
      ("! a && b", "0:! a|&0:b"),
      ("echo if && b", "0:echo if|&0:b"), ("a \\  && b", "0:a \\ |&0:b"),
      ("", nil), ("a &&", nil), ("&& a", nil), ("a & b", nil), ("a &> b", nil), ("a |& b", nil),
      ("a || ; b", nil), ("a;; b", nil),
      ("a; ; b", nil), ("a 'b", nil), ("a \"b", nil), ("a $(b", nil), ("(a", nil), ("a)", nil),
      ("{ a; ", nil), ("if a; then b", nil),
      ("a << E", nil), ("a <(b)", nil), ("f() { a; }", nil), ("a=(b c)", nil), ("case a in b) c;; esac", nil),
      ("[[ a && b ]]", nil),
      ("a # b", nil), ("a\nb", nil), ("a $'b'", nil), ("a || ", nil), ("a | ", nil),
      ("function f { a; }", nil),
    ] as [(String, String?)])
  func parts(text: String, expected: String?) {
    let parts = ShellChain(text)?.parts.map { "\($0.needsSuccess ? "&" : "")\($0.list):\($0.text)" }
    #expect(parts?.joined(separator: "|") == expected)
  }

  @Test(
    "the commands of a part",
    arguments: [
      ("a b", ["a b"], true), ("a | b c", ["a", "b c"], false), ("a && b || c", ["a", "b", "c"], false),
      ("(a)", ["(a)"], false),
      ("a > x", ["a > x"], true),
    ])
  func commands(text: String, commands: [String], isSimple: Bool) {
    let part = ShellChain(text)?.parts.first
    #expect(part?.commands == commands)
    #expect(part?.isSimple == isSimple)
  }

  /// Joined again with nothing but the parts and the operators between them, a text does what it did: each part in a
  /// group of its own, so that one that was cut in the wrong place is an error or means something else.
  @Test("thousands of random texts mean the same to a shell", arguments: ["/bin/sh", "/bin/bash"])
  func random(shell: String) throws {
    guard access(shell, X_OK) == 0 else { return print("skipped: no \(shell)") }
    var random = Random(state: 7)
    let pieces = [
      "p a", "p b", "q", " && ", " && ", "; ", " || ", " | cat", "'", "\"", "(", ")", "{ ", " }",
      "if q; then ", "; else ", "; fi",
      "for i in 1 2; do ", "; done", "$V", "${V}", "$(p s)", "`p t`", "\\", " >/dev/null", " >&2", "!", " ",
      "A=1 ", "p \"x; y\"",
      "p 'a && b'",
    ]
    var count = 0
    var script = "p() { printf '<%s>' \"$@\"; }\nq() { p q; return 1; }\nV=v\n"
    for _ in 0..<90_000 {
      let text = (0..<Int.random(in: 1...8, using: &random)).map { _ in
        pieces[Int.random(in: 0..<pieces.count, using: &random)]
      }.joined()
      guard let chain = ShellChain(text), chain.parts.count > 1 else { continue }
      count += 1
      var again = ""
      for (index, part) in chain.parts.enumerated() {
        if index > 0 { again += part.needsSuccess ? " && " : "; " }
        again += "{ \(part.text)\n}"
      }
      // What is no command at all to the shell has to be none in both.
      script +=
        "x=$(eval \(quoted(text)) 2>/dev/null; echo $?); y=$(eval \(quoted(again)) 2>/dev/null; echo $?)\n"
      script += "[ \"$x\" = \"$y\" ] || printf '%s\\n' \(quoted(text)) \"$x\" \(quoted(again)) \"$y\"\n"
      if count == 1500 { break }
    }
    #expect(count == 1500)
    let path = "/tmp/graph-chain-\(getpid())-\(shell.utf8.count)"
    defer { unlink(path) }
    let file = try #require(fopen(path, "w"))
    fputs(script, file)
    fclose(file)
    let stream = try #require(popen("cd / && \(shell) \(path) 2>&1", "r"))
    defer { pclose(stream) }
    var output = ""
    while let character = Optional(fgetc(stream)), character != EOF {
      output.unicodeScalars.append(Unicode.Scalar(UInt8(truncatingIfNeeded: character)))
    }
    #expect(output == "")
  }

  private func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}
