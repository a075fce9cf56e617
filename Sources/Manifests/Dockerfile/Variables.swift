/// Replaces variables in the words of a Dockerfile, and removes quotes and escapes.
///
/// `$NAME`, `${NAME}`; `${NAME:-word}`, `${NAME:+word}`, `${NAME:?word}` and the forms without the colon, which ask
/// whether a variable is set and not whether it is empty; `${NAME#pattern}` and `##` take the shortest or longest
/// beginning away, `%` and `%%` the end; `${NAME/pattern/word}` and `//` replace the first or all that match. In single
/// quotes nothing is replaced; in double quotes `\` escapes only `"`, `$` and itself. Source: the Dockerfile reference,
/// "Environment replacement".
public enum Variables {
  /// - Parameters:
  ///   - escape: what the file's `escape` directive chose.
  ///   - lookup: the value of a variable; `nil` where it is not set, which reads as empty.
  /// - Throws: `VariableError`, whose description says what is wrong.
  public static func expand(
    _ text: String, escape: Unicode.Scalar = "\\", _ lookup: (String) -> String?
  ) throws(VariableError) -> String {
    var expansion = Expansion(scalars: Array(text.unicodeScalars), escape: escape, hasQuotes: true)
    return try expansion.text(until: nil, isRaw: false, depth: 0, lookup)
  }

  /// The same for the lines of a here-document, where quotes are characters like any other. `\` escapes whatever
  /// follows it, and the file's own escape character nothing. Source: BuildKit, which the reference leaves this to.
  public static func expandDocument(
    _ text: String, _ lookup: (String) -> String?
  ) throws(VariableError) -> String {
    var expansion = Expansion(scalars: Array(text.unicodeScalars), escape: "\\", hasQuotes: false)
    return try expansion.text(until: nil, isRaw: false, depth: 0, lookup)
  }

  private struct Expansion {
    let scalars: [Unicode.Scalar]
    let escape: Unicode.Scalar
    let hasQuotes: Bool
    var index = 0

    /// Reads up to `stop`, or to the end; behind `stop` afterwards.
    ///
    /// - Parameter isRaw: whether escapes stay, as `\`: in patterns they still mean something.
    mutating func text(until stop: Unicode.Scalar?, isRaw: Bool, depth: Int, _ lookup: (String) -> String?)
      throws(VariableError) -> String
    {
      guard depth < 100 else { throw VariableError("variables are nested too deep") }
      var result = String.UnicodeScalarView()
      while index < scalars.count {
        let scalar = scalars[index]
        index += 1
        if scalar == stop { return String(result) }
        switch scalar {
        case "'" where hasQuotes:
          guard let end = scalars[index...].firstIndex(of: "'") else {
            throw VariableError("a single quote is never closed")
          }
          result.append(contentsOf: scalars[index..<end])
          index = end + 1
        case "\"" where hasQuotes:
          result.append(contentsOf: try quoted(isRaw: isRaw, depth: depth, lookup).unicodeScalars)
        case "$":
          result.append(contentsOf: try variable(isRaw: isRaw, depth: depth, lookup).unicodeScalars)
        case escape:
          if isRaw { result.append("\\") }
          // At the very end it escapes nothing and vanishes.
          if index < scalars.count { result.append(scalars[index]) }
          index += 1
        default:
          result.append(scalar)
        }
      }
      index = min(index, scalars.count)
      switch stop {
      case nil: return String(result)
      case "/": throw VariableError("the pattern of '${…/' is never ended by '/'")
      default: throw VariableError("'${' is never closed by '}'")
      }
    }

    private mutating func quoted(
      isRaw: Bool, depth: Int, _ lookup: (String) -> String?
    ) throws(VariableError) -> String {
      var result = String.UnicodeScalarView()
      while index < scalars.count {
        let scalar = scalars[index]
        index += 1
        switch scalar {
        case "\"": return String(result)
        case "$":
          result.append(contentsOf: try variable(isRaw: isRaw, depth: depth, lookup).unicodeScalars)
        case escape:
          if isRaw { result.append("\\") }
          guard index < scalars.count else { continue }
          let next = scalars[index]
          if next == "\"" || next == "$" || next == escape {
            index += 1
            result.append(next)
          } else {
            result.append(isRaw ? "\\" : escape)
          }
        default: result.append(scalar)
        }
      }
      throw VariableError("a double quote is never closed")
    }

