import GraphCore

/// Reads a Dockerfile. Source: the Dockerfile reference; where it is silent, what BuildKit does.
///
/// Variables are not replaced: their values depend on the architecture and on the base.
public enum DockerfileReader {
  // Each costs a node for each architecture; no image has a tenth of this.
  private static let instructionsMax = 5000
  /// - Parameter file: its name in messages.
  /// - Returns: the instructions that could be read, and all messages.
  public static func read(_ bytes: [UInt8], file: String) -> (Dockerfile, Diagnostics) {
    switch SourceText.decode(bytes, file: file, limit: SourceText.linesBytesMax) {
    case .failure(let diagnostic):
      var diagnostics = Diagnostics()
      diagnostics.add(diagnostic)
      return (Dockerfile(instructions: []), diagnostics)
    case .text(let text):
      return read(text, file: file)
    }
  }

  /// The same for text that is at hand.
  public static func read(_ text: String, file: String) -> (Dockerfile, Diagnostics) {
    let findings = Findings(SourceText(file: file, text: text, lineEnds: .newline))
    if let line = findings.source.lines.firstIndex(where: { $0.utf8.contains(0) }) {
      let column = findings.source.lines[line].unicodeScalars.prefix { $0.value != 0 }.count + 1
      findings.error(
        "a NUL character cannot be part of a Dockerfile",
        at: findings.source.location(line: line + 1, column: column),
        hint: "remove it")
    }
    var lines = DockerfileLines(findings)
    var stages = StageCheck()
    var dockerfile = Dockerfile(instructions: [], escape: lines.escape)
    while let line = lines.nextInstruction() {
      var reader = InstructionReader(line: line, text: line.all, escape: lines.escape, findings: findings)
      guard dockerfile.instructions.count < instructionsMax, !findings.isFull else {
        findings.error(
          "the Dockerfile has more than \(instructionsMax) instructions",
          at: findings.source.location(line: 1, column: 1),
          hint: "split it", code: "limit")
        break
      }
      for instruction in reader.read(&lines) {
        if let keyword = reader.keyword { stages.check(instruction, keyword, findings) }
        dockerfile.instructions.append(instruction)
      }
      if let keyword = reader.keyword { stages.saw(keyword) }
    }
    if !stages.hasFrom {
      findings.error(
        "the Dockerfile has no FROM", at: findings.source.location(line: 1, column: 1),
        hint: "start it with 'FROM image:tag'")
    }
    return (dockerfile, findings.diagnostics)
  }

  /// The instruction of an ONBUILD trigger, as the configuration of a base image holds it.
  ///
  /// - Parameters:
  ///   - escape: `\` unless something else is known: a configuration does not say.
  ///   - location: where the instruction and all messages are said to be: the FROM that brought the trigger.
  /// - Returns: one instruction, or several where ARG declares several.
  public static func trigger(
    _ text: String, escape: Unicode.Scalar = "\\", at location: SourceLocation
  ) -> ([Dockerfile.Instruction], Diagnostics) {
    let findings = Findings(SourceText(file: location.file, text: text, lineEnds: .newline))
    var lines = DockerfileLines(findings, escape: escape, at: location)
    var instructions: [Dockerfile.Instruction] = []
    if let line = lines.nextInstruction() {
      var reader = InstructionReader(line: line, text: line.all, escape: escape, findings: findings)
      if reader.isTrigger { instructions = reader.read(&lines) }
      if lines.nextInstruction() != nil {
        findings.error("it is more than one instruction", at: location)
      }
    } else {
      findings.error("it is empty", at: location)
    }
    var diagnostics = Diagnostics()
    for found in findings.diagnostics.all {
      diagnostics.add(
        Diagnostic(
          found.severity, at: location,
          "the base brings the trigger '\(text.shortened)', but \(found.message)", hint: found.hint))
    }
    return (instructions, diagnostics)
  }
}

/// What depends on the instructions before: FROM comes first, and a stage's name may stand where an image's does.
private struct StageCheck {
  private(set) var hasFrom = false
  private var hasReported = false
  private var names: Set<String> = []

  mutating func saw(_ keyword: String) { if keyword == "FROM" { hasFrom = true } }

  mutating func check(_ instruction: Dockerfile.Instruction, _ keyword: String, _ findings: Findings) {
    guard case .from(let from) = instruction.kind else {
      if !hasFrom, keyword != "ARG", !hasReported {
        hasReported = true
        findings.error(
          "'\(keyword)' stands before the first FROM", at: instruction.location,
          length: keyword.unicodeScalars.count,
          hint: "start with 'FROM image:tag'; only ARG may come before it")
      }
      return
    }
    let image = from.image
    if !names.contains(image.value.lowercased()), image.value != "scratch", !image.value.contains("$") {
      do throws(ImageReferenceError) {
        _ = try ImageReference(image.value)
      } catch {
        findings.error(
          error.description, at: image, hint: "write, for example, 'FROM registry.example.org/app/job:tag'")
      }
    }
    if let name = from.stageName, !names.insert(name.lowercased()).inserted {
      findings.error(
        "stage '\(name.shortened)' is named twice", at: instruction.location, length: 4,
        hint: "choose another name")
    }
  }
}
