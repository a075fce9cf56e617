import GraphCore

/// Reads one instruction of a Dockerfile.
struct InstructionReader {
  /// In capitals; `nil` for a word that is no instruction.
  let keyword: String?
  let word: DockerfileWord
  let line: DockerfileLine
  let escape: Unicode.Scalar
  let findings: Findings
  /// What stands behind the keyword and its flags.
  var rest: ArraySlice<Unicode.Scalar>
  var flags: [DockerfileFlag] = []
  var documents: [HereDocumentText] = []

  static let keywords = [
    "FROM", "RUN", "COPY", "ADD", "ENV", "LABEL", "ARG", "USER", "WORKDIR", "EXPOSE", "ENTRYPOINT", "CMD",
    "SHELL", "HEALTHCHECK", "STOPSIGNAL", "VOLUME", "MAINTAINER", "ONBUILD",
  ]

  /// - Parameter text: the instruction: all of the line, or what ONBUILD says.
  init(
    line: DockerfileLine, text: ArraySlice<Unicode.Scalar>, escape: Unicode.Scalar, findings: Findings
  ) {
    (self.line, self.escape, self.findings) = (line, escape, findings)
    let text = text.trimmed
    let end = text.firstIndex { $0.properties.isWhitespace } ?? text.endIndex
    word = DockerfileWord(text: text[..<end].text, offset: text.startIndex)
    rest = text[end...].trimmed
    let upper = word.text.uppercased()
    keyword = Self.keywords.contains(upper) ? upper : nil
    takeFlags()
  }

  /// - Returns: nothing where the instruction has an error; several only for ARG, which may declare several.
  mutating func read(_ lines: inout DockerfileLines) -> [Dockerfile.Instruction] {
    for word in hereDocumentWords {
      guard let document = lines.hereDocument(word) else {
        error(
          "here-document '\(word.name.shortened)' is never ended", at: word.range,
          hint: "write '\(word.name.shortened)' alone on the line behind its text")
        return []
      }
      documents.append(document)
    }
    return kinds().map { Dockerfile.Instruction(kind: $0, location: location(0), text: line.display) }
  }

  func kinds() -> [Dockerfile.Kind] {
    guard let keyword else {
      let near = Nearest.match(for: word.text.uppercased(), among: Self.keywords)
      error(
        "'\(word.text.shortened)' is no instruction", word,
        hint: near.map { "did you mean '\($0)'?" }
          ?? "to continue a line, end the line above with '\(escape)'")
      return []
    }
    switch keyword {
    case "ARG": return arguments()
    case "FROM": return one(from())
    case "RUN": return one(run())
    case "COPY": return one(copy())
    case "ADD": return one(add())
    case "ENV": return one(pairs().map { .environment($0) })
    case "LABEL": return one(pairs().map { .label($0) })
    case "CMD": return one(commandLine().map { .command($0) })
    case "ENTRYPOINT": return one(commandLine().map { .entryPoint($0) })
    case "USER": return one(single("a user, as in 'USER 1001'").map { .user($0) })
    case "WORKDIR": return one(single("a folder, as in 'WORKDIR /srv'").map { .workingDirectory($0) })
    case "STOPSIGNAL": return one(single("a signal, as in 'STOPSIGNAL SIGTERM'").map { .stopSignal($0) })
    case "MAINTAINER": return one(single("a name, as in 'MAINTAINER Jo Doe'").map { .maintainer($0) })
    case "EXPOSE": return one(ports())
    case "VOLUME": return one(volumes())
    case "SHELL": return one(shell())
    case "HEALTHCHECK": return one(healthCheck())
    default: return one(onBuild())
    }
  }

  private func one(_ kind: Dockerfile.Kind?) -> [Dockerfile.Kind] { kind.map { [$0] } ?? [] }

  // MARK: Instructions

