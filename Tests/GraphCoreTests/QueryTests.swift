import Testing

@testable import GraphCore

@Suite("queries")
struct QueryTests {
  /// app -> lib -> base; app -> tool -> base; other -> gone (outside); ring is a circle of two; own needs itself.
  static let graph: QueryGraph = {
    let labels = ["//a/app:x86_64", "//a/lib:x86_64", "//a/tool:aarch64", "//b/base:x86_64", "//b/other"]
    let more = ["//c/own:x86_64", "//c/ring1:x86_64", "//c/ring2:x86_64", "//d/libstdc++:x86_64"]
    var items = (labels + more).map { text in
      QueryGraph.Item(
        name: text, label: try? Label(text), step: "1 RUN", stepTitle: "1 RUN make all",
        kind: text.contains("/a/") ? "image" : "base")
    }
    items.append(.init(name: "gone:1", label: nil, kind: QueryGraph.Item.dangling))
    let edges: [(Int, Int, QueryGraph.Origin)] = [
      (0, 1, .declared), (0, 2, .discovered), (1, 3, .all), (2, 3, .declared), (4, 9, .declared),
      (5, 5, .declared), (6, 7, .declared), (7, 6, .declared), (0, 1, .discovered), (0, 99, .all),
    ]
    return QueryGraph(
      items: items, edges: edges.map { .init(from: $0.0, to: $0.1, origin: $0.2) },
      attributeNames: ["mail", "letters"],
      values: { item, name in
        name == "mail" ? (item < 3 ? ["ann@example.org", "bob@example.org"] : []) : ["\(item)"]
      })
  }()

  /// The names that a query gives, each without the slashes.
  static func answer(_ query: String, on graph: QueryGraph = graph) throws -> String {
    let answer = try QueryEvaluator(graph).answer(QueryExpression(query))
    return answer.items.map { graph.items[$0].label?.name ?? graph.items[$0].name }.joined(separator: " ")
  }

  @Test(
    "functions and signs",
    arguments: [
      ("//a/app", "app"), ("//a/...", "app lib tool"), ("//...:aarch64", "tool"),
      ("deps(//a/app)", "app lib tool base"), ("deps(//a/app, 1)", "app lib tool"),
      ("deps(//a/app, 0)", "app"),
      ("rdeps(//b/base)", "app lib tool base"), ("rdeps(//b/base, 1)", "lib tool base"),
      ("rdeps(//a/lib, //b/base)", "lib base"), ("rdeps(//a/lib, //b/base, 0)", "base"),
      ("rdeps(//a/lib, //a/tool)", ""), ("allpaths(//a/app, //b/base)", "app lib tool base"),
      ("allpaths(//a/lib, //b/base)", "lib base"), ("allpaths(//b/base, //a/app)", ""),
      ("somepath(//a/app, //b/base)", "app lib base"), ("somepath(//b/base, //a/app)", ""),
      ("somepath(//a/app, //a/app)", "app"),
      ("somepath(//a/app, //b/base) + //b/other", "app lib base other"),
      ("kind(image, //...)", "app lib tool"), ("kind('im*', //b/...)", ""),
      ("arch(x86_64, //a/...)", "app lib"), ("arch(none, //...)", "other"),
      ("attr(mail, 'bob@*', //...)", "app lib tool"), ("attr(letters, '[2-4]', //...)", "tool base other"),
      ("filter('*/app:*', //...)", "app"), ("set(//a/app //b/base)", "app base"), ("set()", ""),
      ("set(//a/app, //b/base)", "app base"), ("external()", "gone:1"), ("external('gone*')", "gone:1"),
      ("external('x*')", ""), ("rdeps(external())", "other gone:1"), ("deps(//b/other)", "other gone:1"),
      ("roots(//a/... + //b/...)", "app other"), ("leaves(//a/... + //b/...)", "base other"),
      ("roots(//c/own)", "own"), ("roots(//c/ring1 + //c/ring2)", ""), ("deps(//c/ring1)", "ring1 ring2"),
      ("//d/libstdc++ + //a/app", "app libstdc++"), ("(//d/libstdc++)", "libstdc++"),
      ("let x = //a/app in deps(x) - x", "lib tool base"),
      ("let x = //a/app in deps($x)", "app lib tool base"),
      ("let x = //a/app in let y = deps(x, 1) in y - x", "lib tool"),
      ("let x = //a/app in (let x = //b/base in x) + x", "app base"),
      ("'//a/app 1 RUN'", "app"), ("'//a/... 1 RUN make'", "app lib tool"),
      ("//a/app\n  union\t//b/base", "app base"),
    ])
  func answers(query: String, expected: String) throws {
    #expect(try Self.answer(query) == expected)
  }

