import FoundationEssentials
import GraphCore
import Testing

@testable import Report

@Suite("plan report")
struct PlanReportTests {
  private func text(_ plan: Plan, verbose: Bool = false, color: Bool = false) -> String {
    PlanReport.text(plan, estimateSeconds: 12, verbose: verbose, color: color)
  }

  @Test("a first plan names what is new and starts the work, and lists every node")
  func first() throws {
    check(
      text(try World().plan()),
      """
      root causes
        new
          //base/small:aarch64 packages
          //app/httpd@latest:aarch64 1 copy
          //base/small:x86_64 packages
          //app/httpd@latest:x86_64 1 copy
          and 4 nodes that wait for them: 4 run

      nodes
        run      install  aarch64  //base/small:aarch64 packages                   new
        run      copy     aarch64  //app/httpd@latest:aarch64 1 copy               new
        pending  run      aarch64  //app/httpd@latest:aarch64 2 RUN make (opaque)  new
        pending  image    aarch64  //app/httpd@latest:aarch64 image                new
        run      install  x86_64   //base/small:x86_64 packages                    new
        run      copy     x86_64   //app/httpd@latest:x86_64 1 copy                new
        pending  run      x86_64   //app/httpd@latest:x86_64 2 RUN make (opaque)   new
        pending  image    x86_64   //app/httpd@latest:x86_64 image                 new

      8 nodes: 0 cached, 4 run, 4 pending; about 12 s

      """)
  }

  @Test("one edited file is one root cause, whatever the number of architectures, and its cascade is counted")
  func editedFile() throws {
    var world = World()
    try world.build()
    world.page = "goodbye"
    check(
      text(try world.plan()),
      """
      root causes
        input source/index.html (app/httpd/index.html): «hello» -> «goodbye»
          //app/httpd@latest:aarch64 1 copy
          //app/httpd@latest:x86_64 1 copy
          and 4 nodes that wait for them: up to 4 run unless cut off

      nodes
        run      copy   aarch64  //app/httpd@latest:aarch64 1 copy               changed: input source/index.html
        pending  run    aarch64  //app/httpd@latest:aarch64 2 RUN make (opaque)  waits for //app/httpd@latest:aarch64 1 copy
        pending  image  aarch64  //app/httpd@latest:aarch64 image                waits for //app/httpd@latest:aarch64 2 RUN make
        run      copy   x86_64   //app/httpd@latest:x86_64 1 copy                changed: input source/index.html
        pending  run    x86_64   //app/httpd@latest:x86_64 2 RUN make (opaque)   waits for //app/httpd@latest:x86_64 1 copy
        pending  image  x86_64   //app/httpd@latest:x86_64 image                 waits for //app/httpd@latest:x86_64 2 RUN make

      8 nodes: 2 cached, 2 run, 4 pending; about 12 s

      """)
  }

  @Test("changed arguments and variables show both values; what waits is told apart from what surely runs")
  func arguments() throws {
    var world = World()
    try world.build()
    world.packages = "httpd php"
    world.language = "C"
    check(
      text(try world.plan()),
      """
      root causes
        argument packages: 'httpd mod_ssl' -> 'httpd php'
          //base/small:aarch64 packages
          //base/small:x86_64 packages
          and 4 nodes that wait for them: 2 run, up to 2 more unless cut off
        environment LANG: 'C.UTF-8' -> 'C'
          //app/httpd@latest:aarch64 2 RUN make
          //app/httpd@latest:x86_64 2 RUN make
          and 2 nodes that wait for them: up to 2 run unless cut off

      nodes
        run      install  aarch64  //base/small:aarch64 packages                   changed: argument packages
        pending  run      aarch64  //app/httpd@latest:aarch64 2 RUN make (opaque)  changed: environment LANG
        pending  image    aarch64  //app/httpd@latest:aarch64 image                waits for //app/httpd@latest:aarch64 2 RUN make
        run      install  x86_64   //base/small:x86_64 packages                    changed: argument packages
        pending  run      x86_64   //app/httpd@latest:x86_64 2 RUN make (opaque)   changed: environment LANG
        pending  image    x86_64   //app/httpd@latest:x86_64 image                 waits for //app/httpd@latest:x86_64 2 RUN make

      8 nodes: 2 cached, 2 run, 4 pending; about 12 s

      """)
  }

  @Test("a forced node and one whose result was lost say so")
  func lostAndForced() throws {
    let world = World()
    try world.build()
    let image = world.node("//app/httpd@latest:x86_64 image")
    let plan = try world.plan()
    #expect(plan[image] == .cached)
    for artifact in try plan.result(of: image).outputs.values { try world.cache.forget(artifact.digest) }
    check(
      text(try world.plan(forced: [world.node("//app/httpd@latest:aarch64 image")])),
      """
      root causes
        forced
          //app/httpd@latest:aarch64 image
        lost from the store
          //app/httpd@latest:x86_64 image

      nodes
        run  image  aarch64  //app/httpd@latest:aarch64 image  forced
        run  image  x86_64   //app/httpd@latest:x86_64 image   lost from the store

      8 nodes: 2 cached, 4 not needed, 2 run, 0 pending; about 12 s

      """)
  }

