import GraphCore

/// Reads one instruction of a Dockerfile.
struct InstructionReader {
  /// In capitals; `nil` for a word that is no instruction.
  let keyword: String?
  private let line: DockerfileLine
  private let escape: Unicode.Scalar
  private let findings: Findings
  private let word: DockerfileWord
  private var rest: ArraySlice<Unicode.Scalar>
  private var flags: [DockerfileWord] = []

  private static let built = [
    "FROM", "RUN", "COPY", "ADD", "ENV", "LABEL", "ARG", "USER", "WORKDIR", "EXPOSE", "ENTRYPOINT", "CMD",
  ]
  private static let unsupported = [
    "HEALTHCHECK", "MAINTAINER", "ONBUILD", "SHELL", "STOPSIGNAL", "VOLUME",
  ]

  init(line: DockerfileLine, escape: Unicode.Scalar, findings: Findings) {
    (self.line, self.escape, self.findings) = (line, escape, findings)
    let end = line.scalars.firstIndex { $0.properties.isWhitespace } ?? line.scalars.count
    word = DockerfileWord(text: line.scalars[..<end].text, offset: 0)
    rest = line.scalars[end...].trimmed
    let upper = word.text.uppercased()
    keyword = Self.built.contains(upper) || Self.unsupported.contains(upper) ? upper : nil
  }

  func location(_ offset: Int) -> SourceLocation {
    let place = line.place(offset)
    return findings.source.location(line: place.line, column: place.column)
  }

  /// Reports a here-document.
  ///
  /// - Returns: the line that ends it.
  func hereDocument() -> String? {
    guard let keyword, ["RUN", "COPY", "ADD"].contains(keyword) else { return nil }
    for word in rest.words(escape: escape) {
      let text = word.text.unicodeScalars.drop { ("0"..."9").contains($0) }
      guard text.starts(with: "<<".unicodeScalars) else { continue }
      var name = text.dropFirst(2)
      if name.first == "-" { name = name.dropFirst() }
      guard !name.isEmpty, !name.contains("<") else { continue }
      error(
        "here-documents are not built yet", word,
        hint: "write a file and COPY it, or use one command joined by '&&'")
      return String(String.UnicodeScalarView(name.filter { $0 != "'" && $0 != "\"" }))
    }
    return nil
  }

  /// - Returns: nothing where the instruction has an error; several only for ARG, which may declare several.
  mutating func read() -> [Dockerfile.Kind] {
    guard let keyword else {
      let near = Nearest.match(for: word.text.uppercased(), among: Self.built + Self.unsupported)
      error(
        "'\(word.text.shortened)' is no instruction", word,
        hint: near.map { "did you mean '\($0)'?" }
          ?? "to continue a line, end the line above with '\(escape)'")
      return []
    }
    guard Self.built.contains(keyword) else { return [.unsupported(name: keyword)] }
    takeFlags()
    switch keyword {
    case "FROM": return one(from())
    case "RUN": return one(form(mayBeEmpty: false).map { .run(.init(form: $0)) })
    case "CMD": return one(form(mayBeEmpty: true).map { .command($0) })
    case "ENTRYPOINT": return one(form(mayBeEmpty: true).map { .entryPoint($0) })
    case "COPY", "ADD": return one(copy())
    case "ENV": return one(pairs().map { .environment($0) })
    case "LABEL": return one(pairs().map { .label($0) })
    case "ARG": return arguments()
    case "USER": return one(single("a user, as in 'USER 1001'").map { .user($0) })
    case "WORKDIR": return one(single("a folder, as in 'WORKDIR /srv'").map { .workingDirectory($0) })
    default: return one(ports())
    }
  }

  private func one(_ kind: Dockerfile.Kind?) -> [Dockerfile.Kind] { kind.map { [$0] } ?? [] }

  // MARK: Instructions

