extension QueryExpression {
  /// Reads a query.
  ///
  ///     expression := 'let' name '=' expression 'in' expression | term (sign term)*
  ///     term       := '(' expression ')' | function '(' arguments ')' | label | pattern | variable
  ///     sign       := '+' '|' 'union'   '^' '&' 'intersect'   '-' 'except'
  ///
  /// - Throws: `QueryError` for the first thing that is wrong.
  public init(_ text: String) throws(QueryError) {
    var parser = QueryParser(text: text, tokens: try QueryLexer.tokens(of: text))
    self.text = text
    root = try parser.whole()
  }
}

/// A parser by recursive descent, with a limit on its depth.
private struct QueryParser {
  typealias Term = QueryExpression.Term

  let text: String
  let tokens: [QueryLexer.Placed]
  private var position = 0
  private var depth = 0
  /// The names that `let` has bound where the parser is.
  private var names: [String] = []

  // Far more than anyone writes, and far less than the stack holds.
  private static let depthMax = 100

  init(text: String, tokens: [QueryLexer.Placed]) {
    (self.text, self.tokens) = (text, tokens)
  }

  private var next: QueryLexer.Placed { tokens[position] }

  private mutating func take() -> QueryLexer.Placed {
    let token = tokens[position]
    if position + 1 < tokens.count { position += 1 }
    return token
  }

  mutating func whole() throws(QueryError) -> Term {
    if next.token == .end {
      throw error("the query is empty", hint: "write, for example, 'deps(//app/httpd)'")
    }
    let term = try expression()
    switch next.token {
    case .end: return term
    case .close: throw error("a ')' without its '('", hint: "remove it")
    case .comma: throw error("a ',' outside of a function's arguments", hint: "join sets with +, ^ or -")
    default: throw error("two sets without a sign between them", hint: "join them with +, ^ or -")
    }
  }

  private mutating func expression() throws(QueryError) -> Term {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.depthMax {
      throw error("the query is nested deeper than \(Self.depthMax)", hint: "give its parts names with 'let'")
    }
    if keyword("let") { return try binding() }
    let first = try term()
    var operations: [(sign: QueryExpression.Sign, term: Term)] = []
    while let sign = sign() { operations.append((sign, try term())) }
    guard let last = operations.last else { return first }
    return Term(
      form: .operations(first, operations), range: first.range.lowerBound..<last.term.range.upperBound)
  }

  private func isWord(_ word: String) -> Bool { next.token == .word(word, isQuoted: false) }

  private mutating func keyword(_ word: String) -> Bool {
    guard isWord(word) else { return false }
    _ = take()
    return true
  }

  private mutating func sign() -> QueryExpression.Sign? {
    let text: String
    switch next.token {
    case .sign(let character): text = String(character)
    case .word(let word, isQuoted: false): text = word
    default: return nil
    }
    guard let sign = QueryExpression.Sign(text) else { return nil }
    _ = take()
    return sign
  }

  /// What follows 'let'.
  private mutating func binding() throws(QueryError) -> Term {
    let start = next.range.lowerBound
    guard case .word(let word, isQuoted: false) = next.token, Self.isName(word.drop { $0 == "$" }) else {
      throw error("'let' needs a name", hint: "write 'let x = //app/... in deps(x)'")
    }
    let name = String(word.drop { $0 == "$" })
    _ = take()
    guard next.token == .equals else {
      throw error("'let \(name)' needs a '='", hint: "write 'let \(name) = //app/... in deps(\(name))'")
    }
    _ = take()
    let value = try expression()
    guard keyword("in") else {
      throw error("'let \(name) = …' needs an 'in'", hint: "say what to do with it: … in deps(\(name))")
    }
    names.append(name)
    defer { names.removeLast() }
    let body = try expression()
    return Term(
      form: .binding(name: name, value: value, body: body), range: start..<body.range.upperBound)
  }

  private mutating func term() throws(QueryError) -> Term {
    let (token, range) = next
    switch token {
    case .open:
      _ = take()
      let inner = try expression()
      try close(of: "(")
      return inner
    case .word(let word, let isQuoted):
      _ = take()
      if !isQuoted, next.token == .open { return try call(word, range) }
      return try atom(word, range, isQuoted: isQuoted)
    case .sign(let character):
      throw error("a '\(character)' without a set before it", hint: "write a label, a pattern or a function")
    case .end: throw error("the query ends too early", hint: "write a label, a pattern or a function")
    case .close, .comma, .equals:
      throw error("a set is missing here", hint: "write a label, a pattern or a function")
    }
  }

