import FoundationEssentials
import GraphCore
import Store
import Testing

@testable import Report

/// Programs read these documents: a member that is renamed or gone breaks them, so each is named here once more.
@Suite("documents for programs")
struct DocumentTests {
  /// A JSON value of any form.
  private indirect enum Value: Decodable {
    case object([String: Value])
    case array([Value])
    case other

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let members = try? container.decode([String: Value].self) {
        self = .object(members)
      } else if let elements = try? container.decode([Value].self) {
        self = .array(elements)
      } else {
        self = .other
      }
    }

    /// Every member below by its path: `items[].label`.
    func members(_ path: String) -> [String] {
      switch self {
      case .object(let members):
        members.flatMap { name, value in
          let place = path.isEmpty ? name : "\(path).\(name)"
          return [place] + value.members(place)
        }
      case .array(let elements): elements.flatMap { $0.members(path + "[]") }
      case .other: []
      }
    }
  }

  static func check(
    _ document: String, _ members: String, at location: Testing.SourceLocation = #_sourceLocation
  ) throws {
    let found = Set(try JSONDecoder().decode(Value.self, from: Data(document.utf8)).members(""))
    for member in members.split(whereSeparator: \.isWhitespace).map(String.init) + ["schema"] {
      #expect(found.contains(member), "\(member) of \(found.sorted())", sourceLocation: location)
    }
    #expect(document.contains("\"schema\" : 1") && document.hasSuffix("}\n"), sourceLocation: location)
  }

  @Test("plan: nodes with what they take, and the chain that takes longest")
  func plan() throws {
    var world = World()
    try world.build()
    world.page = "goodbye"
    let plan = try world.plan()
    let durations = [
      "//app/httpd@latest:aarch64 2 RUN make": 40.0, "//app/httpd@latest:x86_64 2 RUN make": 5.0,
    ]
    let estimate = try WorkEstimate(
      plan, history: world.cache, limits: .init(jobs: 2, downloads: 8, memoryMegabytes: 1000))
    let json = PlanReport.json(
      plan, estimateSeconds: 42, durations: durations,
      forecast: PlanForecast(estimate, jobs: 2, emulated: 1, missingBytes: 7))
    try Self.check(
      json,
      """
      totals.nodes totals.cached totals.unneeded totals.run totals.pending totals.estimateSeconds
      nodes[].name nodes[].label nodes[].step nodes[].rule nodes[].architecture nodes[].decision nodes[].opaque
      nodes[].key nodes[].reason nodes[].reason.kind nodes[].reason.changes nodes[].reason.waitsFor
      nodes[].reason.changes[].fact nodes[].reason.changes[].name nodes[].reason.changes[].old
      nodes[].reason.changes[].new nodes[].reason.changes[].origin nodes[].reason.changes[].madeBy
      nodes[].declaredAt nodes[].estimateSeconds
      rootCauses criticalPath.seconds criticalPath.nodes
      estimate.jobs estimate.seconds estimate.criticalPathSeconds estimate.workSeconds estimate.unknownNodes
      estimate.fetchBytes estimate.unknownFetches estimate.diskBytes estimate.unknownDiskNodes
      estimate.missingDiskBytes estimate.native estimate.emulated
      """)
    let path = PlanPath(plan, durations: durations)
    #expect(
      path.nodes.map { plan.graph[$0].name } == [
        "//app/httpd@latest:aarch64 1 copy", "//app/httpd@latest:aarch64 2 RUN make",
        "//app/httpd@latest:aarch64 image",
      ])
    #expect(path.total == 42)
    let text = PlanReport.text(plan, estimateSeconds: 42, path: path, verbose: false, color: false)
    #expect(
      text.contains(
        """
        critical path, 42 s
          42 s  //app/httpd@latest:aarch64  1 copy, 2 RUN make, image

        8 nodes
        """), "\(text)")
  }

  @Test("a plan without work has no chain")
  func noWork() throws {
    let world = World()
    try world.build()
    let plan = try world.plan()
    let path = PlanPath(plan, durations: [:])
    #expect(path.nodes.isEmpty && path.total == 0)
    #expect(
      PlanReport.dot(plan, path: path, verbose: false)
        == "digraph graph_plan {\n  rankdir=LR;\n  node [shape=box];\n}\n")
    #expect(
      !PlanReport.text(plan, estimateSeconds: 0, path: path, verbose: true, color: false).contains("critical")
    )
  }

  @Test("a picture of a plan fills what runs, dashes what waits, and thickens the longest chain")
  func picture() throws {
    var world = World()
    try world.build()
    world.page = "goodbye"
    let plan = try world.plan()
    let dot = PlanReport.dot(
      plan, path: PlanPath(plan, durations: ["//app/httpd@latest:x86_64 2 RUN make": 9]), verbose: false)
    for line in [
      "  \"//app/httpd@latest:aarch64 1 copy\" [style=filled, fillcolor=lightgreen, tooltip=\"1.0 s\"];",
      "  \"//app/httpd@latest:x86_64 2 RUN make\" [style=dashed, penwidth=3, tooltip=\"9.0 s\"];",
      "  \"//app/httpd@latest:x86_64 1 copy\" -> \"//app/httpd@latest:x86_64 2 RUN make\" [penwidth=3];",
      "  \"//app/httpd@latest:aarch64 1 copy\" -> \"//app/httpd@latest:aarch64 2 RUN make\";",
    ] {
      #expect(dot.contains(line + "\n"), "\(dot)")
    }
    #expect(!dot.contains("base/small"))
    #expect(PlanReport.dot(plan, path: PlanPath(plan, durations: [:]), verbose: true).contains("base/small"))
  }

  @Test("why: the chains of several nodes are one document")
  func why() throws {
    var world = World()
    try world.build()
    world.page = "goodbye"
    let plan = try world.plan()
    let reports = try world.roots.map { try WhyReport($0, plan: plan, history: world.history.store()) }
    let json = WhyReport.json(reports)
    try Self.check(
      json,
      """
      steps[].name steps[].label steps[].step steps[].depth steps[].finding steps[].pending steps[].waitsFor
      steps[].changes[].fact steps[].changes[].name steps[].changes[].old steps[].changes[].new
      steps[].changes[].origin steps[].changes[].madeBy steps[].run steps[].since steps[].outcome steps[].message
      """)
    #expect(json.split(separator: "\"depth\" : 0,").count == reports.count + 1)
  }

  @Test("runs, and one of them")
  func runs() throws {
    let world = try World.rebuilt { $0.page = "goodbye" }
    let store = try world.history.store()
    let run = """
      number time command outcome wallSeconds workspace snapshot jobs estimateSeconds counts.ran counts.cutOff
      counts.cached counts.found counts.failed counts.skipped counts.interrupted
      """.split(whereSeparator: \.isWhitespace)
    let rows = try store.runs(limit: 2).map { RunsReport.Row($0, outcomes: try store.outcomes(ofRun: $0.id)) }
    try Self.check(RunsReport.json(rows), run.map { "runs[].\($0)" }.joined(separator: " "))
    try Self.check(
      try RunReport(2, in: store).json(),
      run.map { "run.\($0)" }.joined(separator: " ") + " " + Self.difference + """
         wanted criticalPath.seconds criticalPath.nodes nodes[].run nodes[].time nodes[].node nodes[].outcome
        nodes[].reason nodes[].seconds nodes[].leaseSeconds nodes[].key nodes[].deepKey nodes[].rule
        nodes[].architecture nodes[].emulator nodes[].storedBytes nodes[].log nodes[].message nodes[].outputs[].name
        nodes[].outputs[].kind nodes[].outputs[].digest nodes[].outputs[].size
        """)
  }

  private static let difference = """
    causes[].kind causes[].changes[].fact causes[].changes[].name causes[].changes[].old causes[].changes[].new
    causes[].changes[].origin causes[].changes[].madeBy causes[].nodes causes[].behind added removed totals.changed
    totals.cascade totals.added totals.removed totals.notReproducible
    """

  @Test("diff: of runs, and of snapshots without a workspace")
  func diff() throws {
    let world = try World.rebuilt { $0.page = "goodbye" }
    let store = try world.history.store()
    let (old, new) = (try #require(try store.run(1)), try #require(try store.run(2)))
    let difference = try GraphDifference(
      from: GraphSide(asOf: 1, in: store), to: GraphSide(asOf: 2, in: store))
    let move = Listings.Move(kind: "git", subject: "u b", old: nil, new: "c")
    try Self.check(
      DifferenceReport(old, new, moves: [move], difference: difference).json(),
      "kind old new moves[].kind moves[].subject moves[].old moves[].new " + Self.difference)
    try Self.check(
      DifferenceReport(snapshots: "20260102_01", "20260102_02", moves: [move], difference: nil).json(),
      "kind old new moves[].kind causes added removed totals")
  }

  @Test("ls, snapshot show and diff, doctor")
  func listings() throws {
    let graph = World().graph
    try Self.check(
      Listings.labels(graph, graph.targets.keys.sorted()),
      """
      labels[].label labels[].kind labels[].package labels[].name labels[].tag labels[].architecture
      labels[].declaredAt
      """)
    try Self.check(Listings.snapshots(["20260102_01"]), "snapshots[].name")
    try Self.check(
      Listings.moves([.init(kind: "git", subject: "u b", old: nil, new: "c")]),
      "moves[].kind moves[].subject moves[].old moves[].new")
    try Self.check(
      Listings.findings([.init(verdict: "ok", subject: "s", detail: "d", remedy: nil)]),
      "findings[].verdict findings[].subject findings[].detail findings[].remedy")
  }

  static let query: QueryReport = {
    let items = [
      QueryGraph.Item(
        name: "//a/b@1:x86_64", label: try? Label("//a/b@1:x86_64"), kind: "image",
        location: GraphCore.SourceLocation(file: "index.d/a.yml", line: 3, column: 5)),
      QueryGraph.Item(name: "//a/\"c\"", label: try? Label("//a/c"), kind: "image"),
      QueryGraph.Item(name: "gone:1", label: nil, kind: QueryGraph.Item.dangling),
    ]
    let graph = QueryGraph(
      items: items,
      edges: [
        .init(from: 0, to: 1, origin: .declared), .init(from: 0, to: 2, origin: .all),
        .init(from: 1, to: 1, origin: .discovered),
      ], attributeNames: ["mail"], values: { item, _ in item == 0 ? ["a@example.org", "b\u{1b}[31m"] : [] })
    return QueryReport(graph, .init(items: [0, 1], isPath: false))
  }()

  @Test("query: items, edges and totals")
  func queryDocument() throws {
    try Self.check(
      Self.query.json(query: "//...", showing: ["mail"]),
      """
      query items[].name items[].label items[].step items[].kind items[].architecture items[].package items[].tag
      items[].declaredAt items[].attributes items[].attributes.mail edges[].from edges[].to edges[].declared
      edges[].discovered totals.items totals.edges totals.selfEdges totals.danglingEdges totals.circular totals.depths
      """)
  }

  @Test("query: text, counts and a picture; foreign text cannot steer a terminal")
  func queryTexts() {
    #expect(Self.query.text(showing: []) == "//a/b@1:x86_64\n//a/\"c\"\n")
    #expect(
      Self.query.text(showing: ["mail"]) == "//a/b@1:x86_64  a@example.org,b^[[31m\n//a/\"c\"         -\n")
    #expect(Self.query.count == "2\n")
    #expect(
      Self.query.summary()
        == "2 items\n3 edges: 1 to itself, 1 to what is not declared\ndepth 0: 1\ndepth 1: 1\n")
    #expect(
      Self.query.dot() == """
        digraph graph_query {
          rankdir=LR;
          node [shape=box];
          "//a/b@1:x86_64";
          "//a/\\"c\\"";
          "//a/b@1:x86_64" -> "//a/\\"c\\"" [style=dashed];
          "//a/b@1:x86_64" -> "gone:1";
          "//a/\\"c\\"" -> "//a/\\"c\\"" [style=dotted];
        }

        """)
  }

  @Test("inputs: what is read by several is listed once")
  func inputs() throws {
    let digest = Digest(ofText: "hello")
    let inputs = GraphInputs(
      [
        GraphInput(
          .tool, "sh", digest: digest.hex, size: 5, facts: [.init("path", "/bin/sh")], readers: ["x"]),
        GraphInput(.file, "a/b", digest: digest.hex, size: 5, readers: ["x"]),
        GraphInput(.file, "a/b", digest: digest.hex, size: 5, readers: ["y", "x"]),
        GraphInput(.commit, "u", digest: "c0ffee", size: nil, readers: ["//a/b"]),
      ], unknownLocks: ["//a/b 2 lock"])
    let report = InputsReport(inputs)
    try Self.check(
      report.json(),
      """
      inputs[].kind inputs[].name inputs[].digest inputs[].size inputs[].facts inputs[].facts.path inputs[].readBy
      unknownLocks
      """)
    #expect(
      report.text(verbose: false, color: false) == """
        files of the workspace (1)
          \(digest.short)  a/b  x and 1 more

        commits (1)
          c0ffee  u  //a/b

        programs of the host (1)
          \(digest.short)  sh  x

        the packages of //a/b 2 lock are not known: it is not in the store
        3 inputs

        """)
    #expect(report.text(verbose: true, color: false).contains("    read by x\n    read by y\n"))
  }

  @Test("show: YAML whose comments say where each value was written")
  func declaration() throws {
    func value(_ content: DeclaredValue.Content, _ line: Int?) -> DeclaredValue {
      DeclaredValue(
        content, at: line.map { GraphCore.SourceLocation(file: "graph.d/x.yml", line: $0, column: 3) })
    }
    let declaration = TargetDeclaration(
      try Label("//tools/hello"), kind: "command",
      sections: [
        .init(
          "command", at: GraphCore.SourceLocation(file: "graph.d/x.yml", line: 1, column: 5),
          [
            .init("name", value(.text("//tools/hello"), 1)), .init("root", value(.text("a: b\n\u{7}\"#"), 2)),
            .init("cmd", value(.list([value(.text("null"), 3), value(.text("-x"), 4)]), 3)),
            .init("env", value(.mapping([.init("A B", value(.text(""), 5))]), 5)),
            .init("tools", value(.list([]), 6)), .init("fetch", value(.nothing, 7)),
            .init("timeout", value(.text("3600"), nil)),
          ])
      ])
    let report = DeclarationReport([declaration])
    #expect(
      report.text() == """
        # //tools/hello: command
        command:                       # graph.d/x.yml:1:5
          name: //tools/hello          # graph.d/x.yml:1:3
          root: "a: b\\n\\U00000007\\"#"  # graph.d/x.yml:2:3
          cmd:
            - "null"                   # graph.d/x.yml:3:3
            - "-x"                     # graph.d/x.yml:4:3
          env:
            "A B": ""                  # graph.d/x.yml:5:3
          tools: []                    # graph.d/x.yml:6:3
          fetch: null                  # graph.d/x.yml:7:3
          timeout: 3600                # default

        """, "\(report.text())")
    try Self.check(
      report.json(),
      """
      targets[].label targets[].kind targets[].sections[].name targets[].sections[].location
      targets[].sections[].values[].path targets[].sections[].values[].value targets[].sections[].values[].location
      targets[].sections[].values[].default
      """)
  }
}