  @Test("nothing to do is one line; the verbose form lists what is up to date")
  func nothing() throws {
    let world = World()
    try world.build()
    #expect(text(try world.plan()) == "nothing to do: 8 nodes are up to date\n")
    check(
      text(try world.plan(), verbose: true),
      """
      nodes
        cached  image  aarch64  //app/httpd@latest:aarch64 image
        cached  image  x86_64   //app/httpd@latest:x86_64 image

      nothing to do: 8 nodes are up to date

      """)
  }

  @Test("colour changes nothing but colour")
  func color() throws {
    var world = World()
    try world.build()
    world.page = "goodbye"
    let plain = text(try world.plan())
    let colored = text(try world.plan(), color: true)
    #expect(colored != plain)
    #expect(LogText.sanitized(Array(colored.utf8), color: false) == plain)
  }

  @Test("the document has the documented members, sorted, and is the same for the same plan")
  func json() throws {
    var world = World()
    try world.build()
    world.page = "goodbye"
    let json = PlanReport.json(try world.plan(), estimateSeconds: 2.5)
    #expect(json == PlanReport.json(try world.plan(), estimateSeconds: 2.5))
    let document = try JSONDecoder().decode(Document.self, from: Data(json.utf8))
    #expect(document.schema == 1)
    #expect(
      document.totals
        == ["nodes": 8, "cached": 2, "unneeded": 0, "run": 2, "pending": 4, "estimateSeconds": 2.5])
    #expect(document.rootCauses == ["//app/httpd@latest:aarch64 1 copy", "//app/httpd@latest:x86_64 1 copy"])
    let copy = try #require(document.nodes.first { $0.name == "//app/httpd@latest:x86_64 1 copy" })
    #expect(
      copy.decision == "run" && copy.rule == "copy@1" && copy.architecture == "x86_64"
        && copy.key?.count == 64)
    #expect(copy.reason?.kind == "changed" && copy.reason?.waitsFor == [])
    #expect(
      copy.reason?.changes == [
        Document.Change(
          fact: "input", name: "source/index.html", old: "blob \(Digest(ofText: "hello"))",
          new: "blob \(Digest(ofText: "goodbye"))", origin: "app/httpd/index.html", madeBy: nil)
      ])
    let make = try #require(document.nodes.first { $0.name == "//app/httpd@latest:x86_64 2 RUN make" })
    #expect(make.decision == "pending" && make.opaque && make.key == nil)
    #expect(make.reason?.kind == "cascade" && make.reason?.waitsFor == [copy.name])
    let base = try #require(document.nodes.first { $0.name == "//base/small:x86_64 packages" })
    #expect(base.decision == "cached" && base.reason == nil)
  }

  @Test("what may depend on a cache is marked in the text and in the document")
  func caches() throws {
    var world = World()
    func marked() throws -> Set<String> {
      let json = PlanReport.json(try world.plan(), estimateSeconds: 0)
      let document = try JSONDecoder().decode(Document.self, from: Data(json.utf8))
      return Set(document.nodes.filter(\.cache).map(\.step))
    }
    #expect(try marked() == [])
    #expect(!text(try world.plan()).contains("cache)"))
    world.mounts = [.init(target: "/root/.cache", .cache(.init(id: "pip")))]
    #expect(try marked() == ["2 RUN make"])
    #expect(text(try world.plan()).contains("2 RUN make (opaque, cache)"))
    try world.build()
    world.mounts[0].target = "/c"
    #expect(text(try world.plan()).contains("mount /c: new, cache rw pip"))
  }

  struct Document: Decodable {
    var schema: Int
    var totals: [String: Double]
    var nodes: [Node]
    var rootCauses: [String]

    struct Node: Decodable {
      var name: String
      var label: String
      var step: String
      var rule: String
      var architecture: String?
      var decision: String
      var opaque: Bool
      var cache: Bool
      var key: String?
      var reason: Reason?
    }

    struct Reason: Decodable {
      var kind: String
      var changes: [Change]
      var waitsFor: [String]
    }

    struct Change: Decodable, Equatable {
      var fact: String
      var name: String
      var old: String?
      var new: String?
      var origin: String?
      var madeBy: String?
    }
  }

  @Test("members without a value are null, never left out")
  func nulls() {
    let value = JSONValue.object([
      "b": .null, "a": .number(.nan), "c": .array([.boolean(true), .integer(3)]),
    ])
    #expect(
      value.document == """
        {
          "a" : null,
          "b" : null,
          "c" : [
            true,
            3
          ]
        }

        """)
  }

  @Test(
    "long lists of words show what was added and removed",
    arguments: [
      (
        (1...40).map { "package\($0)" }, (2...41).map { "package\($0)" },
        "-package1 +package41 (40 -> 40 words)"
      ),
      (
        (1...40).map { "package\($0)" }, (1...40).map { "package\($0)" }.reversed(),
        "the same 40 words, in another order"
      ),
    ])
  func words(old: [String], new: [String], expected: String) {
    let change = PreimageDifference.Change(
      fact: "argument", name: "packages", old: old.joined(separator: " "), new: new.joined(separator: " "))
    #expect(FactChange(change, from: nil, title: { $0 }).line == "argument packages: " + expected)
  }
}
