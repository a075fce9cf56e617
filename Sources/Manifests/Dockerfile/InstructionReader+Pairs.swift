/// ENV, LABEL and ARG: names with values.
extension InstructionReader {
  /// `name=value …`, or in the old form `name value`.
  func pairs() -> [Dockerfile.Pair]? {
    guard flagValues([:]) != nil else { return nil }
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

  func arguments() -> [Dockerfile.Kind] {
    guard flagValues([:]) != nil else { return [] }
    let words = rest.words(escape: escape)
    if words.isEmpty {
      let nothing: Dockerfile.Kind? = missing("a name, as in 'ARG VERSION=1'")
      return nothing.map { [$0] } ?? []
    }
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
}
