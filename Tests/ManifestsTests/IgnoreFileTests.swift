import GraphCore
import Testing

@testable import Manifests

@Suite(".dockerignore")
struct IgnoreFileTests {
  /// Whether one pattern leaves a path out, as moby/patternmatcher answers.
  static let single: [(String, String, Bool)] = [
    ("**", "file", true), ("**/", "file", true), ("**", "dir/file", true), ("**/**", "dir/file", true),
    ("dir/**", "dir/file", true), ("dir/**", "dir/a/file", true), ("dir/**", "dir", false),
    ("**/dir", "dir", true),
    ("**/dir", "dir/file", true), ("**/dir2/*", "dir/dir2/file", true),
    ("**/dir2/**", "dir/dir2/dir3/file", true),
    ("**file", "file", true), ("**file", "dir/file", true), ("**file", "dir/xfile", true),
    ("**/file", "dir/xfile", false),
    ("**/file*txt", "dir/dir/file.txt", true), ("**/**/*.txt", "dir/dir/file.txt", true),
    ("**/**/*.txt2", "dir/dir/file.txt", false), ("**/*.txt", "file.txt", true),
    ("a**/*.txt", "a/file.txt", true),
    ("a**/*.txt", "a/dir/dir/file.txt", true), ("a/*.txt", "a/dir/file.txt", false),
    ("a/*.txt**", "a/file.txt", true),
    ("a[b-d]e", "ae", false), ("a[b-d]e", "ace", true), ("a[b-d]e", "aae", false), ("a[^b-d]e", "aze", true),
    (".*", ".foo", true), (".*", "foo", false), ("abc.def", "abcZdef", false), ("abc?def", "abcZdef", true),
    ("abc?def", "abcdef", false), ("**/foo/bar", "dir/dir2/foo/bar", true), ("abc/**", "abc", false),
    ("**/.foo", "bar.foo", false), ("a(b)c/def", "a(b)c/def", true), ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
    ("a\\\\", "a\\", true), ("a\\*b", "a*b", true), ("a\\*b", "axb", false), ("*", "a/b", true),
    ("*c", "abc", true),
    ("a*/b", "a/c/b", false), ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
    ("a*b?c*x", "abxbbxdbxebxczzy", false),
    ("ab[^e-g]", "abc", true), ("a?b", "a☺b", true), ("a???b", "a☺b", false), ("[a-ζ]*", "α", true),
    ("a*b", "a/b", false),
    ("[\\]a]", "]", true), ("[x\\-]", "-", true), ("[\\-x]", "a", false), ("a", "b", false),
    ("a", "a/b/c", true),
    ("a/b", "a", false), ("docs/", "docs/x", true), ("./a//b/../c", "a/c", true), ("**foo*", "xfoo1", false),
    ("**foo**", "xfoo1", false), ("a]", "a]", true), ("***", "a/b", true), ("a**b", "a/x/b", true),
    ("a**b", "ab", true),
    ("a**b", "axb", false), ("é*", "éa", true), ("..", "a", false), (".", "a", false),
  ]

  @Test("one pattern", arguments: single)
  func pattern(text: String, path: String, isExcluded: Bool) throws {
    #expect(try PathPatterns([text]).excludes(path) == isExcluded)
  }

  /// Several patterns: the last one that matches counts.
  static let several: [([String], String, Bool)] = [
    (["**", "!util/docker/web"], "util/docker/web/foo", false),
    (["**", "!util/docker/web", "util/docker/web/foo"], "util/docker/web/foo", true),
    (["!a", "a"], "a", true), (["a", "!a"], "a", false),
    (["docs", "!docs/README.md"], "docs/README.md", false),
    (["docs/*", "!docs/README.md"], "docs/x", true), (["*", "!*.go"], "a.go", false),
    (["*", "!*.go"], "a/b.go", true),
    (["*", "!**/*.go"], "a/b.go", false), (["*", "!a", "a/b"], "a/b/c", true),
    (["*", "!a", "a/b"], "a/c", false),
    (["*.md", "!README*.md", "README-secret.md"], "README-secret.md", true),
    (["*.md", "README-secret.md", "!README*.md"], "README-secret.md", false),
    // The folder is asked first, and there the exception had nothing to bring back.
    (["x/y", "!x"], "x/y", true), ([], "a", false), (["", " "], "a", false), (["a", "!./a"], "a", true),
  ]

