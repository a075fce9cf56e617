import GraphCore

/// A flag in front of an instruction's arguments: `--name=value`.
///
/// Quotes and escapes are removed, as Docker does before it looks at it, whatever the file's escape character is.
struct DockerfileFlag {
  let name: String
  /// `nil` where there is no `=`.
  let value: String?
  /// Where it stands in the line.
  let range: Range<Int>
  /// The value's characters, each with its place.
  let scalars: [Unicode.Scalar]
  let offsets: [Int]

  init(_ scalars: [Unicode.Scalar], offsets: [Int], range: Range<Int>) {
    let equals = scalars.firstIndex(of: "=") ?? scalars.count
    name = scalars[min(2, equals)..<equals].text
    self.scalars = Array(scalars[min(equals + 1, scalars.count)...])
    self.offsets = Array(offsets[min(equals + 1, scalars.count)...])
    value = equals < scalars.count ? self.scalars[...].text : nil
    self.range = range
  }

  /// Where the value starts.
  var valueOffset: Int { offsets.first ?? range.lowerBound }
}

/// The flags that an instruction has, by name.
struct FlagValues {
  enum Kind {
    /// Once, with a value.
    case text
    /// Once; without a value it is true.
    case truth
    /// Any number of times, with values.
    case list
  }

  fileprivate var byName: [String: [DockerfileFlag]] = [:]

  func list(_ name: String) -> [DockerfileFlag] { byName[name] ?? [] }
  func text(_ name: String) -> String? { byName[name]?.first?.value }
  /// `nil` where the flag is not written.
  func truth(_ name: String) -> Bool? {
    byName[name]?.first.map { ($0.value ?? "true").lowercased() == "true" }
  }
}

extension InstructionReader {
  /// Takes the words that start with `--` from the front of the rest.
  mutating func takeFlags() {
    while rest.starts(with: "--".unicodeScalars) {
      let start = rest.startIndex
      var scalars: [Unicode.Scalar] = []
      var offsets: [Int] = []
      var quote: Unicode.Scalar?
      var index = start
      while index < rest.endIndex {
        let scalar = rest[index]
        if quote == nil, scalar.properties.isWhitespace { break }
        if scalar == quote {
          quote = nil
        } else if quote == nil, scalar == "'" || scalar == "\"" {
          quote = scalar
        } else {
          if scalar == "\\" { index += 1 }
          if index < rest.endIndex {
            scalars.append(rest[index])
            offsets.append(index)
          }
        }
        index += 1
      }
      index = min(index, rest.endIndex)
      rest = rest[index...].trimmed
      if scalars == ["-", "-"] { return }
      flags.append(DockerfileFlag(scalars, offsets: offsets, range: start..<index))
    }
  }

  /// - Returns: `nil`, after reporting them, where there are others than `allowed`, or wrong ones.
  func flagValues(_ allowed: [String: FlagValues.Kind]) -> FlagValues? {
    var values = FlagValues()
    var isGood = true
    for flag in flags {
      let fault: (text: String, hint: String?)?
      if let kind = allowed[flag.name] {
        fault = self.fault(of: flag, kind, isRepeated: !values.list(flag.name).isEmpty)
      } else {
        let near = Nearest.match(for: flag.name, among: allowed.keys.sorted()).map {
          "did you mean '--\($0)'?"
        }
        let owner = Self.owners[flag.name].map { "it is a flag of \($0)" }
        fault = ("\(keyword ?? "") has no flag '--\(flag.name.shortened)'", near ?? owner)
      }
      if let fault {
        error(fault.text, at: flag.range, hint: fault.hint)
        isGood = false
      } else {
        values.byName[flag.name, default: []].append(flag)
      }
    }
    return isGood ? values : nil
  }

  /// Flags that are easily looked for at the wrong instruction.
  private static let owners = [
    "from": "COPY", "parents": "COPY", "checksum": "ADD", "keep-git-dir": "ADD", "unpack": "ADD",
    "mount": "RUN", "network": "RUN", "security": "RUN", "platform": "FROM", "chown": "COPY and ADD",
    "chmod": "COPY and ADD", "link": "COPY and ADD", "exclude": "COPY and ADD",
  ]

  private func fault(
    of flag: DockerfileFlag, _ kind: FlagValues.Kind, isRepeated: Bool
  ) -> (text: String, hint: String?)? {
    let name = flag.name
    switch kind {
    case .truth:
      if let value = flag.value, !["true", "false"].contains(value.lowercased()) {
        return ("flag --\(name) is true or false, not '\(value.shortened)'", "write '--\(name)' alone")
      }
      return isRepeated ? ("flag --\(name) is written twice", "write it once") : nil
    case .text, .list:
      if flag.scalars.isEmpty { return ("flag --\(name) has no value", "write '--\(name)=value' once") }
      return isRepeated && kind == .text
        ? ("flag --\(name) is written twice", "write '--\(name)=value' once") : nil
    }
  }
}
