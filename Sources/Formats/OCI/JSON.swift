import GraphCore

/// A JSON value, for documents whose bytes are digested.
///
/// The encoding is canonical: keys in byte order, no spaces, no escapes but the needed ones, whole numbers
/// only. Written here because the bytes of a general encoder may change with its version.
public enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(Int64)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// The canonical bytes, without a line feed at the end.
  public func encoded() -> [UInt8] {
    var output: [UInt8] = []
    write(to: &output)
    return output
  }

  private func write(to output: inout [UInt8]) {
    switch self {
    case .null: output += "null".utf8
    case .bool(let value): output += (value ? "true" : "false").utf8
    case .number(let value): output += "\(value)".utf8
    case .string(let value): Self.write(value, to: &output)
    case .array(let values):
      output.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        value.write(to: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      for (index, member) in members.sorted(by: { $0.key.precedesInBytes($1.key) }).enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        Self.write(member.key, to: &output)
        output.append(UInt8(ascii: ":"))
        member.value.write(to: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  /// Appends a text in quotes.
  public static func write(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        output.append(UInt8(ascii: "\\"))
        output.append(byte)
      case 0x0a: output += "\\n".utf8
      case 0x0d: output += "\\r".utf8
      case 0x09: output += "\\t".utf8
      case 0..<0x20: output += "\\u00\(Hex.encode([byte]))".utf8
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  /// An object without the members that are `nil`.
  static func object(_ members: KeyValuePairs<String, JSON?>) -> JSON {
    var result: [String: JSON] = [:]
    for (key, value) in members { if let value { result[key] = value } }
    return .object(result)
  }

  /// `nil` for an empty list, which these documents leave out.
  static func list(_ values: [String]) -> JSON? { values.isEmpty ? nil : .array(values.map { .string($0) }) }

  /// `nil` for an empty map, which these documents leave out.
  static func map(_ values: [String: String]) -> JSON? {
    values.isEmpty ? nil : .object(values.mapValues { .string($0) })
  }
}

extension Digest {
  /// As OCI documents write it; the size stands beside it there.
  public var oci: String { "sha256:\(hex)" }

  /// - Parameter text: `sha256:` and 64 hexadecimal digits.
  public init?(oci text: some StringProtocol, size: Int64) {
    guard text.hasPrefix("sha256:") else { return nil }
    self.init(hex: text.dropFirst(7), size: size)
  }
}
