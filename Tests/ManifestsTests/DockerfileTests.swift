import GraphCore
import Testing

@testable import Manifests

@Suite("a Dockerfile becomes instructions")
struct DockerfileTests {
  private func read(_ text: String) -> Dockerfile {
    let (file, diagnostics) = DockerfileReader.read(text, file: "f")
    #expect(texts(diagnostics) == [])
    return file
  }

  @Test("every kind of instruction")
  func kinds() {
    let file = read(
      """
      # syntax=docker/dockerfile:1

      ARG version=7 other
      from --platform=linux/amd64 registry.example.org/centos/centos:$version as build
      MAINTAINER someone
      RUN echo "a  b" && true
      RUN ["a", "b\\u00e9\\n"]
      COPY --chown=1:2 --chmod=0644 a "b c" /dest/
      COPY ["x y", "/z"]
      ENV A=1 B="two words" C=a\\ b D='$x'
      ENV OLD  the rest of it
      LABEL org.example.a=b
      USER 1001:0
      WORKDIR /srv/my dir
      EXPOSE 80 443/tcp
      ENTRYPOINT []
      CMD httpd -D FOREGROUND
      FROM build

      """)
    let kinds = file.instructions.map(\.kind)
    #expect(kinds.count == 17)
    var owned = Dockerfile.Copy(
      sources: [
        Located("a", at: SourceLocation(file: "f", line: 8, column: 31)),
        Located("\"b c\"", at: SourceLocation(file: "f", line: 8, column: 33)),
      ], destination: "/dest/")
    (owned.owner, owned.mode) = ("1:2", "0644")
    #expect(
      Array(kinds.prefix(8)) == [
        .argument(name: "version", defaultValue: "7"), .argument(name: "other", defaultValue: nil),
        .from(
          .init(
            image: Located(
              "registry.example.org/centos/centos:$version",
              at: SourceLocation(file: "f", line: 4, column: 29)),
            platform: "linux/amd64", stageName: "build")),
        .maintainer("someone"), .run(.init(form: .shell("echo \"a  b\" && true"))),
        .run(.init(form: .exec(["a", "bé\n"]))),
        .copy(owned),
        .copy(
          Dockerfile.Copy(
            sources: [Located("x y", at: SourceLocation(file: "f", line: 9, column: 7))], destination: "/z")),
      ])
    #expect(
      Array(kinds.dropFirst(8).dropLast()) == [
        .environment([
          Dockerfile.Pair(name: "A", value: "1"), Dockerfile.Pair(name: "B", value: "\"two words\""),
          Dockerfile.Pair(name: "C", value: "a\\ b"), Dockerfile.Pair(name: "D", value: "'$x'"),
        ]),
        .environment([Dockerfile.Pair(name: "OLD", value: "the rest of it")]),
        .label([Dockerfile.Pair(name: "org.example.a", value: "b")]), .user("1001:0"),
        .workingDirectory("/srv/my dir"),
        .expose(["80", "443/tcp"]), .entryPoint(.exec([])), .command(.shell("httpd -D FOREGROUND")),
      ])
  }

  @Test("continued lines join as written; comments, blank lines and CRLF between them vanish")
  func continuation() {
    let file = read(
      "\u{feff}FROM a\r\nRUN a \\  \r\n  # comment \\\r\n\r\n  && b\\\r\nc \\\\\r\nUSER x\r\nRUN y \\")
    #expect(
      file.instructions.map(\.kind).dropFirst() == [
        .run(.init(form: .shell("a   && bc \\\\"))), .user("x"), .run(.init(form: .shell("y"))),
      ])
    #expect(file.instructions[1].text == "RUN a && b c \\\\")
    #expect(file.instructions.map(\.location.line) == [1, 2, 7, 8])
  }

  @Test("the escape directive")
  func escape() {
    let file = read("# escape = `\nFROM a\nRUN a `\n b \\\nUSER x\n")
    #expect(file.escape == "`")
    #expect(file.instructions.map(\.kind).dropFirst() == [.run(.init(form: .shell("a  b \\"))), .user("x")])
    #expect(read("#\n# escape=`\nFROM a\n").escape == "\\")
  }

  static let expansions: [(String, String?)] = [
    ("$a-${a}", "1-1"), ("${none:-x$a}", "x1"), ("${empty:-x}", "x"), ("${empty-x}", ""), ("${a:-x}", "1"),
    ("${a:+x}", "x"), ("${none:+x}", ""), ("${empty:+x}", ""), ("${empty+x}", "x"), ("$none", ""), ("$", "$"),
    ("a$", "a$"), ("\\$a", "$a"), ("'$a'", "$a"), ("\"$a b\"", "1 b"), ("\"\\$a \\x \\\\\"", "$a \\x \\"),
    ("a\\ b", "a b"), ("x\\", "x"), ("${none:-'}'}", "}"), ("${none:-${empty:-y}}", "y"), ("$ab", ""),
    ("${a}b", "1b"),
    ("${none:?gone}", nil), ("${a", nil), ("${a:-b", nil), ("${}", nil), ("'a", nil), ("\"a", nil),
    ("${a=x}", nil),
    ("é$a", "é1"), ("$a$a", "11"), ("", ""),
  ]

  @Test("variables, quotes and escapes", arguments: expansions)
  func expand(text: String, expected: String?) {
    let values = ["a": "1", "empty": ""]
    #expect((try? Variables.expand(text) { values[$0] }) == expected)
  }

  @Test("variables with the other escape character")
  func expandBacktick() throws {
    #expect(try Variables.expand("C:\\x`$a", escape: "`") { _ in "1" } == "C:\\x$a")
  }

  static let commands: [(String, [[String]]?)] = [
    ("dnf install -y a b && dnf clean all", [["dnf", "install", "-y", "a", "b"], ["dnf", "clean", "all"]]),
    (
      "yum -y --setopt=tsflags=nodocs install 'x y' \"z\"",
      [["yum", "-y", "--setopt=tsflags=nodocs", "install", "x y", "z"]]
    ),
    ("a&&b", [["a"], ["b"]]), ("  a\tb  ", [["a", "b"]]), ("a ''", [["a", ""]]),
    ("a b'c'\"d\"e", [["a", "bcde"]]),
    ("a \\$b \\&\\& c", [["a", "$b", "&&", "c"]]), ("a \"b\\\"c\\d\"", [["a", "b\"c\\d"]]),
    ("a '$x *'", [["a", "$x *"]]),
    ("'if' x", [["if", "x"]]), ("a b=c", [["a", "b=c"]]),
    ("a /usr/lib64/libc++.so@1", [["a", "/usr/lib64/libc++.so@1"]]),
    ("", nil), (" ", nil), ("a | b", nil), ("a; b", nil), ("a || b", nil), ("a &", nil), ("a & b", nil),
    ("a > b", nil),
    ("a 2>&1", nil), ("a < b", nil), ("a $b", nil), ("a ${b}", nil), ("a `b`", nil), ("a \"$b\"", nil),
    ("a \"`b`\"", nil),
    ("a *", nil), ("a b?", nil), ("a [b]", nil), ("[ -f a ]", nil), ("(a)", nil), ("{ a; }", nil),
    ("a {b,c}", nil),
    ("a # b", nil), ("A=1 b", nil), ("a && A=1", nil), ("a &&", nil), ("&& a", nil), ("a && && b", nil),
    ("a &&& b", nil),
    ("! a", nil), ("if a", nil), ("for a", nil), ("a ~", nil), ("a ~/b", nil), ("a 'b", nil), ("a \"b", nil),
    ("a \\", nil),
    ("a\nb", nil), ("a 'b\nc'", nil), ("a \"b\\\nc\"", nil), ("a\u{0}", nil), ("a b\u{a0}c", nil),
    ("'' a", nil),
    ("a \"b!c\"", nil), ("time a", nil), ("a 'é'", [["a", "é"]]), ("a é", nil), ("\"A=1\" b", nil),
    ("a\u{b}b", nil),
  ]

  @Test("shell texts that need no shell", arguments: commands)
  func split(text: String, expected: [[String]]?) { #expect(ShellCommand.split(text) == expected) }

  private static let digest = "sha256:" + String(repeating: "0a", count: 32)

  static let references: [(String, [String?]?)] = [
    ("centos", [nil, "centos", nil, nil]), ("centos:7", [nil, "centos", "7", nil]),
    ("a/b", [nil, "a/b", nil, nil]),
    ("registry.example.org/a/b:1", ["registry.example.org", "a/b", "1", nil]),
    ("localhost/a", ["localhost", "a", nil, nil]), ("h:5000/a:1", ["h:5000", "a", "1", nil]),
    ("[::1]:5000/a", ["[::1]:5000", "a", nil, nil]), ("Example.Org/a", ["Example.Org", "a", nil, nil]),
    ("a@\(digest)", [nil, "a", nil, digest]), ("a/b:x@\(digest)", [nil, "a/b", "x", digest]),
    ("a__b/c.d_e---f", [nil, "a__b/c.d_e---f", nil, nil]),
    ("a:10.0.0.Final", [nil, "a", "10.0.0.Final", nil]),
    ("a:_x", [nil, "a", "_x", nil]), ("", nil), ("a:", nil), (":a", nil), ("/a", nil), ("a/", nil),
    ("a//b", nil),
    ("A/b", nil), ("a:b:c", nil), ("a:.x", nil), ("a:-x", nil), ("a___b", nil), ("a..b", nil), ("a._b", nil),
    ("-a", nil),
    ("a-", nil), ("h:x/a", nil), ("h.:1/a", nil), ("-h.org/a", nil), ("a@sha256:00", nil), ("a@md5:00", nil),
    ("a@", nil),
    ("a b", nil), ("a\n", nil), ("é", nil), ("https://a.b/c", nil),
    ("a:" + String(repeating: "x", count: 129), nil),
    (String(repeating: "a", count: 256), nil), ("[::1/a", nil), ("$a", nil),
  ]

  @Test("image references", arguments: references)
  func reference(text: String, expected: [String?]?) {
    let reference = try? ImageReference(text)
    #expect(reference.map { [$0.registry, $0.path, $0.tag, $0.digest] } == expected)
    if let reference { #expect(reference.description == text) }
  }
}