  private func atom(_ word: String, _ range: Range<Int>, isQuoted: Bool) throws(QueryError) -> Term {
    if !isQuoted {
      let name = String(word.drop { $0 == "$" })
      if names.contains(name) { return Term(form: .variable(name), range: range) }
      if word.hasPrefix("$") {
        throw error(
          "no 'let' gives '\(name)' a meaning here", at: range,
          hint: Nearest.match(for: name, among: names).map { "did you mean '$\($0)'?" }
            ?? "write 'let \(name) = … in' before it")
      }
    }
    guard word.hasPrefix("//") else {
      let functions = QueryFunction.all.map(\.name.rawValue)
      let near = Nearest.match(for: word, among: names + functions)
      throw error(
        "'\(word)' is neither a label nor a name that 'let' gives", at: range,
        hint: near.map { "did you mean '\($0)\(functions.contains($0) ? "(…)" : "")'?" }
          ?? "labels begin with //, as in //app/httpd; //... is everything")
    }
    // The name of an action is a label, a space and a step.
    let parts = word.split(separator: " ", maxSplits: 1)
    do throws(LabelError) {
      let pattern = try LabelPattern(String(parts.first ?? ""))
      return Term(form: .atom(pattern, step: parts.count > 1 ? String(parts[1]) : nil), range: range)
    } catch {
      throw self.error(
        error.description, at: range,
        hint: word.contains("+") ? "put spaces around the '+' that joins sets" : nil)
    }
  }

  /// A function's arguments, from its '(' on.
  private mutating func call(_ name: String, _ range: Range<Int>) throws(QueryError) -> Term {
    guard let function = QueryFunction.named(name) else {
      let known = QueryFunction.all.map(\.name.rawValue)
      let near = Nearest.match(for: name, among: known).map { "did you mean '\($0)'? " } ?? ""
      throw error(
        "there is no function '\(name)'", at: range,
        hint: near + "functions: " + known.joined(separator: ", "))
    }
    _ = take()
    if function.name == .set { return try members(from: range) }
    var arguments: [QueryExpression.Argument] = []
    if next.token != .close {
      repeat {
        var isFull = arguments.count == function.parameters.count
        // The number of edges is always the last.
        if case .depth = arguments.last { isFull = true }
        guard !isFull else {
          throw error("'\(name)' takes no more arguments", hint: "write \(function.usage)")
        }
        arguments.append(try argument(function.parameters[arguments.count], function))
      } while takeComma()
    }
    if arguments.count < function.required {
      throw error("'\(name)' needs another argument here", hint: "write \(function.usage)")
    }
    let end = next.range.upperBound
    try close(of: "\(name)(")
    return Term(form: .call(function, arguments), range: range.lowerBound..<end)
  }

  /// The members of 'set(', with white space or commas between them.
  private mutating func members(from range: Range<Int>) throws(QueryError) -> Term {
    var members: [Term] = []
    while next.token != .close {
      guard case .word(let word, let isQuoted) = next.token else {
        throw error(
          next.token == .end ? "'set(' without its ')'" : "'set' takes labels, patterns and names of 'let'",
          hint: "write set(//app/a //app/b), and join other sets with +")
      }
      members.append(try atom(word, next.range, isQuoted: isQuoted))
      _ = take()
      _ = takeComma()
    }
    let end = take().range.upperBound
    return Term(form: .set(members), range: range.lowerBound..<end)
  }

  private mutating func argument(
    _ parameter: QueryFunction.Parameter, _ function: QueryFunction
  ) throws(QueryError) -> QueryExpression.Argument {
    switch parameter {
    case .set: return .term(try expression())
    case .word(let what):
      guard case .word(let word, _) = next.token else {
        throw error("'\(function.name)' needs a text for its \(what) here", hint: "write \(function.usage)")
      }
      return .word(word, take().range)
    case .depth, .setOrDepth:
      if case .word(let word, isQuoted: false) = next.token, let depth = Int(word), depth >= 0 {
        _ = take()
        return .depth(depth)
      }
      if parameter == .setOrDepth { return .term(try expression()) }
      throw error("the depth of '\(function.name)' is a whole number", hint: "write \(function.usage)")
    }
  }

  private mutating func takeComma() -> Bool {
    guard next.token == .comma else { return false }
    _ = take()
    return true
  }

  private mutating func close(of opening: String) throws(QueryError) {
    guard next.token == .close else {
      if next.token == .end { throw error("'\(opening)' without its ')'", hint: "add it") }
      throw error("a sign or a ')' is missing here", hint: "join sets with +, ^ or -")
    }
    _ = take()
  }

  private static func isName(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, first | 0x20 >= 0x61, first | 0x20 <= 0x7a else { return false }
    return !["let", "in", "union", "intersect", "except"].contains(text)
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || $0 == 0x5f || $0 == 0x2d
      }
  }

  private func error(_ message: String, at range: Range<Int>? = nil, hint: String?) -> QueryError {
    QueryError(message, in: text, at: range ?? next.range, hint: hint)
  }
}
