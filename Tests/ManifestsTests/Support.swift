import GraphCore

@testable import Manifests

/// Lines as they appear in assertions: `file:line:column: severity: message | hint`.
func texts(_ diagnostics: Diagnostics) -> [String] {
  diagnostics.sorted.map { diagnostic in
    (diagnostic.location.map { "\($0): " } ?? "") + "\(diagnostic.severity): \(diagnostic.message)"
      + (diagnostic.hint.map { " | \($0)" } ?? "")
  }
}

/// A workspace of texts by path, below `/w`.
func fileSystem(_ contents: [String: [UInt8]], links: [String: String] = [:]) -> FileSystem {
  let files = Dictionary(uniqueKeysWithValues: contents.map { ("/w/" + $0.key, $0.value) })
  @Sendable func isFolder(_ path: String) -> Bool {
    path == "/" || path == "/w" || files.keys.contains { $0.hasPrefix(path + "/") }
  }
  return FileSystem(
    kind: { files[$0] != nil ? .file : links[$0] != nil || isFolder($0) ? .folder : nil },
    resolved: { links[$0] ?? (files[$0] != nil || isFolder($0) ? $0 : nil) },
    names: { folder in
      Set(
        files.keys.compactMap { path in
          path.hasPrefix(folder + "/")
            ? path.dropFirst(folder.count + 1).split(separator: "/").first.map(String.init) : nil
        }
      ).sorted()
    },
    contents: { files[$0] })
}

func load(_ contents: [String: String], links: [String: String] = [:]) -> (Workspace?, Diagnostics) {
  WorkspaceLoader(files: fileSystem(contents.mapValues { Array($0.utf8) }, links: links)).load(root: "/w")
}

/// The smallest `graph.yml`.
let settings = "name: demo\narches: [x86_64, aarch64]\n"

/// A linear congruential generator, so that a failure can be repeated from its seed.
struct Random: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) ^ (state << 31)
  }
}
