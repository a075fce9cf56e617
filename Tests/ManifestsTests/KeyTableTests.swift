import GraphCore
import Testing

@testable import Manifests

/// The tables that editors, `show` and queries use, held against the readers: a reader says which keys it knows when it
/// meets one that it does not.
@Suite("tables of keys")
struct KeyTableTests {
  private static let graph = "name: x\narches: [x86_64]\n"

  /// The keys that the message about an unknown key lists.
  private static func known(_ diagnostics: Diagnostics) throws -> [String] {
    let message = try #require(
      diagnostics.all.first { $0.message.hasPrefix("unknown key 'zzzzzzzzzz'") }, "\(diagnostics.all)")
    let list = try #require(
      message.hint?.firstRange(of: "known keys: ").map { message.hint?[$0.upperBound...] ?? "" })
    return list.split(separator: ",").map { String($0.drop { $0 == " " }) }
  }

  private static func load(_ files: [String: String]) throws -> Diagnostics {
    let disk = FileSystem(
      kind: { path in
        let name = String(path.dropFirst(3))
        if files[name] != nil { return .file }
        return files.keys.contains { $0.hasPrefix(name + "/") } || path == "/w" ? .folder : nil
      }, resolved: { $0 },
      names: { folder in
        files.keys.filter { $0.hasPrefix(folder.dropFirst(3) + "/") }.map {
          String($0.dropFirst(folder.count - 2))
        }
      }, contents: { path in files[String(path.dropFirst(3))].map { Array($0.utf8) } })
    return WorkspaceLoader(files: disk).load(root: "/w").1
  }

  @Test("every key that a reader knows is in its table, and no other")
  func tables() throws {
    let unknown = "zzzzzzzzzz: 1"
    let cases: [(files: [String: String], table: ManifestMapping)] = [
      (["graph.yml": Self.graph + unknown], .settings),
      (["graph.yml": Self.graph + "registries: {a.b: {\(unknown)}}\n"], .registry),
      (["graph.yml": Self.graph + "policy: {\(unknown)}\n"], .policy),
      (["graph.yml": Self.graph, "index.d/a.yml": unknown], .indexFile),
      (["graph.yml": Self.graph, "index.d/a.yml": "Projects:\n  - \(unknown)\n"], .indexEntry),
      (["graph.yml": Self.graph, "graph.d/a.yml": unknown], .targetsFile),
      (
        ["graph.yml": Self.graph, "graph.d/a.yml": "commands:\n  - inputs: {a: {\(unknown)}}\n"],
        .labelInput
      ),
      (["graph.yml": Self.graph, "graph.d/a.yml": "commands:\n  - fetch: {\(unknown)}\n"], .fetch),
    ]
    for (files, table) in cases {
      #expect(try Self.known(Self.load(files)).sorted() == table.keys.map(\.name).sorted(), "\(table.title)")
    }
    for (list, table) in ManifestMapping.targetLists {
      let files = ["graph.yml": Self.graph, "graph.d/a.yml": "\(list):\n  - \(unknown)\n"]
      #expect(try Self.known(Self.load(files)).sorted() == table.keys.map(\.name).sorted(), "\(list)")
    }
    let pipeline = CCCPReader.read(Array("job-id: x\n\(unknown)\n".utf8), file: "cccp.yml").1
    let upstream = CCCPReader.read(Array("job-id: x\nupstreams: [{\(unknown)}]\n".utf8), file: "cccp.yml").1
    #expect(try Self.known(upstream).sorted() == ManifestMapping.upstream.keys.map(\.name).sorted())
    let container = ContainerReader.read(Array(unknown.utf8), file: "container.yaml").1
    #expect(try Self.known(container).sorted() == ManifestMapping.container.keys.map(\.name).sorted())
    #expect(try Self.known(pipeline).sorted() == ManifestMapping.pipeline.keys.map(\.name).sorted())
  }

  @Test("keys that are accepted and mean nothing are in the tables")
  func ignored() throws {
    let text = "job-id: x\ndesired-tag: 1\nUpstreams: []\n"
    #expect(ManifestMapping.pipeline.ignored == ["desired-tag", "Upstreams"])
    #expect(CCCPReader.read(Array(text.utf8), file: "cccp.yml").1.all.isEmpty)
    let entry = "Projects:\n  - build_context: x\n"
    let messages = try Self.load(["graph.yml": Self.graph, "index.d/a.yml": entry]).all.map(\.message)
    #expect(ManifestMapping.indexEntry.ignored == ["build_context"])
    #expect(!messages.contains { $0.hasPrefix("unknown key") })
  }

  @Test("every required key is missed by its reader, and no other")
  func required() throws {
    let lists = ManifestMapping.targetLists.map { ("graph.d/a.yml", "\($0.key):\n  - {}\n", $0.value) }
    let cases: [(String, String, ManifestMapping)] =
      lists + [
        ("graph.yml", "{}\n", .settings), ("index.d/a.yml", "Projects:\n  - {}\n", .indexEntry),
      ]
    for (file, text, table) in cases {
      let messages = try Self.load(["graph.yml": Self.graph].merging([file: text]) { $1 }).all.map(\.message)
      for key in table.keys {
        let isMissed = messages.contains { $0.hasSuffix(" has no '\(key.name)'") }
        #expect(isMissed == key.isRequired, "\(key.name) of \(table.title): \(messages)")
      }
    }
  }
}