    /// Behind a dollar sign.
    private mutating func variable(
      isRaw: Bool, depth: Int, _ lookup: (String) -> String?
    ) throws(VariableError) -> String {
      guard index < scalars.count, scalars[index] == "{" else {
        let name = name()
        return name.isEmpty ? "$" : lookup(name) ?? ""
      }
      index += 1
      let name = name()
      guard !name.isEmpty else { throw VariableError("'${' is not followed by a name") }
      guard index < scalars.count else { throw VariableError("'${\(name.shortened)' is never closed by '}'") }
      let modifier = scalars[index]
      index += 1
      switch modifier {
      case "}": return lookup(name) ?? ""
      case ":":
        guard index < scalars.count, "-+?".unicodeScalars.contains(scalars[index]) else { break }
        index += 1
        return try chosen(by: scalars[index - 1], name, emptyCounts: false, depth: depth, lookup)
      case "-", "+", "?": return try chosen(by: modifier, name, emptyCounts: true, depth: depth, lookup)
      case "#", "%": return try trimmed(name, at: modifier, depth: depth, lookup)
      case "/": return try replaced(name, depth: depth, lookup)
      default: break
      }
      throw VariableError(
        "'${\(name.shortened)' is followed by '\(modifier)': only :- :+ :? - + ? # ## % %% / and // are known"
      )
    }

    /// `-`, `+` and `?`.
    private mutating func chosen(
      by modifier: Unicode.Scalar, _ name: String, emptyCounts: Bool, depth: Int,
      _ lookup: (String) -> String?
    ) throws(VariableError) -> String {
      let word = try text(until: "}", isRaw: false, depth: depth + 1, lookup)
      let value = lookup(name).flatMap { $0.isEmpty && !emptyCounts ? nil : $0 }
      switch modifier {
      case "-": return value ?? word
      case "+": return value == nil ? "" : word
      default:
        guard let value else {
          throw VariableError(
            "variable '\(name.shortened)' is not set" + (word.isEmpty ? "" : ": \(word.shortened)"))
        }
        return value
      }
    }

    /// `#` and `%`, alone or doubled.
    private mutating func trimmed(
      _ name: String, at sign: Unicode.Scalar, depth: Int, _ lookup: (String) -> String?
    ) throws(VariableError) -> String {
      let isLongest = index < scalars.count && scalars[index] == sign
      if isLongest { index += 1 }
      let pattern = try VariablePattern(text(until: "}", isRaw: true, depth: depth + 1, lookup))
      let value = Array((lookup(name) ?? "").unicodeScalars)
      return sign == "#"
        ? pattern.withoutBeginning(value, longest: isLongest) : pattern.withoutEnd(value, longest: isLongest)
    }

    private mutating func replaced(
      _ name: String, depth: Int, _ lookup: (String) -> String?
    ) throws(VariableError) -> String {
      let isAll = index < scalars.count && scalars[index] == "/"
      if isAll { index += 1 }
      let pattern = try VariablePattern(text(until: "/", isRaw: true, depth: depth + 1, lookup))
      let word = try text(until: "}", isRaw: true, depth: depth + 1, lookup)
      return pattern.replacing(Array((lookup(name) ?? "").unicodeScalars), with: word, all: isAll)
    }

    /// A name, a number, or one of the shell's special signs.
    private mutating func name() -> String {
      let start = index
      guard index < scalars.count else { return "" }
      let first = scalars[index]
      func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
      func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
      }
      if isDigit(first) {
        while index < scalars.count, isDigit(scalars[index]) { index += 1 }
      } else if isLetter(first) {
        while index < scalars.count, isLetter(scalars[index]) || isDigit(scalars[index]) { index += 1 }
      } else if "@*#?-$!".unicodeScalars.contains(first) {
        index += 1
      }
      return scalars[start..<index].text
    }
  }
}

/// Why variables cannot be replaced, in a reader's words.
public struct VariableError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
