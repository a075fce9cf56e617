import GraphCore

/// `RUN --mount`: comma-separated `key=value`, where a value with a comma is put in double quotes.
extension InstructionReader {
  /// - Returns: `nil` after a message.
  func mount(_ flag: DockerfileFlag) -> Dockerfile.Mount? {
    guard let fields = fields(of: flag) else { return nil }
    let type = fields.last { $0.key == "type" }
    var kind = Dockerfile.Mount.Kind.bind
    if let type {
      guard let known = Dockerfile.Mount.Kind(rawValue: (type.value ?? "").lowercased()) else {
        error(
          "mount type '\((type.value ?? "").shortened)' is unknown", at: type.range,
          hint: Nearest.hint(
            for: type.value ?? "", among: Dockerfile.Mount.Kind.allCases.map(\.rawValue), noun: "types"))
        return nil
      }
      kind = known
    }
    var mount = Dockerfile.Mount(kind: kind, location: location(flag.range.lowerBound))
    var isGood = true
    for field in fields where field.key != "type" {
      if let fault = take(field, into: &mount) {
        error(fault.text, at: field.range, hint: fault.hint)
        isGood = false
      }
    }
    if isGood, let fault = fault(of: mount) {
      error(fault.text, at: flag.range, hint: fault.hint)
      isGood = false
    }
    return isGood ? mount : nil
  }

  private struct Field {
    var key: String
    var value: String?
    /// In the line.
    var range: Range<Int>
    var valueOffset: Int
  }

  private typealias Fault = (text: String, hint: String?)

  private static let kinds: [String: [Dockerfile.Mount.Kind]] = [
    "target": Dockerfile.Mount.Kind.allCases, "source": [.bind, .cache, .secret], "from": [.bind, .cache],
    "id": [.cache, .secret, .ssh], "readwrite": Dockerfile.Mount.Kind.allCases,
    "readonly": Dockerfile.Mount.Kind.allCases, "required": [.secret, .ssh], "sharing": [.cache],
    "mode": [.cache, .secret, .ssh], "uid": [.cache, .secret, .ssh], "gid": [.cache, .secret, .ssh],
    "size": [.tmpfs], "env": [.secret],
  ]
  private static let otherNames = [
    "dst": "target", "destination": "target", "src": "source", "rw": "readwrite", "ro": "readonly",
  ]

  /// Source: `encoding/csv` of Go, which Docker reads the flag with.
  private func fields(of flag: DockerfileFlag) -> [Field]? {
    let scalars = flag.scalars
    var fields: [Field] = []
    var index = 0
    while true {
      let start = index
      var text: [Unicode.Scalar] = []
      if index < scalars.count, scalars[index] == "\"" {
        index += 1
        while index < scalars.count {
          if scalars[index] == "\"" {
            guard index + 1 < scalars.count, scalars[index + 1] == "\"" else { break }
            index += 1
          }
          text.append(scalars[index])
          index += 1
        }
        guard index < scalars.count, index + 1 == scalars.count || scalars[index + 1] == "," else {
          error(
            "a double quote of --mount is never closed", at: flag.range, hint: "close it before the comma")
          return nil
        }
        index += 1
      } else {
        while index < scalars.count, scalars[index] != "," {
          text.append(scalars[index])
          index += 1
        }
      }
      let offset = start < flag.offsets.count ? flag.offsets[start] : flag.range.lowerBound
      let end = index > start ? flag.offsets[index - 1] + 1 : offset + 1
      let equals = text.firstIndex(of: "=") ?? text.count
      fields.append(
        Field(
          key: text[..<equals].text.lowercased(),
          value: equals < text.count ? text[(equals + 1)...].text : nil,
          range: offset..<max(end, offset + 1), valueOffset: min(offset + equals + 1, end)))
      if index >= scalars.count { return fields }
      index += 1
    }
  }

  private func take(_ field: Field, into mount: inout Dockerfile.Mount) -> Fault? {
    let key = Self.otherNames[field.key] ?? field.key
    guard let kinds = Self.kinds[key] else {
      let known = ["type"] + Self.kinds.keys.sorted() + Self.otherNames.keys.sorted()
      return (
        "RUN --mount has no key '\(field.key.shortened)'",
        Nearest.hint(for: field.key, among: known, noun: "keys")
      )
    }
    guard kinds.contains(mount.kind) else {
      let others = kinds.map(\.rawValue).joined(separator: " and ")
      return ("'\(key)' has no meaning for a mount of type \(mount.kind)", "it is a key of \(others)")
    }
    if ["readwrite", "readonly", "required"].contains(key) {
      guard let isTrue = Self.truth(field.value ?? "true") else {
        return (
          "'\(field.key)' is true or false, not '\((field.value ?? "").shortened)'", "write '\(field.key)'"
        )
      }
      switch key {
      case "readwrite": mount.isWritable = isTrue
      case "readonly": mount.isWritable = !isTrue
      default: mount.isRequired = isTrue
      }
      return nil
    }
    guard let value = field.value, !value.isEmpty else {
      return ("key '\(field.key)' of --mount has no value", "write '\(field.key)=…'")
    }
    let hasVariable = value.contains("$")
    switch key {
    case "target": mount.target = value
    case "source": mount.source = value
    case "from": mount.from = Located(value, at: location(field.valueOffset))
    case "id": mount.id = value
    case "env": mount.environmentName = value
    case "mode":
      guard hasVariable || UInt32(value, radix: 8).map({ $0 <= 0o7777 }) == true else {
        return ("'\(value.shortened)' is no octal mode", "write, for example, 'mode=0440'")
      }
      mount.mode = value
    case "uid", "gid":
      guard hasVariable || UInt32(value) != nil else {
        return ("\(key) is a number, not '\(value.shortened)'", "write, for example, '\(key)=1001'")
      }
      if key == "uid" { mount.user = value } else { mount.group = value }
    case "size":
      guard hasVariable || ByteSize.bytes(value) != nil else {
        return ("'\(value.shortened)' is no size", "write bytes, or for example 'size=64m'")
      }
      mount.size = value
    default:
      guard let sharing = Dockerfile.Mount.Sharing(rawValue: value.lowercased()) else {
        return (
          "sharing '\(value.shortened)' is unknown",
          Nearest.hint(
            for: value, among: Dockerfile.Mount.Sharing.allCases.map(\.rawValue), noun: "sharings")
        )
      }
      mount.sharing = sharing
    }
    return nil
  }

  /// What is wrong with a mount as a whole.
  private func fault(of mount: Dockerfile.Mount) -> Fault? {
    switch mount.kind {
    case .bind, .cache, .tmpfs:
      if mount.target == nil {
        return ("a mount of type \(mount.kind) needs a target", "add, for example, 'target=/src'")
      }
      if mount.target == "/" {
        return ("a mount cannot take the place of the root", "give it a folder, as in 'target=/src'")
      }
    case .secret:
      if mount.id == nil, mount.source == nil, mount.target == nil {
        return ("a secret needs an id", "add, for example, 'id=token'")
      }
      if mount.id != nil, mount.source != nil {
        return ("a secret has both 'id' and 'source', which mean the same", "keep 'id'")
      }
    case .ssh: break
    }
    return nil
  }

  /// Source: Go, `strconv.ParseBool`.
  private static func truth(_ text: String) -> Bool? {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: nil
    }
  }
}
