import Glibc
import Testing

@testable import Manifests

/// What `ShellCommand` says a text means is what a shell makes of it.
@Suite("shell texts mean the same to a shell")
struct ShellAgreementTests {
  private static let variables = ["V": " x  y ", "W": "z"]

  @Test("thousands of random texts", arguments: ["/bin/sh", "/bin/bash"], [1, 2] as [UInt64])
  func random(shell: String, seed: UInt64) throws {
    guard access(shell, X_OK) == 0 else { return print("skipped: no \(shell)") }
    print("seed=\(seed)")
    var random = Random(state: seed)
    let pieces = [
      "a", "b", "-", "=", "/", ".", ":", "%", "@", "+", ",", " ", " ", "\t", "'", "'", "\"", "\"", "\\", "$",
      "&", " && f ",
      "$V", "${W}", "\"$V\"", "\"a${W}\"", "~", "#", "*", "é", "!", "^", "{", "}", "[", "(", "|", ";", ">",
      "1", "if", "A=1", "''", "\\\"",
      "'x y'", "\"z \"",
    ]
    var texts: [String] = []
    var expected = ""
    for _ in 0..<20_000 {
      let length = Int.random(in: 1...7, using: &random)
      let text =
        "f " + (0..<length).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
      guard let commands = ShellCommand.split(text, variables: Self.variables),
        commands.allSatisfy({ $0.first == "f" })
      else {
        continue
      }
      texts.append(text)
      for command in commands {
        let arguments = command.dropFirst()
        expected += "[\(arguments.count)]" + (arguments.isEmpty ? "<>" : arguments.map { "<\($0)>" }.joined())
      }
      expected += "\n"
    }
    #expect(texts.count > 1000)
    let script =
      "V=' x  y ' W=z E=\nf() { printf '[%d]' $#; printf '<%s>' \"$@\"; }\n"
      + texts.map { $0 + "\necho\n" }.joined()
    let actual = try run(shell, script)
    let lines = zip(actual.split(separator: "\n"), expected.split(separator: "\n"))
    for (index, pair) in lines.enumerated() where pair.0 != pair.1 {
      Issue.record("seed=\(seed) \(texts[index]): \(shell) has \(pair.0), split has \(pair.1)")
      return
    }
    #expect(actual == expected)
  }

  /// What a shell prints for a script, which runs in an empty folder so that no pattern can match.
  private func run(_ shell: String, _ script: String) throws -> String {
    var template = Array("/tmp/graph-shell-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    let path = folder + "/script"
    defer {
      unlink(path)
      rmdir(folder)
    }
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    #expect(write(descriptor, script, script.utf8.count) == script.utf8.count)
    close(descriptor)
    let stream = try #require(popen("cd \(folder) && \(shell) ./script 2>&1", "r"))
    defer { pclose(stream) }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&chunk, 1, chunk.count, stream)
      if count == 0 { break }
      output += chunk[..<count]
    }
    return String(decoding: output, as: UTF8.self)
  }
}
