import Testing

@Suite("code")
struct CodeTests {
  /// What ends the process, or hides that something is left to do.
  static let forbidden = ["try!", " as!", "fatalError(", "@unchecked Sendable"]

  @Test("nothing that ends the process on input", arguments: SourceFiles.sources)
  func forbidden(file: SourceFiles.File) {
    for (number, line) in file.code.enumerated() {
      for word in Self.forbidden where line.contains(word) {
        // A lock named in a comment beside it makes an unchecked Sendable checked.
        if word == "@unchecked Sendable", Self.hasComment(file, around: number) { continue }
        Issue.record("\(file):\(number + 1): \(word)")
      }
      if Self.unwraps(line) { Issue.record("\(file):\(number + 1): a force unwrap: \(line)") }
    }
  }

  @Test("nothing is left for later", arguments: SourceFiles.sources + SourceFiles.tests)
  func later(file: SourceFiles.File) {
    if file.target == "TidyTests" { return }
    for (number, line) in file.lines.enumerated() {
      for word in ["FIX" + "ME", "TO" + "DO", "XX" + "X:", "HA" + "CK"] where line.contains(word) {
        Issue.record("\(file):\(number + 1): \(word)")
      }
    }
  }

  @Test("no file is over 400 lines", arguments: SourceFiles.sources)
  func length(file: SourceFiles.File) {
    #expect(file.lines.count <= 400)
  }

  @Test(
    "everything public in GraphCore and the types of every target say what they are",
    arguments: SourceFiles.sources)
  func documented(file: SourceFiles.File) {
    let kinds: Set = ["struct", "enum", "class", "protocol", "actor", "func", "extension"]
    for (number, line) in file.code.enumerated() {
      let words = line.split(separator: " ").map(String.init)
      guard words.first == "public", let kind = words.first(where: { kinds.contains($0) }),
        kind != "extension"
      else {
        continue
      }
      // A member of a small value says enough by its name and type; a type and a port's method do not.
      let isType = kind != "func"
      guard isType, !line.hasPrefix("    ") else { continue }
      if line.hasPrefix("  "), file.target != "GraphCore" { continue }
      if Self.nestedThatNamesSuffice.contains(where: { line.contains($0) }) { continue }
      var above = number - 1
      while above >= 0, file.lines[above].drop(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
      let isDocumented = above >= 0 && file.lines[above].drop(while: { $0 == " " }).hasPrefix("///")
      #expect(isDocumented, "\(file):\(number + 1): \(line)")
    }
  }

  /// Nested types whose owner's comment explains them.
  static let nestedThatNamesSuffice = [
    "enum Kind", "enum Severity", "enum From", "struct Stage", "struct Collect", "enum Source",
    "enum Outcome",
    "struct Rule", "struct Argument", "struct Output", "enum Content", "struct Entry", "struct Attribute",
    "struct Change",
    "enum Decision", "struct Provenance",
  ]

  /// `x!`, `)!`, `]!` not followed by `=`.
  static func unwraps(_ line: String) -> Bool {
    let characters = Array(line.utf8) + [0x20]
    return characters.indices.dropFirst().contains { index in
      guard characters[index] == UInt8(ascii: "!"), index + 1 < characters.count,
        characters[index + 1] != UInt8(ascii: "=")
      else { return false }
      let before = characters[index - 1]
      let isValue =
        before == UInt8(ascii: ")") || before == UInt8(ascii: "]") || before == UInt8(ascii: "_")
        || (before | 0x20) >= UInt8(ascii: "a") && (before | 0x20) <= UInt8(ascii: "z")
        || before >= UInt8(ascii: "0") && before <= UInt8(ascii: "9")
      return isValue
    }
  }

  private static func hasComment(_ file: SourceFiles.File, around number: Int) -> Bool {
    file.lines[max(0, number - 3)..<min(file.lines.count, number + 3)].contains { $0.contains("//") }
  }
}
