import GraphCore

/// HEALTHCHECK and ONBUILD: what is kept in an image for later.
extension InstructionReader {
  // MARK: HEALTHCHECK

  func healthCheck() -> Dockerfile.Kind? {
    let allowed: [String: FlagValues.Kind] = [
      "interval": .text, "timeout": .text, "start-period": .text, "start-interval": .text, "retries": .text,
    ]
    guard let values = flagValues(allowed) else { return nil }
    let example = "HEALTHCHECK CMD curl -f http://localhost/"
    guard let type = rest.fields.first else { return missing("a command, as in '\(example)'") }
    let command = rest[(type.offset + type.text.unicodeScalars.count)...].trimmed
    switch type.text.uppercased() {
    case "NONE":
      guard command.isEmpty else {
        error("HEALTHCHECK NONE takes no arguments", command.word, hint: "write it alone")
        return nil
      }
      if let flag = flags.first {
        findings.warning(
          "a flag of HEALTHCHECK NONE says nothing", at: location(flag.range.lowerBound),
          length: flag.range.count, hint: "remove it")
      }
      return .healthCheck(Dockerfile.HealthCheck(command: nil))
    case "CMD":
      var isGood = true
      func time(_ name: String) -> Int64? {
        guard let flag = values.list(name).first else { return nil }
        let nanoseconds = duration(flag)
        if nanoseconds == nil { isGood = false }
        return nanoseconds
      }
      var check = Dockerfile.HealthCheck(command: form(of: command, mayBeEmpty: false, example: example))
      (check.interval, check.timeout) = (time("interval"), time("timeout"))
      (check.startPeriod, check.startInterval) = (time("start-period"), time("start-interval"))
      if let flag = values.list("retries").first {
        check.retries = retries(flag)
        if check.retries == nil { isGood = false }
      }
      return isGood && check.command != nil ? .healthCheck(check) : nil
    default:
      error(
        "HEALTHCHECK takes CMD or NONE, not '\(type.text.shortened)'", type, hint: "write '\(example)'")
      return nil
    }
  }

  /// - Returns: nanoseconds; `nil` after a message.
  private func duration(_ flag: DockerfileFlag) -> Int64? {
    let value = flag.value ?? ""
    guard let nanoseconds = Duration.nanoseconds(fromGo: value) else {
      error(
        "--\(flag.name)=\(value.shortened) is no duration", at: flag.range,
        hint: "write, for example, '--\(flag.name)=1m30s'")
      return nil
    }
    guard nanoseconds == 0 || nanoseconds >= 1_000_000 else {
      error(
        "--\(flag.name)=\(value.shortened) is shorter than a millisecond", at: flag.range,
        hint: "write, for example, '--\(flag.name)=1s'")
      return nil
    }
    return nanoseconds
  }

  private func retries(_ flag: DockerfileFlag) -> Int? {
    let value = flag.value ?? ""
    if let count = Int32(value), count >= 0 { return Int(count) }
    error(
      "--retries=\(value.shortened) is no number of attempts", at: flag.range,
      hint: "write, for example, '--retries=3'")
    return nil
  }

  // MARK: ONBUILD

  /// What ONBUILD says, to be read as an instruction.
  var trigger: InstructionReader {
    InstructionReader(line: line, text: rest, escape: escape, findings: findings)
  }

  /// Whether the instruction may stand behind ONBUILD; says why not.
  var isTrigger: Bool {
    switch keyword {
    case "ONBUILD":
      error("ONBUILD cannot be a trigger itself", word, hint: "write one ONBUILD only")
    case "FROM", "MAINTAINER":
      error(
        "\(word.text.uppercased()) cannot be a trigger", word,
        hint: "ONBUILD takes instructions that add to the image, such as COPY and RUN")
    default: return true
    }
    return false
  }

  func onBuild() -> Dockerfile.Kind? {
    guard flagValues([:]) != nil else { return nil }
    guard !rest.isEmpty else { return missing("an instruction, as in 'ONBUILD COPY . /srv/'") }
    var inner = trigger
    inner.documents = documents
    guard inner.isTrigger, let kind = inner.kinds().first else { return nil }
    let text = documents.reduce(rest.text) { $0 + "\n" + $1.raw + $1.word.name }
    return .onBuild(
      Dockerfile.Instruction(kind: kind, location: location(rest.startIndex), text: text))
  }
}

extension Duration {
  /// Source: Go, `time.ParseDuration`: numbers with fractions, each with its unit, such as `1h15m30.5s`.
  ///
  /// - Returns: `nil` where the text is none, or does not fit 64 bits.
  static func nanoseconds(fromGo text: String) -> Int64? {
    var rest = text.unicodeScalars[...]
    let isNegative = rest.first == "-"
    if isNegative || rest.first == "+" { rest = rest.dropFirst() }
    if rest.elementsEqual("0".unicodeScalars) { return 0 }
    guard !rest.isEmpty else { return nil }
    let units: [String: Int64] = [
      "ns": 1, "us": 1000, "\u{b5}s": 1000, "\u{3bc}s": 1000, "ms": 1_000_000, "s": 1_000_000_000,
      "m": 60_000_000_000, "h": 3_600_000_000_000,
    ]
    func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    var total: Int64 = 0
    while !rest.isEmpty {
      let whole = rest.prefix(while: isDigit)
      rest = rest.dropFirst(whole.count)
      var fraction = Substring.UnicodeScalarView()
      if rest.first == "." {
        fraction = rest.dropFirst().prefix(while: isDigit)
        rest = rest.dropFirst(fraction.count + 1)
      }
      guard !whole.isEmpty || !fraction.isEmpty else { return nil }
      let name = rest.prefix { !isDigit($0) && $0 != "." }
      rest = rest.dropFirst(name.count)
      guard let unit = units[String(name)], let count = whole.isEmpty ? 0 : Int64(String(whole)) else {
        return nil
      }
      let (product, overflows) = count.multipliedReportingOverflow(by: unit)
      let part = fraction.isEmpty ? 0 : Int64((Double("0." + String(fraction)) ?? 0) * Double(unit))
      let (sum, sumOverflows) = product.addingReportingOverflow(part)
      let (next, nextOverflows) = total.addingReportingOverflow(sum)
      guard !overflows, !sumOverflows, !nextOverflows else { return nil }
      total = next
    }
    return isNegative ? -total : total
  }
}
