/// Replaces variables in the words of a Dockerfile, and removes quotes and escapes.
///
/// `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}`, `${NAME:?word}` and the forms without the colon, which ask
/// whether a variable is set and not whether it is empty. In single quotes nothing is replaced; in double quotes `\`
/// escapes only `"`, `$` and itself. Source: the Dockerfile reference, "Environment replacement".
public enum Variables {
  /// - Parameters:
  ///   - escape: what the file's `escape` directive chose.
  ///   - lookup: the value of a variable; `nil` where it is not set, which reads as empty.
  /// - Throws: `VariableError`, whose description says what is wrong.
  public static func expand(
    _ text: String, escape: Unicode.Scalar = "\\", _ lookup: (String) -> String?
  ) throws(VariableError) -> String {
    var expansion = Expansion(scalars: Array(text.unicodeScalars), escape: escape)
    return try expansion.text(until: nil, depth: 0, lookup)
  }

  private struct Expansion {
    let scalars: [Unicode.Scalar]
    let escape: Unicode.Scalar
    var index = 0

    /// Reads up to `stop`, or to the end; behind `stop` afterwards.
    mutating func text(until stop: Unicode.Scalar?, depth: Int, _ lookup: (String) -> String?)
      throws(VariableError) -> String
    {
      guard depth < 100 else { throw VariableError("variables are nested too deep") }
      var result = String.UnicodeScalarView()
      while index < scalars.count {
        let scalar = scalars[index]
        index += 1
        if scalar == stop { return String(result) }
        switch scalar {
        case "'":
          guard let end = scalars[index...].firstIndex(of: "'") else {
            throw VariableError("a single quote is never closed")
          }
          result.append(contentsOf: scalars[index..<end])
          index = end + 1
        case "\"":
          result.append(contentsOf: try quoted(depth: depth, lookup).unicodeScalars)
        case "$":
          result.append(contentsOf: try variable(depth: depth, lookup).unicodeScalars)
        case escape:
          // At the very end it escapes nothing and vanishes.
          if index < scalars.count { result.append(scalars[index]) }
          index += 1
        default:
          result.append(scalar)
        }
      }
      index = min(index, scalars.count)
      if stop != nil { throw VariableError("'${' is never closed by '}'") }
      return String(result)
    }

    private mutating func quoted(depth: Int, _ lookup: (String) -> String?) throws(VariableError) -> String {
      var result = String.UnicodeScalarView()
      while index < scalars.count {
        let scalar = scalars[index]
        index += 1
        switch scalar {
        case "\"": return String(result)
        case "$": result.append(contentsOf: try variable(depth: depth, lookup).unicodeScalars)
        case escape:
          guard index < scalars.count else { continue }
          let next = scalars[index]
          index += 1
          if next != "\"", next != "$", next != escape { result.append(escape) }
          result.append(next)
        default: result.append(scalar)
        }
      }
      throw VariableError("a double quote is never closed")
    }

    /// Behind a dollar sign.
    private mutating func variable(depth: Int, _ lookup: (String) -> String?) throws(VariableError) -> String
    {
      guard index < scalars.count, scalars[index] == "{" else {
        let name = name()
        return name.isEmpty ? "$" : lookup(name) ?? ""
      }
      index += 1
      let name = name()
      guard !name.isEmpty else { throw VariableError("'${' is not followed by a name") }
      guard index < scalars.count else { throw VariableError("'${\(name.shortened)' is never closed by '}'") }
      var modifier = scalars[index]
      index += 1
      if modifier == "}" { return lookup(name) ?? "" }
      var emptyCounts = true
      if modifier == ":", index < scalars.count {
        emptyCounts = false
        modifier = scalars[index]
        index += 1
      }
      guard ["-", "+", "?"].contains(modifier) else {
        throw VariableError(
          "'${\(name.shortened)' is followed by '\(modifier)': only :- :+ :? and - + ? are known")
      }
      let word = try text(until: "}", depth: depth + 1, lookup)
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
