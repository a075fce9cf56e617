/// A query that has been read: what it asks for, with the place of each part in its text.
public struct QueryExpression: Sendable {
  /// The text it was read from.
  public let text: String
  let root: Term

  /// The packages that it asks for: what `rpm` has in it.
  public var packagePatterns: [String] { Self.packagePatterns(root) }

  private static func packagePatterns(_ term: Term) -> [String] {
    switch term.form {
    case .atom, .variable: []
    case .set(let members): members.flatMap(packagePatterns)
    case .operations(let first, let operations):
      packagePatterns(first) + operations.flatMap { packagePatterns($0.term) }
    case .binding(_, let value, let body): packagePatterns(value) + packagePatterns(body)
    case .call(let function, let arguments):
      arguments.flatMap { argument -> [String] in
        switch argument {
        case .word(let word, _): function.name == .rpm ? [word] : []
        case .term(let term): packagePatterns(term)
        case .depth: []
        }
      }
    }
  }

  /// An expression and its place in the text.
  struct Term: Sendable {
    let form: Form
    /// In characters.
    let range: Range<Int>
  }

  indirect enum Form: Sendable {
    /// A label, a pattern, or the name of an action: a label and a step.
    case atom(LabelPattern, step: String?)
    case variable(String)
    /// The union of several terms; the empty set where there is none.
    case set([Term])
    case call(QueryFunction, [Argument])
    /// From left to right, as they stand.
    case operations(Term, [(sign: Sign, term: Term)])
    case binding(name: String, value: Term, body: Term)
  }

  enum Argument: Sendable {
    case term(Term)
    case word(String, Range<Int>)
    case depth(Int)
  }

  /// The set operations. All bind equally and to the left, as in the query languages of Bazel and Buck2.
  enum Sign: Sendable {
    case union, intersect, except

    init?(_ text: String) {
      switch text {
      case "+", "|", "union": self = .union
      case "^", "&", "intersect": self = .intersect
      case "-", "except": self = .except
      default: return nil
      }
    }
  }
}

/// A function of the query language: a row of `all`.
public struct QueryFunction: Hashable, Sendable {
  enum Name: String, CaseIterable, Sendable {
    case deps, rdeps, allpaths, somepath, kind, arch, attr, filter, rpm, set, external, roots, leaves
  }

  /// What an argument may be.
  enum Parameter: Hashable, Sendable {
    case set
    /// A number of edges.
    case depth
    case setOrDepth
    case word(String)
  }

  let name: Name
  let parameters: [Parameter]
  /// How many of the parameters must be given.
  let required: Int
  /// How it is written: `deps(x[, depth])`.
  public let usage: String
  /// What it gives.
  public let summary: String

  /// Every function, in the order in which help lists them.
  public static let all: [QueryFunction] = [
    .init(
      .deps, [.set, .depth], required: 1, "deps(x[, depth])", "x and all that it needs, over so many edges"),
    .init(
      .rdeps, [.set, .setOrDepth, .depth], required: 1, "rdeps([universe,] x[, depth])",
      "x and what needs it, within deps(universe)"),
    .init(.allpaths, [.set, .set], required: 2, "allpaths(a, b)", "all that is on a way from a to b"),
    .init(
      .somepath, [.set, .set], required: 2, "somepath(a, b)", "one shortest way from a to b, in its order"),
    .init(
      .kind, [.word("kind"), .set], required: 2, "kind(pattern, x)", "those of x that are of such a kind"),
    .init(
      .arch, [.word("architecture"), .set], required: 2, "arch(pattern, x)",
      "those of x for such an architecture, or 'none'"),
    .init(
      .attr, [.word("attribute"), .word("value"), .set], required: 3, "attr(name, pattern, x)",
      "those of x with such a value"),
    .init(.filter, [.word("name"), .set], required: 2, "filter(pattern, x)", "those of x with such a name"),
    .init(
      .rpm, [.word("package"), .set], required: 1, "rpm(pattern[, x])",
      "images, of x or of all, with such a package: its name, or name-version-release.arch"),
    .init(.set, [], required: 0, "set(a b c)", "all of these"),
    .init(
      .external, [.word("name")], required: 0, "external([pattern])",
      "images of registries, and names that nothing declares"),
    .init(.roots, [.set], required: 1, "roots(x)", "those of x that nothing else of x needs"),
    .init(.leaves, [.set], required: 1, "leaves(x)", "those of x that need nothing else of x"),
  ]

  private init(
    _ name: Name, _ parameters: [Parameter], required: Int, _ usage: String, _ summary: String
  ) {
    (self.name, self.parameters, self.required) = (name, parameters, required)
    (self.usage, self.summary) = (usage, summary)
  }

  static func named(_ text: String) -> QueryFunction? { all.first { $0.name.rawValue == text } }
}
