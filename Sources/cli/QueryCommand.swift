import ArgumentParser
import GraphCore
import Report
import Rules

struct QueryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Ask the graph what needs what: labels, or actions.",
    discussion: """
      A query is a label or pattern, a function of such, or several of them joined with + (or |, union), ^ (&, \
      intersect) and - (except); all signs bind equally, from left to right, and need spaces around them. 'let x = a in \
      b' gives a set a name. Patterns of functions are those of a shell (*, ?, [a-z]) over the whole text. Nothing is \
      built, and the network is not used.

      Functions:
      \(QueryFunction.all.map { "  \($0.usage): \($0.summary)" }.joined(separator: "\n"))

      Examples:
        graph query 'rdeps(//library/core)'
        graph query 'kind(index, rdeps(//library/core@7:x86_64))' --show notify-email
        graph query 'somepath(//app/httpd:x86_64, //rpm/openssl:x86_64)'
        graph query --nodes 'attr(opaque, true, deps(//app/httpd:aarch64))'
        graph query 'let new = //app/... in deps(new) - new' --output dot
      """)

  enum Output: String, ExpressibleByArgument, CaseIterable { case text, json, dot, summary }
  enum Edges: String, ExpressibleByArgument, CaseIterable { case declared, discovered, all }

  @OptionGroup var options: GlobalOptions
  @Argument(help: "The query, as one word of the shell: put it in quotes.") var query: String
  @Flag(help: "Ask about actions instead of labels.") var nodes = false
  @Option(
    help: "What to print: text, json, dot (for Graphviz), or summary (counts of items, edges and depths).")
  var output: Output = .text
  @Flag(help: "As --output json.") var json = false
  @Flag(help: "Print how many there are, and nothing else.") var count = false
  @Option(help: "Which edges there are: those that manifests declare, those found in sources, or all.")
  var edges: Edges = .all
  @Option(help: ArgumentHelp("Attributes to show of each, joined by commas.", valueName: "names"))
  var show: String?

  func validate() throws {
    if json, output != .text, output != .json {
      throw ValidationError("--json and --output \(output) exclude each other")
    }
    if count, json || output != .text { throw ValidationError("--count prints a number and nothing else") }
    if nodes, edges != .all {
      throw ValidationError("--edges is about labels; actions have one kind of edges")
    }
  }

  func run() async throws {
    try await Exit.reporting {
      let expression = try Self.reading { () throws(QueryError) in try QueryExpression(query) }
      let session = try await Session.open(options, .listing)
      if session.diagnostics.hasErrors { Console.show(session.diagnostics) }
      let workspace = WorkspaceQuery(
        session.compiled, session.resolved, packages: try Self.packages(expression, session))
      let whole = nodes ? workspace.actions() : workspace.labels()
      let graph: QueryGraph =
        switch edges {
        case .all: whole
        case .declared: whole.keeping(.declared)
        case .discovered: whole.keeping(.discovered)
        }
      let asked = try attributes(of: graph)
      // Which version of the package it is belongs to the answer.
      let attributes =
        asked.isEmpty && !expression.packagePatterns.isEmpty ? [QueryGraph.packages] : asked
      let answer = try Self.reading { () throws(QueryError) in try QueryEvaluator(graph).answer(expression) }
      let report = QueryReport(graph, answer)
      switch json ? .json : output {
      case .text: Console.print(count ? report.count : report.text(showing: attributes))
      case .json: Console.print(report.json(query: query, showing: attributes))
      case .dot: Console.print(report.dot())
      case .summary: Console.print(report.summary())
      }
      if session.diagnostics.hasErrors { throw Exit.manifestErrors }
    }
  }

  /// The packages that a query asks for, of the images whose locks are made.
  private static func packages(_ query: QueryExpression, _ session: Session) throws -> [Label: [String]] {
    let globs = query.packagePatterns.map { Glob($0) }
    if globs.isEmpty { return [:] }
    let known = try PackageCollector(session.compiled, store: session.store).known(in: session.store)
    let unknown = known.unknown.count
    if unknown > 0 {
      Console.note(
        "graph: \(Amounts.counted(unknown, "image")) \(unknown == 1 ? "has" : "have") no lock for the newest snapshot yet, and \(unknown == 1 ? "is" : "are") left out: 'graph lock //...' makes them"
      )
    }
    return known.sets.mapValues { set in
      set.packages.map { "\($0.name)-\($0.evra)" }.filter { nevra in
        QueryGraph.packageNames(nevra).contains { name in globs.contains { $0.matches(name) } }
      }
    }
  }

  private func attributes(of graph: QueryGraph) throws -> [String] {
    let names = (show ?? "").split(separator: ",").map(String.init)
    if let unknown = names.first(where: { !graph.attributeNames.contains($0) }) {
      let near =
        Nearest.match(for: unknown, among: graph.attributeNames).map { "did you mean '\($0)'? " } ?? ""
      throw GraphError(
        .usage, "nothing has an attribute '\(unknown)'",
        hint: near + "attributes: " + graph.attributeNames.joined(separator: ", "))
    }
    return names
  }

  /// Shows what is wrong with the query, with the place in it.
  private static func reading<Value>(_ body: () throws(QueryError) -> Value) throws -> Value {
    do {
      return try body()
    } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error.diagnostic)
      Console.show(diagnostics)
      throw Exit.code(of: .usage)
    }
  }
}
