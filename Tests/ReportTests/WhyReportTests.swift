import FoundationEssentials
import GraphCore
import Store
import Testing

@testable import Report

@Suite("why")
struct WhyReportTests {
  private let image = "//app/httpd@latest:x86_64 image"
  private let copy = "//app/httpd@latest:x86_64 1 copy"

  private func why(_ name: String, _ world: World) throws -> String {
    try WhyReport(world.node(name), plan: world.plan(), history: world.history.store()).text(color: false)
  }

  @Test("a pending node leads to the fact that was changed")
  func pending() throws {
    var world = World()
    try world.build()
    world.page = "goodbye"
    world.language = "C"
    check(
      try why(image, world),
      """
      //app/httpd@latest:x86_64 image is pending: nothing of its own changed, it runs if what it reads comes out different
        waits for //app/httpd@latest:x86_64 2 RUN make
        //app/httpd@latest:x86_64 2 RUN make is pending because
          environment LANG: 'C.UTF-8' -> 'C'  <- changed here
          waits for //app/httpd@latest:x86_64 1 copy
          //app/httpd@latest:x86_64 1 copy runs because
            input source/index.html (app/httpd/index.html): «hello» -> «goodbye»  <- changed here

      """)
  }

  @Test("a node that runs because another one's output changed leads on to that one's last run")
  func runs() throws {
    var world = World()
    try world.build()
    world.page = "goodbye"
    // As after a run in which the image failed.
    try world.build { $0 != image }
    check(
      try why(image, world),
      """
      //app/httpd@latest:x86_64 image runs because
        input layer/00: #1 -> #2, made by //app/httpd@latest:x86_64 2 RUN make
        //app/httpd@latest:x86_64 2 RUN make is up to date; it last ran in run 2 (2026-01-02T01:00:00Z) because
          input layer/01: #3 -> #4, made by //app/httpd@latest:x86_64 1 copy
          //app/httpd@latest:x86_64 1 copy is up to date; it last ran in run 2 (2026-01-02T01:00:00Z) because
            input source/index.html (app/httpd/index.html): «hello» -> «goodbye»  <- changed here

      """)
  }

  @Test("an up-to-date node explains its last run, through every node down to the leaf")
  func upToDate() throws {
    let world = try World.rebuilt {
      $0.page = "goodbye"
      $0.packages = "httpd php"
    }
    // A later run in which nothing changed has the same keys, and does not hide the reason.
    try world.build()
    check(
      try why(image, world),
      """
      //app/httpd@latest:x86_64 image is up to date; it last ran in run 2 (2026-01-02T01:00:00Z) because
        input layer/00: #1 -> #2, made by //app/httpd@latest:x86_64 2 RUN make
        //app/httpd@latest:x86_64 2 RUN make is up to date; it last ran in run 2 (2026-01-02T01:00:00Z) because
          input layer/00: #3 -> #4, made by //base/small:x86_64 packages
          input layer/01: #5 -> #6, made by //app/httpd@latest:x86_64 1 copy
          //base/small:x86_64 packages is up to date; it last ran in run 2 (2026-01-02T01:00:00Z) because
            argument packages: 'httpd mod_ssl' -> 'httpd php'  <- changed here
          //app/httpd@latest:x86_64 1 copy is up to date; it last ran in run 2 (2026-01-02T01:00:00Z) because
            input source/index.html (app/httpd/index.html): «hello» -> «goodbye»  <- changed here

      """)
  }

  @Test("each input is followed to the run that made it, not to a later one")
  func laterRun() throws {
    var world = try World.rebuilt { $0.page = "two" }
    // The third page gives the same layer as the second: the image's last reason is still the second page.
    world.copyOutput = "\(try world.plan().key(world.node(copy))?.description ?? "")"
    world.page = "three"
    try world.build()
    check(
      try why(image, world),
      """
      //app/httpd@latest:x86_64 image is up to date; it last ran in run 2 (2026-01-02T01:00:00Z) because
        input layer/00: #1 -> #2, made by //app/httpd@latest:x86_64 2 RUN make
        //app/httpd@latest:x86_64 2 RUN make is up to date; it last ran in run 2 (2026-01-02T01:00:00Z) because
          input layer/01: #3 -> #4, made by //app/httpd@latest:x86_64 1 copy
          //app/httpd@latest:x86_64 1 copy is up to date; it last ran in run 2 (2026-01-02T01:00:00Z) because
            input source/index.html (app/httpd/index.html): «hello» -> «two»  <- changed here

      """)
  }

