import Testing

/// Imports point one way, as BUILDGRAPH.md, section 2 has it: whoever adds an edge adds it here, and says why.
@Suite("imports")
struct ImportTests {
  static let edges: [String: Set<String>] = [
    "GraphCore": [], "Formats": ["GraphCore"], "Manifests": ["GraphCore"],
    "Resolve": ["GraphCore", "Manifests", "Formats"],
    "Rules": ["GraphCore", "Manifests", "Resolve", "Formats"], "Store": ["GraphCore", "Formats"],
    "Execute": ["GraphCore", "Formats"], "SourceControl": ["GraphCore"],
    // The names of images, and what graph.yml says of registries.
    "Publish": ["GraphCore", "Formats", "Manifests"],
    "Report": ["GraphCore"], "RemoteExecution": ["GraphCore", "Formats"],
    "cli": [
      "GraphCore", "Formats", "Manifests", "Resolve", "Rules", "Store", "Execute", "SourceControl", "Publish",
      "Report",
      "RemoteExecution",
    ],
  ]
  /// Each C library by the one target that wraps it.
  static let wrappers = [
    "CCrypto": "GraphCore", "CZstd": "Formats", "CZlib": "Formats", "CArchive": "Formats",
    "CYAML": "Manifests",
    "CSolv": "Rules", "CSQLite": "Store", "CGit2": "SourceControl", "CLinux": "Store",
  ]
  /// CLinux in Execute: memory without a name, for secrets. Dispatch: threads that wait for the disk, or hash what passes.
  static let outside: [String: Set<String>] = [
    "GraphCore": ["HeapModule"],
    "Execute": ["Dispatch", "Logging", "Subprocess", "SystemPackage", "CLinux"],
    "Store": ["Dispatch"],
    "cli": ["ArgumentParser", "Logging", "Dispatch"],
  ]
  static let system: Set<String> = ["Glibc", "Musl", "Synchronization", "FoundationEssentials"]

  static func modules(_ file: SourceFiles.File) -> [String] {
    file.code.compactMap { line in
      let words = line.split(separator: " ").map(String.init)
      guard let index = words.firstIndex(of: "import"), words.count > index + 1,
        words[..<index].allSatisfy({
          $0.hasPrefix("@") || ["private", "internal", "package", "public"].contains($0)
        })
      else { return nil }
      let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
      let name =
        kinds.contains(words[index + 1]) && words.count > index + 2 ? words[index + 2] : words[index + 1]
      return name.split(separator: ".").first.map(String.init)
    }
  }

  @Test("every import is an allowed edge", arguments: SourceFiles.sources)
  func allowed(file: SourceFiles.File) throws {
    let edges = try #require(Self.edges[file.target], "the target is not in the table of edges")
    for module in Self.modules(file) where !Self.system.contains(module) {
      let isAllowed =
        edges.contains(module) || Self.wrappers[module] == file.target
        || Self.outside[file.target]?.contains(module) == true
      #expect(isAllowed, "\(file.target) may not import \(module)")
    }
  }

  @Test("the table has no way back")
  func acyclic() {
    var rest = Self.edges
    while let leaf = rest.first(where: { $0.value.allSatisfy { rest[$0] == nil } }) { rest[leaf.key] = nil }
    #expect(rest.isEmpty, "\(rest.keys.sorted()) import each other")
  }

  @Test("the whole of Foundation is not linked", arguments: SourceFiles.sources + SourceFiles.tests)
  func foundation(file: SourceFiles.File) {
    #expect(!Self.modules(file).contains("Foundation"), "import FoundationEssentials")
  }
}
