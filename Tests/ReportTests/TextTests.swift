import Testing

@testable import Report

@Suite("text")
struct TextTests {
  @Test(
    "amounts of time",
    arguments: [
      (0, "0.0 s"), (0.04, "0.0 s"), (0.05, "0.1 s"), (1.25, "1.3 s"), (9.94, "9.9 s"), (9.96, "10 s"),
      (59.4, "59 s"),
      (59.6, "1 min 00 s"), (75, "1 min 15 s"), (3599.7, "1 h 00 min"), (7620, "2 h 07 min"), (-1, "0.0 s"),
      (.nan, "0.0 s"), (.infinity, "0.0 s"),
    ] as [(Double, String)])
  func seconds(seconds: Double, text: String) { #expect(Amounts.seconds(seconds) == text) }

  @Test(
    "logs lose what could steer a terminal, and keep the rest",
    arguments: [
      ("", "", ""), ("a\n", "a\n", "a\n"), ("a", "a\n", "a\n"), ("a\r\nb", "a\nb\n", "a\nb\n"),
      ("10%\r20%\r", "10%\n20%\n", "10%\n20%\n"),
      ("\u{1b}[1;31mred\u{1b}[0m", "red\n", "\u{1b}[1;31mred\u{1b}[0m\u{1b}[0m\n"),
      ("a\u{1b}[2Jb\u{1b}[10;3Hc", "abc\n", "abc\n"), ("a\u{1b}[?25lb", "ab\n", "ab\n"),
      ("a\u{1b}[>4mb", "ab\n", "ab\n"), ("\u{1b}]0;title\u{7}a\u{1b}]8;;u\u{1b}\\b", "ab\n", "ab\n"),
      ("\u{1b}]0;never ends\nnext", "\nnext\n", "\nnext\n"), ("a\u{1b}(Bb\u{1b}cd", "abd\n", "abd\n"),
      ("a\u{9b}2Jb", "ab\n", "ab\n"), ("a\u{1b}[3\nb", "a\nb\n", "a\nb\n"), ("end\u{1b}", "end\n", "end\n"),
      ("end\u{1b}[", "end\n", "end\n"),
      ("a\u{8}\u{0}\u{7f}\u{85}b", "a^H^@^?\u{fffd}b\n", "a^H^@^?\u{fffd}b\n"),
      ("a\tb é 日", "a\tb é 日\n", "a\tb é 日\n"), ("a\u{202e}b", "a\u{fffd}b\n", "a\u{fffd}b\n"),
    ])
  func logs(log: String, plain: String, colored: String) {
    #expect(LogText.sanitized(Array(log.utf8), color: false) == plain)
    #expect(LogText.sanitized(Array(log.utf8), color: true) == colored)
  }

  @Test("bytes that are not UTF-8 become replacement characters")
  func invalid() { #expect(LogText.sanitized([0x61, 0xff, 0x62], color: false) == "a\u{fffd}b\n") }

  @Test("no input leaves a control character in a log, or on a line", arguments: 0..<50)
  func noControls(seed: Int) {
    var random = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
    let alphabet: [UInt8] = [
      0x1b, 0x5b, 0x5d, 0x6d, 0x31, 0x3b, 0x0a, 0x0d, 0x07, 0x9b, 0xc2, 0x41, 0x20, 0x5c, 0x09,
    ]
    let bytes = (0..<200).map { _ -> UInt8 in
      random ^= random << 13
      random ^= random >> 7
      random ^= random << 17
      return alphabet[Int(random % UInt64(alphabet.count))]
    }
    let log = LogText.sanitized(bytes, color: false)
    #expect(
      log.unicodeScalars.allSatisfy { $0 == "\n" || $0 == "\t" || PlainText.visible($0) == [$0] },
      "seed=\(seed)")
    let line = PlainText.oneLine(String(decoding: bytes, as: UTF8.self))
    #expect(line.unicodeScalars.allSatisfy { PlainText.visible($0) == [$0] }, "seed=\(seed)")
  }

  @Test(
    "words of a shell",
    arguments: [
      ("make", "make"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"),
      ("//app/httpd@1:x86_64", "//app/httpd@1:x86_64"),
      ("a\nb", "$'a\\nb'"), ("a\u{1b}'", "$'a\\x1b\\''"), ("$HOME", "'$HOME'"), ("~", "'~'"),
    ])
  func shellWords(text: String, word: String) { #expect(PlainText.shellWord(text) == word) }

  @Test(
    "lines are cut by characters",
    arguments: [
      ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abcd", 1, "…"), ("abcd", 0, ""), ("e\u{301}a", 2, "e\u{301}a"),
    ])
  func cut(text: String, width: Int, expected: String) {
    #expect(PlainText.cut(text, width: width) == expected)
  }

  @Test("text of others becomes one line")
  func oneLine() { #expect(PlainText.oneLine("RUN a \\\n  b\u{1b}[2J\tc") == "RUN a \\   b^[[2J c") }
}