  @Test("the same action with another output is called not reproducible")
  func notReproducible() throws {
    let world = try World.rebuilt { $0.copyOutput = "another" }
    check(
      try why("//app/httpd@latest:x86_64 2 RUN make", world),
      """
      //app/httpd@latest:x86_64 2 RUN make is up to date; it last ran in run 2 (2026-01-02T01:00:00Z) because
        input layer/01: #1 -> #2, made by //app/httpd@latest:x86_64 1 copy
        //app/httpd@latest:x86_64 1 copy is up to date; the same action made another 'layer' than before in run 2 (2026-01-02T01:00:00Z): it is not reproducible

      """)
  }

  @Test("results that are gone are explained by how they came to be, through every node down to the leaf")
  func collected() throws {
    let world = try World.rebuilt { $0.page = "goodbye" }
    for record in try world.history.store().results(upTo: 2).values {
      for artifact in record.outputs.values { try world.cache.forget(artifact.digest) }
    }
    check(
      try why(image, world),
      """
      //app/httpd@latest:x86_64 image is pending: the store no longer has the result that it had; it last ran in run 2 (2026-01-02T01:00:00Z) because
        input layer/00: #1 -> #2, made by //app/httpd@latest:x86_64 2 RUN make
        //app/httpd@latest:x86_64 2 RUN make is pending: the store no longer has the result that it had; it last ran in run 2 (2026-01-02T01:00:00Z) because
          input layer/01: #3 -> #4, made by //app/httpd@latest:x86_64 1 copy
          //app/httpd@latest:x86_64 1 copy runs: the store no longer has the result that it had; it last ran in run 2 (2026-01-02T01:00:00Z) because
            input source/index.html (app/httpd/index.html): «hello» -> «goodbye»  <- changed here

      """)
  }

  @Test("nodes without history, new ones and unneeded ones say so")
  func edges() throws {
    let world = World()
    #expect(try why(copy, world) == "\(copy) runs: it never had a result\n")
    try world.build()
    #expect(
      try why(copy, world)
        == "\(copy) is up to date; it ran once, when it was new in run 1 (2026-01-02T00:00:00Z)\n")
    let onlyArm = try Planner(graph: world.graph, cache: world.cache).plan([world.roots[0]])
    #expect(
      try WhyReport(world.node(copy), plan: onlyArm, history: world.history.store()).text(color: false)
        == "\(copy): nothing that was asked for needs it\n")
    #expect(
      try WhyReport(world.node(image), plan: onlyArm, history: TestHistory().store()).text(color: false)
        == "\(image): nothing that was asked for needs it\n")
  }

  @Test(
    "a label is the node that delivers it, a step of it the node of that name; else what there is is named")
  func names() throws {
    let graph = World().graph
    let label = try Label("//app/httpd@latest:x86_64")
    #expect(graph[try WhyReport.node(label, step: nil, in: graph)].name == image)
    #expect(graph[try WhyReport.node(label, step: "1 copy", in: graph)].name == copy)
    func hint(_ text: String, _ step: String?) throws -> String? {
      let label = try Label(text)
      return #expect(throws: GraphError.self) { try WhyReport.node(label, step: step, in: graph) }?.hint
    }
    #expect(try hint("//app/htpd@latest:x86_64", nil) == "did you mean '//app/httpd@latest:x86_64'?")
    #expect(try hint("\(label)", "copy") == "its steps are '1 copy', '2 RUN make', 'image'")
  }

  @Test("the document has the steps of the text")
  func json() throws {
    var world = World()
    try world.build()
    world.page = "goodbye"
    let report = try WhyReport(world.node(image), plan: world.plan(), history: world.history.store())
    let document = try JSONDecoder().decode(Document.self, from: Data(report.json().utf8))
    #expect(document.schema == 1)
    #expect(document.steps.map(\.finding) == ["cascade", "cascade", "changed"])
    #expect(document.steps.map(\.depth) == [0, 1, 2])
    #expect(document.steps.map(\.pending) == [true, true, false])
    #expect(document.steps.last?.name == copy)
    #expect(document.steps.last?.changes.map(\.origin) == ["app/httpd/index.html"])
    #expect(document.steps.first?.waitsFor == ["//app/httpd@latest:x86_64 2 RUN make"])
  }

  struct Document: Decodable {
    var schema: Int
    var steps: [Step]
    struct Step: Decodable {
      var name: String
      var depth: Int
      var finding: String
      var pending: Bool
      var changes: [PlanReportTests.Document.Change]
      var waitsFor: [String]
    }
  }
}
