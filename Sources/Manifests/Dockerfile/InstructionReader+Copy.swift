import GraphCore

/// COPY and ADD.
extension InstructionReader {
  private static let shared: [String: FlagValues.Kind] = [
    "chown": .text, "chmod": .text, "link": .truth, "exclude": .list,
  ]

  func copy() -> Dockerfile.Kind? {
    let own: [String: FlagValues.Kind] = ["from": .text, "parents": .truth]
    guard let values = flagValues(Self.shared.merging(own) { $1 }), var copy = copy(values) else {
      return nil
    }
    copy.keepsParents = values.truth("parents") ?? false
    if let flag = values.list("from").first, let from = flag.value {
      copy.from = Located(from, at: location(flag.valueOffset))
    }
    return .copy(copy)
  }

  func add() -> Dockerfile.Kind? {
    let own: [String: FlagValues.Kind] = ["checksum": .text, "keep-git-dir": .truth, "unpack": .truth]
    guard let values = flagValues(Self.shared.merging(own) { $1 }), let copy = copy(values) else {
      return nil
    }
    var add = Dockerfile.Add(copy: copy)
    add.keepsGitFolder = values.truth("keep-git-dir") ?? false
    add.unpacks = values.truth("unpack")
    if let flag = values.list("checksum").first, let checksum = flag.value {
      add.checksum = Located(checksum, at: location(flag.valueOffset))
    }
    return .add(add)
  }

  private func copy(_ values: FlagValues) -> Dockerfile.Copy? {
    guard var words = words(or: rest.words(escape: escape)) else { return nil }
    words.removeAll { word in documents.contains { $0.word.range.contains(word.offset) } }
    let needed = "a source and a destination, as in '\(keyword ?? "") index.html /var/www/'"
    guard words.count + documents.count >= 2, let destination = words.last else { return missing(needed) }
    if let last = documents.last?.word, last.range.lowerBound > destination.offset {
      error(
        "here-document '\(last.name.shortened)' cannot be the destination", at: last.range,
        hint: "write the destination last")
      return nil
    }
    if words.count > 2, !destination.text.hasSuffix("/"), !destination.text.contains("$"),
      ![".", ".."].contains(destination.text)
    {
      error(
        "with several sources, the destination must be a folder", destination,
        hint: "write '\(destination.text.shortened)/'")
      return nil
    }
    let sources = words.dropLast().map { Located($0.text, at: location($0.offset)) }
    var copy = Dockerfile.Copy(sources: sources, destination: destination.text)
    for document in documents {
      guard Self.isFileName(document.word.name) else {
        error(
          "'\(document.word.name.shortened)' cannot be the name of a file", at: document.word.range,
          hint: "its name is the file's: write, for example, '<<file.txt'")
        return nil
      }
      copy.hereDocuments.append(document.declaration)
    }
    copy.owner = values.text("chown")
    copy.mode = values.text("chmod")
    copy.isLinked = values.truth("link") ?? false
    copy.excludes = values.list("exclude").map { Located($0.value ?? "", at: location($0.valueOffset)) }
    return isGood(mode: values.list("chmod").first) && areGood(values.list("exclude")) ? copy : nil
  }

  private static func isFileName(_ text: String) -> Bool {
    !text.utf8.contains(UInt8(ascii: "/")) && ![".", ".."].contains(text)
  }

  private func isGood(mode flag: DockerfileFlag?) -> Bool {
    guard let flag, let mode = flag.value, !mode.contains("$"), !FileMode.isKnown(mode) else { return true }
    error(
      "--chmod=\(mode.shortened) is no mode", at: flag.range,
      hint: "write an octal one such as 0644, or a symbolic one such as u=rw,go=r")
    return false
  }

  private func areGood(_ excludes: [DockerfileFlag]) -> Bool {
    var isGood = true
    for flag in excludes {
      guard let pattern = flag.value, !pattern.contains("$") else { continue }
      do throws(PathPatternError) {
        _ = try PathPatterns([pattern])
      } catch {
        self.error(
          "--exclude=\(pattern.shortened) is no pattern: \(error.description)", at: flag.range,
          hint: "a '\\' before a character takes its meaning away")
        isGood = false
      }
    }
    return isGood
  }
}

/// Modes as `--chmod` takes them. Source: the Dockerfile reference, COPY --chmod; POSIX, chmod.
enum FileMode {
  static func isKnown(_ text: String) -> Bool {
    if let octal = UInt32(text, radix: 8), text.utf8.first != UInt8(ascii: "+") { return octal <= 0o7777 }
    return text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy {
      isClause($0.unicodeScalars)
    }
  }

  /// `[ugoa]*([-+=]([rwxXst]*|[ugo]))+`
  private static func isClause(_ clause: Substring.UnicodeScalarView) -> Bool {
    var rest = clause.drop { "ugoa".unicodeScalars.contains($0) }
    guard !rest.isEmpty else { return false }
    while let sign = rest.popFirst() {
      guard "+-=".unicodeScalars.contains(sign) else { return false }
      if let first = rest.first, "ugo".unicodeScalars.contains(first) {
        rest = rest.dropFirst()
      } else {
        rest = rest.drop { "rwxXst".unicodeScalars.contains($0) }
      }
    }
    return true
  }
}
