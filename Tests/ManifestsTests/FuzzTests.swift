import GraphCore
import Testing

@testable import Manifests

@Suite("damaged input never crashes a reader")
struct FuzzTests {
  static let seeds: [UInt64] = [1, 2, 3, 4, 5, 6]

  private static let yaml = [
    "Projects:\n  - id: 1\n    app-id: a\n    job-id: b\n    git-url: https://h/x\n    git-path: /\n"
      + "    target-file: Dockerfile\n    desired-tag: 3.10\n    notify-email: a@b.c\n    depends-on: [a/b:1, 'c/d']\n",
    "name: &x demo\narches: [x86_64, *x]\nregistries: {r.example.org: {own: true}}\naliases:\n  centos:7: //base/c\n",
    "bases:\n - name: //base/a\n   repositories: //repo/b\n   packages: [a, b]\ncommands:\n - name: //x/{item}\n"
      + "   for-each: [a, b]\n   root: host\n   command: [cp, '{inputs.a}', \"{outputs.b}\"]\n   inputs: {a: a}\n"
      + "   outputs: {b: file}\n? |\n  block\n  text\n: >-\n  folded\n",
  ]
  private static let dockerfiles = [
    "# escape=\\\nFROM --platform=linux/amd64 a/b:c AS d\nRUN a && \\\n # c\n b\nENV a=\"b c\" d='e' f\\ g=h\n"
      + "COPY --chown=1 [\"a\", \"b\\u00e9\"]\nCMD [\"x\"]\nEXPOSE 80\nLABEL a b c\nRUN <<EOF\nx\nEOF\nARG x=${y:-z}\n",
    "FROM a\nRUN --mount=type=cache,target=/x,\\\"id=a,b\\\" --network=none cat <<-'E' <<F\n\t$x\n\tE\n${y}\nF\n"
      + "COPY --from=b --exclude=[a-z]* --chmod=u=rw <<G c /d/\n$x\nG\nONBUILD ADD --checksum=sha256:0 <<H e\n#!\nH\n"
      + "HEALTHCHECK --interval=1m.5s CMD [\"a\", {\"b\": [1e5]}]\nSHELL [\"a\"]\nVOLUME [\"/v\"]\nSTOPSIGNAL 9\n",
  ]
  private static let texts = [
    "registry.example.org:5000/a/b_c-d:1.2@sha256:" + String(repeating: "a", count: 64),
    "dnf install -y 'a b' \"c\\\"d\" && dnf clean all; x | y > z", "${a:-${b:+'c'}} \"$d\" \\e $",
    "${a##*\\?x}${a%%'y'}${a//x*/\\/}$b", "*\n!**/a[^b-c]\\*/?\n/d/../e\n**f\n",
  ]

  @Test("YAML, as every file of a workspace", arguments: seeds)
  func yaml(seed: UInt64) {
    run(seed, Self.yaml) { bytes in
      let files = fileSystem([
        "graph.yml": Array(settings.utf8), "index.d/a.yaml": bytes, "graph.d/a.yml": bytes,
      ])
      _ = WorkspaceLoader(files: files).load(root: "/w")
      _ = WorkspaceLoader(files: fileSystem(["graph.yml": bytes])).load(root: "/w")
      _ = CCCPReader.read(bytes, file: "cccp.yml")
    }
  }

  @Test("Dockerfiles", arguments: seeds)
  func dockerfile(seed: UInt64) {
    run(seed, Self.dockerfiles) { bytes in
      let (file, diagnostics) = DockerfileReader.read(bytes, file: "Dockerfile")
      #expect(!file.instructions.isEmpty || diagnostics.hasErrors)
    }
  }

  @Test("image references, shell texts and variables", arguments: seeds)
  func texts(seed: UInt64) {
    run(seed, Self.texts) { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      if let reference = try? ImageReference(text) { #expect(reference.description == text) }
      _ = ShellCommand.split(text, variables: ["a": "b c"])
      _ = ShellCommand.assignments(text, variables: ["a": "b c"])
      _ = ShellChain(text)
      _ = try? Variables.expand(text) { $0 == "a" ? "xyx" : nil }
      _ = try? Variables.expandDocument(text) { $0 == "a" ? "xyx" : nil }
      _ = IgnoreFile.read(bytes, file: "i").0.excludes("e/abc*/f")
      _ = Template(text)
    }
  }

  /// Changes seeds a thousand times, prints the seed, and bounds the time of each reading.
  private func run(_ seed: UInt64, _ samples: [String], _ body: ([UInt8]) -> Void) {
    print("seed=\(seed)")
    var random = Random(state: seed)
    let clock = ContinuousClock()
    for _ in 0..<1000 {
      var bytes = Array(samples[Int.random(in: 0..<samples.count, using: &random)].utf8)
      for _ in 0..<Int.random(in: 1...8, using: &random) { mutate(&bytes, &random) }
      let taken = clock.measure { body(bytes) }
      #expect(taken < .seconds(5), "seed=\(seed) bytes=\(bytes)")
    }
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout Random) {
    guard !bytes.isEmpty else { return bytes.append(UInt8.random(in: 0...255, using: &random)) }
    let index = Int.random(in: 0..<bytes.count, using: &random)
    let signs = Array("{}[]'\"\\:-#&*!|>%@`$\n\t ,?".utf8)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
    case 1: bytes.remove(at: index)
    case 2: bytes.insert(signs[Int.random(in: 0..<signs.count, using: &random)], at: index)
    case 3: bytes[index] = signs[Int.random(in: 0..<signs.count, using: &random)]
    case 4: bytes.insert(contentsOf: bytes[index...].prefix(40), at: index)
    default: bytes.removeSubrange(index..<min(bytes.count, index + 10))
    }
  }

  @Test("nesting, aliases and long lines are bounded")
  func bounds() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(
      faults(deep) == ["f.yml:1:201: error: lists and mappings are nested deeper than 200"])
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let item = "*a\(level - 1)"
      bomb += "a\(level): &a\(level) [\(Array(repeating: item, count: 10).joined(separator: ", "))]\n"
    }
    #expect(
      faults(bomb).first?.hasSuffix("once aliases are replaced by what they name") == true)
    let long = "a: " + String(repeating: "x", count: 2_000_000) + "\n"
    #expect(faults(long) == [])
    #expect(faults("a: &a [*a]\n").count == 1)
  }

  private func faults(_ text: String) -> [String] {
    let opened = ManifestFile.open(Array(text.utf8), file: "f.yml")
    return ManifestsTests.texts(opened.findings?.diagnostics ?? opened.diagnostics)
  }
}
