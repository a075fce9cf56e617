import GraphCore
import Testing

@testable import Manifests

/// Files that break off anywhere: an editor that saves while somebody types, a download that stops.
@Suite("no beginning of a file crashes a reader, and every message has its place")
struct PrefixTests {
  static let dockerfiles =
    brokenDockerfiles.map(\.text) + brokenInstructions.map(\.text)
    + DockerfileLanguageTests.documents.map { "FROM a\n" + $0.0 }
    + DockerfileLanguageTests.settings.map { "FROM a\n" + $0.0 } + [
      """
      # syntax=docker/dockerfile:1
      # escape=`
      ARG V=${A:-b}
      FROM --platform=$P a/b:${V%%.*} AS c
      COPY --from=c --chown="a b":c --exclude=[a-z]*\\] --link <<'E 1' <<-F $x /d/
      '$x'
      E 1
      \tx
      \tF
      ONBUILD RUN --mount=type=cache,"target=/a,b",uid=1 --network=none <<EOF
      #!/bin/sh
      EOF
      HEALTHCHECK --interval=1h2m3.5s CMD ["a", {"b": [1e5, null]}]
      ENV a="b c" d='e' f` g=h
      """
    ]

  @Test("Dockerfiles", arguments: dockerfiles)
  func dockerfile(text: String) {
    let bytes = Array(text.utf8)
    for count in 0...bytes.count {
      let (file, diagnostics) = DockerfileReader.read(Array(bytes[..<count]), file: "f")
      let lines = bytes[..<count].filter { $0 == 0x0a }.count + 1
      for diagnostic in diagnostics.all {
        #expect(diagnostic.location.map { (1...lines).contains($0.line) && $0.column >= 1 } == true)
        #expect(!diagnostic.message.isEmpty)
      }
      for instruction in file.instructions { #expect(instruction.location.line <= lines) }
    }
  }

  @Test("triggers, variables, patterns and .dockerignore")
  func others() {
    let place = SourceLocation(file: "f", line: 1, column: 1)
    for text in Self.dockerfiles + VariablesTests.patterns.map(\.0) + IgnoreFileTests.single.map(\.0) {
      let scalars = Array(text.unicodeScalars)
      for count in 0...scalars.count {
        let part = scalars[..<count].text
        for diagnostic in DockerfileReader.trigger(part, at: place).1.all {
          #expect(diagnostic.location == place)
        }
        _ = try? Variables.expand(part) { $0 == "a" ? "xx*y" : nil }
        _ = try? Variables.expandDocument(part) { $0 == "a" ? "xx*y" : nil }
        _ = IgnoreFile.read(part, file: "i").0.excludes("a/b c/d")
      }
    }
  }
}
