/// One pattern of `PathPatterns`, as steps along a path.
struct PathPattern: Sendable, Hashable {
  enum Step: Sendable, Hashable {
    case character(Unicode.Scalar)
    /// `?`
    case one
    /// `*`
    case part
    /// `[a-z]`
    case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    /// `**/`: nothing, or folders.
    case folders
    /// `**` at the end.
    case rest
  }

  let isException: Bool
  private let steps: [Step]

  /// - Parameter text: cleaned, and without the `!` of an exception.
  init(_ text: [Unicode.Scalar], isException: Bool) throws(PathPatternError) {
    self.isException = isException
    var steps: [Step] = []
    var index = 0
    var hasSlash = false
    while index < text.count {
      let scalar = text[index]
      let isFirst = index == 0
      index += 1
      switch scalar {
      case "*" where index < text.count && text[index] == "*":
        index += 1
        let isSlash = index < text.count && text[index] == "/"
        if isSlash { index += 1 }
        if isFirst { hasSlash = isSlash }
        steps.append(index < text.count ? .folders : .rest)
      case "*": steps.append(.part)
      case "?": steps.append(.one)
      case "[": steps.append(try Self.set(text, &index))
      case "\\":
        guard index < text.count else { throw PathPatternError("it ends in a '\\' that escapes nothing") }
        steps.append(.character(text[index]))
        index += 1
      default: steps.append(.character(scalar))
      }
    }
    // '**name' without anything else is every path that ends in the name, in the middle of a part too.
    let isPlain = !text.dropFirst(2).contains { "*?[]\\".unicodeScalars.contains($0) }
    if steps.first == .folders, !hasSlash, isPlain { steps[0] = .rest }
    self.steps = steps
  }

  /// Behind `[`. Source: Go, filepath.Match.
  private static func set(_ text: [Unicode.Scalar], _ index: inout Int) throws(PathPatternError) -> Step {
    func character(_ index: inout Int) throws(PathPatternError) -> Unicode.Scalar {
      guard index < text.count else { throw PathPatternError("a '[' is never closed by ']'") }
      guard text[index] != "-", text[index] != "]" else {
        throw PathPatternError("a '\(text[index])' in brackets needs a '\\' before it")
      }
      if text[index] == "\\" { index += 1 }
      guard index + 1 < text.count else { throw PathPatternError("a '[' is never closed by ']'") }
      index += 1
      return text[index - 1]
    }
    let isNegated = index < text.count && text[index] == "^"
    if isNegated { index += 1 }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    while ranges.isEmpty || text[index] != "]" {
      let low = try character(&index)
      var high = low
      if text[index] == "-" {
        index += 1
        high = try character(&index)
      }
      guard low <= high else { throw PathPatternError("'\(low)-\(high)' in brackets is no range") }
      ranges.append(low...high)
    }
    index += 1
    return .set(ranges, isNegated: isNegated)
  }

  func matches(_ path: [Unicode.Scalar]) -> Bool {
    // The places that the steps so far can reach, and the first and last of them.
    var reached = [Bool](repeating: false, count: path.count + 1)
    var (low, high) = (0, 0)
    reached[0] = true
    for step in steps {
      switch step {
      case .rest:
        for index in low..<reached.count { reached[index] = true }
        high = path.count
      case .folders:
        for index in low..<path.count where path[index] == "/" {
          reached[index + 1] = true
          high = max(high, index + 1)
        }
      case .part:
        var index = low
        while index < path.count {
          if reached[index], path[index] != "/" {
            reached[index + 1] = true
            high = max(high, index + 1)
          }
          index += 1
        }
      case .character, .one, .set:
        var (nextLow, nextHigh) = (Int.max, -1)
        for index in stride(from: high, through: low, by: -1) where reached[index] {
          reached[index] = false
          guard index < path.count, step.accepts(path[index]) else { continue }
          reached[index + 1] = true
          (nextLow, nextHigh) = (index + 1, max(nextHigh, index + 1))
        }
        guard nextHigh >= 0 else { return false }
        (low, high) = (nextLow, nextHigh)
      }
    }
    return reached[path.count]
  }
}

extension PathPattern.Step {
  /// Whether a single character is what the step asks for.
  fileprivate func accepts(_ scalar: Unicode.Scalar) -> Bool {
    switch self {
    case .character(let wanted): scalar == wanted
    case .one: scalar != "/"
    case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
    case .part, .folders, .rest: false
    }
  }
}
