import Testing

@testable import Manifests

/// Values as the shells of Unix and BuildKit agree on them, but for the last group.
@Suite("variables of Dockerfiles")
struct VariablesTests {
  static let values = [
    "p": "/usr/lib/a.tar.gz", "star": "x*y?z\\", "xxyy": "xxyy", "empty": "", "x": "x", "needle": "\\*/",
    "stars": "/foo*/*/*.txt", "tmp": "/tmp", "dirs": "/tmp/tmp/bar.txt", "any": "/?/", "slash": "/",
    "letters": "/a/foo/b/c.txt", "special": "()[]{}^$.*?|\\x", "é": "1", "u": "👽🚀🖖",
  ]

  static let patterns: [(String, String?)] = [
    ("${p#*/}", "usr/lib/a.tar.gz"), ("${p##*/}", "a.tar.gz"), ("${p%.*}", "/usr/lib/a.tar"),
    ("${p%%.*}", "/usr/lib/a"), ("${p%/*}/b", "/usr/lib/b"), ("${p#/usr}", "/lib/a.tar.gz"),
    ("${p#x}", "/usr/lib/a.tar.gz"),
    ("${p%.??}", "/usr/lib/a.tar"), ("${p#????}", "/lib/a.tar.gz"), ("${xxyy#*x*y}", "y"),
    ("${xxyy#*}", "xxyy"),
    ("${xxyy##*}", ""), ("${xxyy#$x}", "xyy"), ("${xxyy#$empty}", "xxyy"), ("${xxyy#}", "xxyy"),
    ("${xxyy##*x}", "yy"),
    ("${xxyy##}", "xxyy"), ("${xxyy%}", "xxyy"), ("${xxyy%%$empty}", "xxyy"), ("${none#x}", ""),
    ("${none%%*}", ""),
    ("${star#x\\*}", "y?z\\"), ("${star%\\?z\\\\}", "x*y"), ("${star%%\\**}", "x"), ("${star##*\\?}", "z\\"),
    ("${special#()[]{\\}^$.\\*\\?|\\\\}", "x"), ("${u#?}", "🚀🖖"), ("${u%?}", "👽🚀"), ("${xxyy#'x'}", "xyy"),
    ("${xxyy#\"x\"}", "xyy"), ("\"${p##*/}\"", "a.tar.gz"), ("${xxyy#${none:-${x}}}", "xyy"),
    ("${xxyy/x/.}", ".xyy"), ("${xxyy//x/.}", "..yy"), ("${xxyy/x*y/.}", "."), ("${xxyy//?/-}", "----"),
    ("${xxyy/x}", nil), ("${xxyy//x}", nil), ("${xxyy/x/}", "xyy"), ("${xxyy//x/}", "yy"),
    ("${xxyy/z/.}", "xxyy"),
    ("${stars/$needle/.} - ${stars//$needle/.}", "/foo.*/*.txt - /foo..*.txt"),
    ("${dirs/$tmp/} - ${dirs//$tmp/}", "/tmp/bar.txt - /bar.txt"),
    ("${letters/$any/$slash} - ${letters//$any/$slash}", "/foo/b/c.txt - /foo/c.txt"),
    ("${tmp//\\//-}", "-tmp"), ("${p/\\/usr/\\/x}", "\\/x/lib/a.tar.gz"), ("${none/x/y}", ""),
    ("${none//*/y}", "y"),
    ("${xxyy//*/z}", "z"), ("${xxyy/$empty/ww}", "wwxxyy"), ("${xxyy///}", "xxyy"),
    ("${xxyy//$empty/-}", "-x-x-y-y-"),
    ("${xxyy#\\x}", nil), ("${xxyy#x\\", nil), ("${xxyy#x", nil), ("${xxyy/x/y", nil), ("${xxyy:#x}", nil),
    ("${xxyy=a}", nil), ("${xxyy@Q}", nil), ("${xxyy^^}", nil), ("${:-a}", nil), ("${xxyy:}", nil),
    ("${xxyy:", nil),
  ]

  @Test("patterns", arguments: patterns)
  func pattern(text: String, expected: String?) {
    #expect((try? Variables.expand(text) { Self.values[$0] }) == expected)
  }

  @Test("patterns in a file with the other escape character")
  func backtick() throws {
    #expect(try Variables.expand("${star#x`*}", escape: "`") { Self.values[$0] } == "y?z\\")
  }

  static let documents: [(String, String?)] = [
    ("a '$x' \"${x}\"\n", "a 'x' \"x\"\n"), ("it's $x\n", "it's x\n"), ("\\$x \\\\ \\n", "$x \\ n"),
    ("\\\n", "\n"),
    ("$none|", "|"), ("${none:-'a'}", "'a'"), ("${p##*/}", "a.tar.gz"), ("100 $", "100 $"), ("${x", nil),
    ("`$x`", "`x`"),
  ]

  @Test("here-documents keep their quotes", arguments: documents)
  func document(text: String, expected: String?) {
    #expect((try? Variables.expandDocument(text) { Self.values[$0] }) == expected)
  }

  @Test("patterns that could be tried in many ways end")
  func long() throws {
    let value = String(repeating: "a", count: 300)
    #expect(try Variables.expand("${v//a*a*a*a*a*a*a*b/x}") { _ in value } == value)
    #expect(try Variables.expand("${v%%*a*a*a*a*a*a*a*b}") { _ in value } == value)
  }
}