  private func from() -> Dockerfile.Kind? {
    guard let values = flagValues(["platform": .text]) else { return nil }
    let words = rest.fields
    guard let image = words.first else { return missing("an image, as in 'FROM centos:7'") }
    var from = Dockerfile.From(
      image: Located(image.text, at: location(image.offset)), platform: values.text("platform"))
    if words.count == 1 { return .from(from) }
    guard words.count == 3, words[1].text.uppercased() == "AS" else {
      error(
        "FROM takes an image, and 'AS name'", words[1], hint: "write 'FROM \(image.text.shortened) AS name'")
      return nil
    }
    let name = words[2].text
    let isName =
      (name.unicodeScalars.first.map { ("a"..."z").contains($0) || ("A"..."Z").contains($0) } ?? false)
      && name.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || [0x2d, 0x2e, 0x5f].contains($0)
      }
    guard isName else {
      error(
        "'\(name.shortened)' cannot be the name of a stage", words[2],
        hint: "start with a letter, and use letters, digits, '-', '_' and '.'")
      return nil
    }
    from.stageName = name
    return .from(from)
  }

  private func commandLine() -> Dockerfile.Form? {
    guard flagValues([:]) != nil else { return nil }
    return form(of: rest, mayBeEmpty: true, example: "\(keyword ?? "") httpd")
  }

  /// A command in exec or shell form.
  func form(of text: ArraySlice<Unicode.Scalar>, mayBeEmpty: Bool, example: String) -> Dockerfile.Form? {
    switch JSONWords.parse(text) {
    case .words(let words):
      if words.isEmpty, !mayBeEmpty { return missing("a command, as in '\(example)'") }
      return .exec(words.map(\.text))
    case .other(let value):
      error(
        "the exec form is a list of strings only", value, hint: "put every word of it in double quotes")
      return nil
    case .nothing:
      guard let first = text.first else { return missing("a command, as in '\(example)'") }
      if first == "[", text.last == "]" {
        findings.warning(
          "this is no JSON list of strings, so the shell runs it as it is", at: location(text.startIndex),
          length: text.count, hint: "for the exec form, put each word in double quotes")
      }
      return .shell(text.text)
    }
  }

  private func ports() -> Dockerfile.Kind? {
    guard flagValues([:]) != nil else { return nil }
    let ports = rest.fields.map(\.text)
    return ports.isEmpty ? missing("a port, as in 'EXPOSE 8080'") : .expose(ports)
  }

  private func volumes() -> Dockerfile.Kind? {
    guard flagValues([:]) != nil, let words = words(or: rest.fields) else { return nil }
    guard let first = words.first else { return missing("a folder, as in 'VOLUME /data'") }
    let paths = words.map { Array($0.text.unicodeScalars)[...].trimmed.text }
    guard !paths.contains("") else {
      error("a folder of VOLUME is empty", first, hint: "write, for example, 'VOLUME [\"/data\"]'")
      return nil
    }
    return .volume(paths)
  }

  private func shell() -> Dockerfile.Kind? {
    guard flagValues([:]) != nil else { return nil }
    let example = "SHELL [\"/bin/bash\", \"-c\"]"
    switch JSONWords.parse(rest) {
    case .words(let words) where !words.isEmpty: return .shell(words.map(\.text))
    case .other(let value):
      error("SHELL is a list of strings only", value, hint: "write, for example, '\(example)'")
    case .nothing where !rest.isEmpty:
      error("SHELL takes a JSON list", rest.word, hint: "write, for example, '\(example)'")
    default: return missing("a program and its options, as in '\(example)'")
    }
    return nil
  }

  /// The strings of a JSON list, or `plain` where the rest is none; `nil` after a message.
  func words(or plain: [DockerfileWord]) -> [DockerfileWord]? {
    switch JSONWords.parse(rest) {
    case .words(let words): return words
    case .nothing: return plain
    case .other(let value):
      error("the list may hold strings only", value, hint: "put it in double quotes")
      return nil
    }
  }

  private func single(_ example: String) -> String? {
    guard flagValues([:]) != nil else { return nil }
    return rest.isEmpty ? missing(example) : rest.text
  }
}

// MARK: Messages

extension InstructionReader {
  func location(_ offset: Int) -> SourceLocation {
    if let location = line.fixedLocation { return location }
    let place = line.place(offset)
    return findings.source.location(line: place.line, column: place.column)
  }

  func missing<Value>(_ example: String) -> Value? {
    error("\(keyword ?? "") needs \(example)", word, hint: nil)
    return nil
  }

  func error(_ message: String, _ word: DockerfileWord, hint: String?) {
    findings.error(message, at: location(word.offset), length: word.text.unicodeScalars.count, hint: hint)
  }

  func error(_ message: String, at range: Range<Int>, hint: String?) {
    findings.error(message, at: location(range.lowerBound), length: range.count, hint: hint)
  }
}