  @Test("several patterns", arguments: several)
  func patterns(texts: [String], path: String, isExcluded: Bool) throws {
    #expect(try PathPatterns(texts).excludes(path) == isExcluded)
  }

  @Test("a listing keeps what is left, and the folders on the way to it")
  func listing() throws {
    let patterns = try PathPatterns(["a", "!a/b/keep", "**/*.o", "empty/*"])
    let paths = [
      "a", "a/b", "a/b/keep", "a/b/x", "a/c", "a/c/d", "e", "e/f.o", "empty", "empty/x", "keep.o", "a.o/b",
      "z",
    ]
    let left = ["a", "a/b", "a/b/keep", "e", "empty", "z"]
    #expect(patterns.remaining(of: paths) { $0 } == left)
    #expect(patterns.remaining(of: paths.reversed()) { $0 } == left.reversed())
    for path in paths where !left.contains(path) { #expect(patterns.excludes(path), "\(path)") }
    #expect(PathPatterns().remaining(of: paths) { $0 } == paths)
  }

  @Test("deep paths need no deep stack")
  func deep() throws {
    let path = Array(repeating: "a", count: 2000).joined(separator: "/")
    #expect(try PathPatterns(["x"]).remaining(of: [path]) { $0 } == [path])
  }

  @Test("lines of the file: comments, white space, leading slashes, exceptions")
  func file() {
    let (file, diagnostics) = IgnoreFile.read(
      Array(
        "\u{feff}test1\r\n/test2\n/a/file/here\n\n lastfile\t\n# comment\n #odd\n! /inverted/abs\ninverted\n"
          .utf8),
      file: ".dockerignore")
    #expect(texts(diagnostics) == [])
    for path in ["test1", "test2", "a/file/here", "lastfile", "#odd", "inverted", "test1/x"] {
      #expect(file.excludes(path), "\(path)")
    }
    for path in ["comment", "# comment", "a/file", "x"] { #expect(!file.excludes(path), "\(path)") }
    #expect(!IgnoreFile.read("*\n!/a\n", file: "i").0.excludes("a"))
    #expect(IgnoreFile.names(dockerfile: "sub/Containerfile").own == "sub/Containerfile.dockerignore")
    #expect(IgnoreFile.names(dockerfile: "Dockerfile").shared == ".dockerignore")
    #expect(IgnoreFile().remaining(of: ["a"]) { $0 } == ["a"])
  }

  @Test("what is no pattern is an error at its line, and the others hold")
  func broken() {
    let (file, diagnostics) = IgnoreFile.read(
      "a\n  [b\n!\n! \n[]a]\n[-]\n[x-]\n[a-b-c]\nx\\\n[^\n[z-a]\nc\n", file: ".dockerignore")
    let hint = " | a '\\' before a character takes its meaning away"
    #expect(
      texts(diagnostics) == [
        ".dockerignore:2:3: error: '[b' is no pattern: a '[' is never closed by ']'" + hint,
        ".dockerignore:3:1: error: '!' is no pattern: '!' brings nothing back" + hint,
        ".dockerignore:4:1: error: '!' is no pattern: '!' brings nothing back" + hint,
        ".dockerignore:5:1: error: '[]a]' is no pattern: a ']' in brackets needs a '\\' before it" + hint,
        ".dockerignore:6:1: error: '[-]' is no pattern: a '-' in brackets needs a '\\' before it" + hint,
        ".dockerignore:7:1: error: '[x-]' is no pattern: a ']' in brackets needs a '\\' before it" + hint,
        ".dockerignore:8:1: error: '[a-b-c]' is no pattern: a '-' in brackets needs a '\\' before it" + hint,
        ".dockerignore:9:1: error: 'x\\' is no pattern: it ends in a '\\' that escapes nothing" + hint,
        ".dockerignore:10:1: error: '[^' is no pattern: a '[' is never closed by ']'" + hint,
        ".dockerignore:11:1: error: '[z-a]' is no pattern: 'z-a' in brackets is no range" + hint,
      ])
    #expect(file.excludes("a"))
    #expect(file.excludes("c"))
  }
}