  private func from() -> Dockerfile.Kind? {
    guard let values = values(of: ["platform"]) else { return nil }
    let words = rest.fields
    guard let image = words.first else { return missing("an image, as in 'FROM centos:7'") }
    let located = Located(image.text, at: location(image.offset))
    if words.count == 1 { return .from(.init(image: located, platform: values["platform"])) }
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
    return .from(.init(image: located, platform: values["platform"], stageName: name))
  }

  private func form(mayBeEmpty: Bool) -> Dockerfile.Form? {
    guard values(of: []) != nil else { return nil }
    if let words = JSONWords.parse(rest) {
      if words.isEmpty, !mayBeEmpty { return missing("a command, as in 'RUN make install'") }
      return .exec(words.map(\.text))
    }
    guard let first = rest.first else {
      return missing("a command, as in '\(keyword ?? "") \(mayBeEmpty ? "httpd" : "make install")'")
    }
    if first == "[", rest.last == "]" {
      findings.warning(
        "this is no JSON list of strings, so the shell runs it as it is", at: location(rest.startIndex),
        length: rest.count, hint: "for the exec form, put each word in double quotes")
    }
    return .shell(rest.text)
  }

  private func copy() -> Dockerfile.Kind? {
    let excludes = flags.filter { $0.text.hasPrefix("--exclude=") }
    guard
      let values = values(of: [
        "chown", "chmod", "from", "link", "parents", "checksum", "unpack", "keep-git-dir",
      ])
    else { return nil }
    let words = JSONWords.parse(rest) ?? rest.words(escape: escape)
    guard words.count >= 2, let last = words.last else {
      return missing("a source and a destination, as in 'COPY index.html /var/www/'")
    }
    if words.count > 2, !last.text.hasSuffix("/"), !last.text.contains("$"), ![".", ".."].contains(last.text)
    {
      error(
        "with several sources, the destination must be a folder", last,
        hint: "write '\(last.text.shortened)/'")
      return nil
    }
    let sources = words.dropLast().map { Located($0.text, at: location($0.offset)) }
    var copy = Dockerfile.Copy(sources: sources, destination: last.text)
    (copy.owner, copy.mode) = (values["chown"], values["chmod"])
    copy.from = values["from"].map { Located($0, at: location(word.offset)) }
    copy.isLinked = values["link"] == "true"
    copy.keepsParents = values["parents"] == "true"
    copy.excludes = excludes.map { Located(String($0.text.dropFirst(10)), at: location($0.offset)) }
    if keyword == "COPY" { return .copy(copy) }
    var add = Dockerfile.Add(copy: copy)
    add.checksum = values["checksum"].map { Located($0, at: location(word.offset)) }
    add.unpacks = values["unpack"].map { $0 == "true" }
    add.keepsGitFolder = values["keep-git-dir"] == "true"
    return .add(add)
  }

  /// `name=value …`, or in the old form `name value`.
  private func pairs() -> [Dockerfile.Pair]? {
    guard values(of: []) != nil else { return nil }
    let words = rest.words(escape: escape)
    guard let first = words.first else {
      return missing("a name and a value, as in '\(keyword ?? "") NAME=value'")
    }
    guard first.text.unicodeScalars.contains("=") else {
      let end = first.offset + first.text.unicodeScalars.count
      let value = rest[end...].trimmed
      guard !value.isEmpty else {
        error("'\(first.text.shortened)' has no value", first, hint: "write '\(first.text.shortened)=value'")
        return nil
      }
      if value.first == "=" {
        findings.warning(
          "the value of '\(first.text.shortened)' starts with '='", at: location(value.startIndex),
          hint: "write 'name=value', without spaces around '='")
      }
      return [Dockerfile.Pair(name: first.text, value: value.text)]
    }
    var pairs: [Dockerfile.Pair] = []
    for word in words {
      let scalars = Array(word.text.unicodeScalars)
      guard let equals = scalars.firstIndex(of: "=") else {
        error(
          "'\(word.text.shortened)' is not 'name=value'", word,
          hint: "put a value with spaces in double quotes")
        return nil
      }
      guard equals > 0 else {
        error("a name is missing before '='", word, hint: "write 'name=value', without spaces around '='")
        return nil
      }
      pairs.append(Dockerfile.Pair(name: scalars[..<equals].text, value: scalars[(equals + 1)...].text))
    }
    return pairs
  }

