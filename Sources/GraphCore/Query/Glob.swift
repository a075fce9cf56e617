/// A pattern over a whole text, as a shell has it: `*` any characters, `?` one, `[a-z]` one of a set, `[!a-z]` one that is
/// not in it; `\` takes the next character as it is. A slash is a character like any other.
///
/// Cost of a match: at most the length of the pattern times that of the text.
public struct Glob: Hashable, Sendable {
  private enum Part: Hashable {
    case scalar(Unicode.Scalar)
    case one
    case any
    case set([ClosedRange<Unicode.Scalar>], isInverted: Bool)

    func matches(_ scalar: Unicode.Scalar) -> Bool {
      switch self {
      case .scalar(let own): own == scalar
      case .one: true
      case .any: false
      case .set(let ranges, let isInverted): ranges.contains { $0.contains(scalar) } != isInverted
      }
    }
  }

  private let parts: [Part]

  public init(_ pattern: String) {
    var parts: [Part] = []
    var rest = Array(pattern.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": if parts.last != .any { parts.append(.any) }
      case "?": parts.append(.one)
      case "\\": parts.append(.scalar(rest.popFirst() ?? scalar))
      case "[": parts.append(Self.set(&rest) ?? .scalar(scalar))
      default: parts.append(.scalar(scalar))
      }
    }
    self.parts = parts
  }

  /// The set behind `[`; `nil`, with nothing read, where it does not end.
  private static func set(_ rest: inout ArraySlice<Unicode.Scalar>) -> Part? {
    var body = rest
    let isInverted = body.first == "!" || body.first == "^"
    if isInverted { body.removeFirst() }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    while let scalar = body.popFirst() {
      if scalar == "]", !ranges.isEmpty {
        rest = body
        return .set(ranges, isInverted: isInverted)
      }
      if body.count >= 2, body.first == "-", let end = body.dropFirst().first, end != "]" {
        body.removeFirst(2)
        ranges.append(scalar <= end ? scalar...end : scalar...scalar)
      } else {
        ranges.append(scalar...scalar)
      }
    }
    return nil
  }

  /// Whether the pattern means this text, the whole of it.
  public func matches(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    var (position, part) = (0, 0)
    // Where to go on when what follows the last `*` did not fit: that star takes one character more.
    var retry: (position: Int, part: Int)?
    while position < scalars.count {
      if part < parts.count, parts[part] == .any {
        part += 1
        retry = (position, part)
      } else if part < parts.count, parts[part].matches(scalars[position]) {
        position += 1
        part += 1
      } else if let last = retry {
        position = last.position + 1
        part = last.part
        retry = (position, part)
      } else {
        return false
      }
    }
    return parts[part...].allSatisfy { $0 == .any }
  }
}