  @Test(
    "all signs bind equally and to the left; brackets bind first",
    arguments: [
      ("//a/app + //a/lib ^ //a/lib", "lib"), ("//a/app + (//a/lib ^ //a/lib)", "app lib"),
      ("//a/app ^ //a/lib + //a/lib", "lib"), ("//a/app ^ (//a/lib + //a/app)", "app"),
      ("//a/app - //a/app + //a/app", "app"), ("//a/app - (//a/app + //a/app)", ""),
      ("//a/... - //a/lib ^ //a/lib", ""), ("//a/... - (//a/lib ^ //a/app)", "app lib tool"),
      ("//a/app | //a/lib & //a/lib - //a/lib", ""),
      ("//a/app union //a/lib intersect //a/lib except //a/app", "lib"),
      ("let x = //a/app + //a/lib in x - //a/lib + x ^ x", "app lib"),
    ])
  func precedence(query: String, expected: String) throws {
    #expect(try Self.answer(query) == expected)
  }

  @Test(
    "what is wrong is said with its place and what to do",
    arguments: [
      ("", 1, "the query is empty", "write, for example, 'deps(//app/httpd)'"),
      ("dpes(//a/app)", 1, "there is no function 'dpes'", "did you mean 'deps'?"),
      ("deps(//a/ap)", 6, "nothing is called '//a/ap'", "did you mean '//a/app'?"),
      ("deps(//a/app", 13, "'deps(' without its ')'", "add it"),
      ("//a/app)", 8, "a ')' without its '('", "remove it"),
      ("//a/app //a/lib", 9, "two sets without a sign between them", "join them with +, ^ or -"),
      ("//a/app, //a/lib", 8, "a ',' outside of a function's arguments", "join sets with +, ^ or -"),
      ("//a/app +", 10, "the query ends too early", "write a label, a pattern or a function"),
      ("+ //a/app", 1, "a '+' without a set before it", "write a label, a pattern or a function"),
      ("deps()", 6, "'deps' needs another argument here", "write deps(x[, depth])"),
      ("deps(,)", 6, "a set is missing here", "write a label, a pattern or a function"),
      ("kind(image)", 11, "'kind' needs another argument here", "write kind(pattern, x)"),
      ("deps(//a/app, 1, 2)", 18, "'deps' takes no more arguments", "write deps(x[, depth])"),
      ("rdeps(//a/app, 1, 2)", 19, "'rdeps' takes no more arguments", "write rdeps([universe,] x[, depth])"),
      ("deps(//a/app, -1)", 15, "the depth of 'deps' is a whole number", "write deps(x[, depth])"),
      ("attr(mial, '*', //...)", 6, "nothing has an attribute 'mial'", "did you mean 'mail'?"),
      ("'//a/app", 1, "a quote that does not end", "write another '"),
      ("app", 1, "'app' is neither a label nor a name that 'let' gives", "labels begin with //"),
      ("dep + //a/app", 1, "'dep' is neither a label nor a name that 'let' gives", "did you mean 'deps(…)'?"),
      ("$x", 1, "no 'let' gives 'x' a meaning here", "write 'let x = … in' before it"),
      ("let x = //a/app in $y", 20, "no 'let' gives 'y' a meaning here", "did you mean '$x'?"),
      ("let = //a/app in x", 5, "'let' needs a name", "write 'let x = //app/... in deps(x)'"),
      ("let x //a/app in x", 7, "'let x' needs a '='", "write 'let x = //app/... in deps(x)'"),
      ("let x = //a/app", 16, "'let x = …' needs an 'in'", "say what to do with it"),
      ("//a/app+//a/lib", 1, "is not a label", "put spaces around the '+' that joins sets"),
      ("set(deps(//a/app))", 5, "'deps' is neither a label", "did you mean 'deps(…)'?"),
      ("//a/app:arm65", 1, "is no architecture", nil),
      ("'//a/app 9 COPY'", 1, "nothing is called '//a/app 9 COPY'", "has no such step"),
      ("let x = //a/... in\n  dpes(x)", 3, "there is no function 'dpes'", "did you mean 'deps'?"),
    ] as [(String, Int, String, String?)])
  func mistakes(query: String, column: Int, message: String, hint: String?) throws {
    let error = #expect(throws: QueryError.self) { try Self.answer(query) }
    let diagnostic = try #require(error).diagnostic
    #expect(diagnostic.location?.column == column, "\(diagnostic)")
    #expect(diagnostic.message.contains(message), "\(diagnostic)")
    if let hint { #expect(diagnostic.hint?.contains(hint) == true, "\(diagnostic)") }
  }

  @Test("a query that is nested too deep is refused, one that is long is not")
  func depth() throws {
    let nested = String(repeating: "(", count: 100_000)
    let error = #expect(throws: QueryError.self) { try Self.answer(nested + "//a/app") }
    #expect(error?.message == "the query is nested deeper than 100")
    let deep = String(repeating: "deps(", count: 99) + "//a/lib" + String(repeating: ")", count: 99)
    #expect(try Self.answer(deep) == "lib base")
    let long = Array(repeating: "//a/app", count: 20_000).joined(separator: " + ")
    #expect(try Self.answer(long) == "app")
    let bindings = String(repeating: "let x = //a/app in ", count: 200) + "x"
    #expect(throws: QueryError.self) { try Self.answer(bindings) }
  }

  @Test("no text ends the program")
  func anything() {
    var generator = Numbers(state: 7)
    let words =
      QueryFunction.all.map(\.name.rawValue) + [
        "(", ")", ",", "=", "+", "-", "^", "|", "&", "'", "\"", " ", "\n", "let", "in", "x", "$x", "//a/app",
        "//...",
        "//", "//a/...", "union", "1", "-1", "99999999999999999999", "é", "\u{0}", "[", "*", "\\",
      ]
    var understood = 0
    for _ in 0..<20_000 {
      let count = Int(generator.next() % 12)
      let text = (0..<count).map { _ in words[Int(generator.next() % UInt64(words.count))] }
        .joined(separator: generator.next() % 2 == 0 ? " " : "")
      do {
        _ = try Self.answer(text)
        understood += 1
      } catch let error as QueryError {
        // The place is in the text, or behind its end.
        let scalars = text.unicodeScalars.count
        #expect(error.offset <= scalars && error.diagnostic.location != nil, "\(text)")
      } catch {
        Issue.record("\(text): \(error)")
      }
    }
    #expect(understood > 100)
  }

  @Test("edges are kept by who says that they are there")
  func origins() throws {
    #expect(try Self.answer("deps(//a/app)", on: Self.graph.keeping(.declared)) == "app lib base")
    #expect(try Self.answer("deps(//a/app)", on: Self.graph.keeping(.discovered)) == "app lib tool base")
    #expect(Self.graph.edges.count == 8)
    #expect(Self.graph.edges.first { $0.from == 0 && $0.to == 1 }?.origin == .all)
  }

  @Test("a summary counts edges and depths; circles have no depth")
  func summary() throws {
    let all = QuerySummary(Self.graph, items: Array(0..<9))
    #expect(all.items == 9 && all.edges == 8 && all.selfEdges == 1 && all.danglingEdges == 1)
    #expect(all.depths == [4, 2, 1] && all.circular == 2)
    let some = QuerySummary(Self.graph, items: [0, 3])
    #expect(some.edges == 0 && some.depths == [2])
  }

  @Test("the cost grows with the graph, not with its square: a chain and a fan of 20,000")
  func large() throws {
    let count = 20_000
    let items = (0..<count).map { number in
      QueryGraph.Item(name: "//p/n\(number)", label: try? Label("//p/n\(number)"), kind: "image")
    }
    var edges = (1..<count).map { QueryGraph.Edge(from: $0, to: $0 - 1, origin: .all) }
    edges += (2..<count).map { QueryGraph.Edge(from: $0, to: 0, origin: .all) }
    let graph = QueryGraph(items: items, edges: edges, attributeNames: [], values: { _, _ in [] })
    // With a cost of the square, this takes minutes and not the blink that it is.
    #expect(
      try Self.answer("rdeps(//p/n0) - //p/n0 + //p/n0", on: graph).split(separator: " ").count == count)
    #expect(
      try Self.answer("allpaths(//p/n19999, //p/n0) ^ deps(//p/n19999)", on: graph).split(separator: " ")
        .count
        == count)
    let set = (0..<count).map { "//p/n\($0)" }.joined(separator: " ")
    #expect(try Self.answer("leaves(set(\(set)))", on: graph) == "n0")
    #expect(
      try Self.answer("somepath(//p/n19999, //p/n1)", on: graph).split(separator: " ").count == count - 1)
    #expect(QuerySummary(graph, items: Array(0..<count)).depths.count == count)
  }

  @Test(
    "patterns are those of a shell, over the whole text",
    arguments: [
      ("*", "", true), ("*", "a/b", true), ("a*c", "abbc", true), ("a*c", "abbd", false), ("?", "é", true),
      ("?", "", false), ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false), ("[!a-c]x", "dx", true),
      ("a", "ab", false),
      ("*a*b*c*", "xxaxxbxxcxx", true), ("*a*b*c", "abcabcab", false), ("\\*", "*", true),
      ("\\*", "x", false),
      ("[", "[", true), ("[a", "[a", true), ("[]]", "]", true), ("[z-a]", "z", true), ("**", "x", true),
      ("", "", true),
      ("", "x", false), ("a\\", "a\\", true), ("*.example.org", "x.example.org", true),
    ])
  func globs(pattern: String, text: String, matches: Bool) {
    #expect(Glob(pattern).matches(text) == matches)
  }

  @Test("a pattern of many stars does not take for ever")
  func slowGlob() {
    let text = String(repeating: "a", count: 5000)
    #expect(!Glob(String(repeating: "*a", count: 200) + "b").matches(text))
  }
}

/// Numbers that look random and are the same in every run (xorshift).
private struct Numbers {
  var state: UInt64
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