  private func arguments() -> [Dockerfile.Kind] {
    guard values(of: []) != nil else { return [] }
    let words = rest.words(escape: escape)
    if words.isEmpty { return one(missing("a name, as in 'ARG VERSION=1'")) }
    return words.compactMap { word in
      let scalars = Array(word.text.unicodeScalars)
      let equals = scalars.firstIndex(of: "=") ?? scalars.count
      guard equals > 0 else {
        error("a name is missing before '='", word, hint: "write 'ARG name=value', without spaces around '='")
        return nil
      }
      return .argument(
        name: scalars[..<equals].text,
        defaultValue: equals < scalars.count ? scalars[(equals + 1)...].text : nil)
    }
  }

  private func ports() -> Dockerfile.Kind? {
    guard values(of: []) != nil else { return nil }
    let ports = rest.fields.map(\.text)
    return ports.isEmpty ? missing("a port, as in 'EXPOSE 8080'") : .expose(ports)
  }

  private func single(_ example: String) -> String? {
    guard values(of: []) != nil else { return nil }
    return rest.isEmpty ? missing(example) : rest.text
  }

  private func missing<Value>(_ example: String) -> Value? {
    error("\(keyword ?? "") needs \(example)", word, hint: nil)
    return nil
  }

  private func error(_ message: String, _ word: DockerfileWord, hint: String?) {
    findings.error(message, at: location(word.offset), length: word.text.unicodeScalars.count, hint: hint)
  }
}

// MARK: Flags

extension InstructionReader {
  private static let known = [
    "FROM": ["platform"], "RUN": ["mount", "network", "security", "device"],
    "COPY": ["chown", "chmod", "from", "link", "parents", "exclude"],
  ]

  /// Takes the words that start with `--` from the front of the rest.
  private mutating func takeFlags() {
    while rest.starts(with: "--".unicodeScalars) {
      guard let flag = rest.words(escape: escape, limit: 1).first else { return }
      rest = rest[(flag.offset + flag.text.unicodeScalars.count)...].trimmed
      if flag.text == "--" { return }
      flags.append(flag)
    }
  }

  /// The values of flags, by name.
  ///
  /// - Returns: `nil`, after reporting them, where there are others than `allowed`.
  private func values(of allowed: [String]) -> [String: String]? {
    var values: [String: String] = [:]
    var isGood = true
    for flag in flags where !flag.text.hasPrefix("--exclude=") {
      let body = flag.text.dropFirst(2)
      let name = String(body.prefix { $0 != "=" })
      if ["link", "parents", "unpack", "keep-git-dir"].contains(String(body)) {
        values[name] = "true"
        continue
      }
      if allowed.contains(name), values[name] == nil, body.count > name.count + 1 {
        values[name] = String(body.dropFirst(name.count + 1))
        continue
      }
      isGood = false
      let known = Self.known[keyword ?? ""] ?? []
      if allowed.contains(name) {
        let message = values[name] == nil ? "flag --\(name) has no value" : "flag --\(name) is written twice"
        error(message, flag, hint: "write '--\(name)=value' once")
      } else if known.contains(name) {
        error("flag --\(name) of \(keyword ?? "") is not built yet", flag, hint: nil)
      } else {
        error(
          "\(keyword ?? "") has no flag '--\(name.shortened)'", flag,
          hint: Nearest.match(for: name, among: known).map { "did you mean '--\($0)'?" })
      }
    }
    return isGood ? values : nil
  }
}
