import FoundationEssentials

/// A JSON document. Unlike encoded structs, it says `null` where a fact is missing, so every object of a kind has the
/// same members.
public enum JSONValue: Encodable, Sendable {
  case object([String: JSONValue])
  case array([JSONValue])
  case string(String)
  case integer(Int)
  /// Seconds and the like; what is not finite becomes `null`.
  case number(Double)
  case boolean(Bool)
  case null

  public static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .object(let members): try container.encode(members)
    case .array(let elements): try container.encode(elements)
    case .string(let text): try container.encode(text)
    case .integer(let number): try container.encode(number)
    case .number(let number) where number.isFinite: try container.encode(number)
    case .boolean(let flag): try container.encode(flag)
    case .number, .null: try container.encodeNil()
    }
  }

  /// The document with sorted members, indented, ended by a line feed.
  public var document: String { encoded([.prettyPrinted]) + "\n" }

  /// The same on one line, without a line feed.
  var line: String { encoded([]) }

  private func encoded(_ formatting: JSONEncoder.OutputFormatting) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    } catch {
      preconditionFailure("every JSON value can be written, numbers that cannot are null: \(error)")
    }
  }
}
