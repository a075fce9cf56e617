import GraphCore
import Testing

@testable import Manifests

/// The published index, as it is, beside a `graph.yml` of two lines. Its counts were taken with another reader.
@Suite("the real container index")
struct CorpusTests {
  private struct Overlay {
    let files: FileSystem
    let root: String
  }

  /// The corpus with a `graph.yml` that exists only here; `nil` where there is no corpus.
  private static let overlay: Overlay? = {
    let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let disk = FileSystem.disk
    guard let root = disk.resolved("/\(package)/../shared/corpus/container-index") else {
      print("skipped: no corpus")
      return nil
    }
    let graph = root + "/graph.yml"
    let files = FileSystem(
      kind: { $0 == graph ? .file : disk.kind($0) }, resolved: disk.resolved, names: disk.names,
      contents: { $0 == graph ? Array(settings.utf8) : disk.contents($0) })
    return Overlay(files: files, root: root)
  }()

  @Test("every entry is read, and nothing is wrong but one legacy key")
  func entries() throws {
    guard let overlay = Self.overlay else { return }
    let (loaded, diagnostics) = WorkspaceLoader(files: overlay.files).load(root: overlay.root)
    let workspace = try #require(loaded)
    #expect(
      texts(diagnostics).map { $0.split(separator: ":", maxSplits: 3).last.map(String.init) } == [
        " warning: 'build_context' has never had an effect | remove it: 'build-context' is there too"
      ])
    #expect(workspace.images.count == 205)
    #expect(Set(workspace.images.map(\.location.file)).count == 33)
    #expect(Set(workspace.images.map(\.label)).count == 205)
    #expect(workspace.images.reduce(0) { $0 + $1.dependsOn.count } == 186)
    #expect(workspace.images.count { $0.dependsOn.isEmpty } == 20)
    #expect(workspace.images.count { $0.prebuildScript != nil } == 6)
    #expect(workspace.images.count { $0.gitPath.value.hasPrefix("/") } == 61)
    #expect(workspace.images.count { $0.buildContext.value == "../../" } == 4)
    #expect(workspace.images.count { $0.targetFile.value == "Dockerfile" } == 175)
  }

  @Test("depends-on is a text, a list or null")
  func dependencyForms() throws {
    guard let overlay = Self.overlay else { return }
    var (strings, lists, nulls) = (0, 0, 0)
    for name in overlay.files.names(overlay.root + "/index.d") ?? [] where !name.contains("index_template") {
      let bytes = try #require(overlay.files.contents("\(overlay.root)/index.d/\(name)"))
      let document = try #require(ManifestFile.open(bytes, file: name).document)
      for entry in document.root?.pairs.first?.value.elements ?? [] {
        let value = try #require(entry.pairs.first { $0.key.text == "depends-on" }?.value)
        if value.kind == .list { lists += 1 } else if value.isNull { nulls += 1 } else { strings += 1 }
      }
    }
    #expect([strings, lists, nulls] == [178, 7, 20])
  }
}
