import GraphCore
import Testing

@testable import Rules

@Suite("rm -rf without a shell")
struct RemovePathsTests {
  private static let lower: [Layer.Entry] = [
    .init(path: "link", content: .symlink(target: "var/cache"), mode: 0o777),
    .init(path: "var/cache", content: .directory, mode: 0o711, owner: 7),
    .init(path: "var/cache/.hidden", content: .file(Digest(ofText: "h")), mode: 0o644),
    .init(path: "var/cache/dnf", content: .directory, mode: 0o755),
    .init(path: "var/cache/dnf/a", content: .file(Digest(ofText: "a")), mode: 0o644),
    .init(path: "var/cache/yum", content: .symlink(target: "dnf"), mode: 0o777),
    .init(path: "loop", content: .symlink(target: "loop"), mode: 0o777),
  ]

  @Test(
    "what is there is taken away, links as links, and what is not is nothing",
    arguments: [
      (["/var/cache/dnf"], ["var/cache/dnf"]), (["/var/cache/yum"], ["var/cache/yum"]),
      (["/var/cache/*"], ["var/cache/dnf", "var/cache/yum"]), (["/link/dnf/*"], ["var/cache/dnf/a"]),
      (["/link/dnf", "/var/cache/dnf/a"], ["var/cache/dnf"]), (["/var/cache"], ["var/cache"]),
      (["/var/cache/yum/*"], ["var/cache/dnf/a"]),
      (["/nothing/here", "/var/cache/none", "/none/*", "/loop/x"], []),
    ])
  func removed(paths: [String], gone: [String]) async throws {
    let store = MemoryBlobs()
    let action = Action(
      rule: RemovePathsOperation.rule, arguments: [.init("paths", paths)],
      inputs: [Input("layer/00", .leaf(.text("", origin: "test")))], outputs: [.init("layer", .layer)])
    let task = ActionTask(
      node: Node(label: try Label("//app/x"), step: "remove", action: action),
      key: Key(digest: Digest(ofText: "")), inputs: [try store.write(Layer(entries: Self.lower), as: .layer)])
    let output = try #require(try await RemovePathsOperation().run(task, store: store)["layer"])
    let entries = try store.readLayer(output).entries
    #expect(entries.filter { $0.content == .whiteout }.map(\.path) == gone)
    // Folders on the way stay as they are.
    for entry in entries where entry.content == .directory && entry.path == "var/cache" {
      #expect(entry.mode == 0o711 && entry.owner == 7)
    }
    #expect(gone.isEmpty == entries.isEmpty)
  }
}
