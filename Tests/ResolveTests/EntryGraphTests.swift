import GraphCore
import Manifests
import Testing

@testable import Resolve

@Suite("edges between entries")
struct EntryGraphTests {
  /// Entries `app/NAME`, with what they depend on and what their Dockerfile names.
  static func world(_ entries: [(name: String, parents: String, from: String)]) throws -> World {
    var files = ["graph.yml": "name: demo\narches: [x86_64, aarch64]\n", "index.d/app.yml": "Projects:\n"]
    for (number, item) in entries.enumerated() {
      files["index.d/app.yml", default: ""] += entry("app", item.name, id: number + 1, parents: item.parents)
      files["\(item.name)/Dockerfile"] = "FROM \(item.from)\n"
      files["\(item.name)/cccp.yml"] = "job-id: \(item.name)\n"
    }
    return try World(files)
  }

  static func graph(_ entries: [(name: String, parents: String, from: String)]) async throws -> EntryGraph {
    let (resolved, problems) = try await world(entries).resolve()
    try #require(problems == [])
    return resolved.entryGraph
  }

  func paths(_ graph: EntryGraph) -> [[String]] {
    graph.shortestCycles.map { $0.map(\.child.name) }
  }

  @Test("declared and discovered edges, each once, and what they lead to")
  func edges() async throws {
    let graph = try await Self.graph([
      ("a", "null", "scratch"), ("b", "[app/a:latest, app/a, gone/x:1]", "app/a"),
      ("c", "app/c:latest", "app/b"),
    ])
    let shown = graph.edges.map { "\($0.child.name) \($0.origin) \($0.parent)" }
    #expect(
      shown == [
        "a discovered scratch", "b declared target(//app/a@latest)", "b declared missing(\"gone/x:1\")",
        "b discovered target(//app/a@latest)", "c declared target(//app/c@latest)",
        "c discovered target(//app/b@latest)",
      ])
    #expect(graph.edges.filter(\.isSelf).map(\.child.name) == ["c"])
    #expect(graph.parentsFirst.map(\.name) == ["a", "b", "c"])
    let depths = Dictionary(uniqueKeysWithValues: graph.depths.map { ($0.key.name, $0.value) })
    #expect(depths == ["a": 0, "b": 1, "c": 2])
    #expect(graph.dependants(of: try Label("//app/a@latest")).map(\.name).sorted() == ["b", "c"])
    #expect(paths(graph) == [])
  }

  @Test("the shortest cycle of each group, over both kinds of edges, with its lines")
  func cycles() async throws {
    let graph = try await Self.graph([
      // A long way round and a short one through the same entries, a group of its own, and what only stands on them.
      ("a", "app/b:latest", "scratch"), ("b", "app/c:latest", "scratch"), ("c", "null", "app/d"),
      ("d", "[app/a:latest, app/c:latest]", "scratch"), ("e", "app/f", "scratch"), ("f", "null", "app/e"),
      ("g", "app/a", "app/f"), ("h", "null", "app/h"),
    ])
    #expect(paths(graph) == [["c", "d"], ["e", "f"], ["h"]])
    #expect(graph.inCycles.map(\.name).sorted() == ["a", "b", "c", "d", "e", "f", "h"])
    #expect(
      graph.cycleDiagnostics.map {
        "\($0.location.map(\.description) ?? "") \($0.message) | \($0.hint ?? "")"
      } == [
        "index.d/app.yml:41:32 these targets need each other: //app/c@latest -> //app/d@latest -> //app/c@latest"
          + " | remove one of: c/Dockerfile:1:6 names //app/d@latest; index.d/app.yml:41:32 names //app/c@latest",
        "f/Dockerfile:1:6 these targets need each other: //app/e@latest -> //app/f@latest -> //app/e@latest"
          + " | remove one of: index.d/app.yml:51:17 names //app/f@latest; f/Dockerfile:1:6 names //app/e@latest",
        "h/Dockerfile:1:6 these targets need each other: //app/h@latest -> //app/h@latest"
          + " | remove one of: h/Dockerfile:1:6 names //app/h@latest",
      ])
  }

  @Test("a chain and a circle of thousands of entries cost no stack and little time")
  func long() throws {
    let count = 5000
    var text = "Projects:\n"
    for number in 0..<count {
      text += entry("app", "n\(number)", id: number + 1, parents: "app/n\((number + 1) % count):latest")
    }
    let index = Array(text.utf8)
    let files = FileSystem(
      kind: { _ in .file }, resolved: { $0 }, names: { $0.hasSuffix("index.d") ? ["app.yml"] : [] },
      contents: { $0.hasSuffix("graph.yml") ? Array("name: d\narches: [x86_64]\n".utf8) : index })
    var workspace = try #require(WorkspaceLoader(files: files).load(root: "/w").0)
    let clock = ContinuousClock()
    let taken = clock.measure {
      let circle = EntryGraph(workspace, names: ImageNames(workspace))
      #expect(circle.shortestCycles.map(\.count) == [count])
      #expect((circle.cycleDiagnostics.first?.message.count ?? 0) < 1000)
      workspace.images.removeLast()
      let chain = EntryGraph(workspace, names: ImageNames(workspace))
      #expect(chain.shortestCycles.isEmpty)
      #expect(chain.depths.values.max() == count - 2)
    }
    #expect(taken < .seconds(60))
  }
}
