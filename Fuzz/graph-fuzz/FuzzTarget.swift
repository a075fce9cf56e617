import GraphCore
import Manifests

/// What is fed with bytes. Beside that nothing traps, each checks what always has to hold.
enum FuzzTarget: String, CaseIterable {
  /// `graph.yml`, and a file of `graph.d`.
  case settings
  /// A file of `index.d`.
  case index
  /// `cccp.yml` and `container.yaml`.
  case pipeline
  /// A Dockerfile, and a file of what it ignores.
  case dockerfile
  /// Labels, patterns, image references, addresses, shell texts, variables and paths.
  case words

  func run(_ bytes: [UInt8]) {
    switch self {
    case .settings:
      _ = Self.load(["/w/graph.yml": bytes])
      _ = Self.load(["/w/graph.yml": Self.least, "/w/graph.d/a.yml": bytes])
    case .index: Self.index(bytes)
    case .pipeline:
      let (file, faults) = CCCPReader.read(bytes, file: "cccp.yml")
      require(file != nil || faults.hasErrors, "a file without a job-id is an error")
      _ = ContainerReader.read(bytes, file: "container.yaml")
    case .dockerfile: Self.dockerfile(bytes)
    case .words: Self.words(String(decoding: bytes, as: UTF8.self))
    }
  }

  private static let least = Array("name: d\narches: [x86_64, aarch64]\n".utf8)

  private static func load(_ files: [String: [UInt8]]) -> (Workspace?, Diagnostics) {
    let system = FileSystem(
      kind: { path in
        files[path] != nil ? .file : files.keys.contains { $0.hasPrefix(path + "/") } ? .folder : nil
      },
      resolved: { $0 },
      names: { folder in
        files.keys.filter { $0.hasPrefix(folder + "/") }.map { String($0.dropFirst(folder.count + 1)) }
      },
      contents: { files[$0] })
    return WorkspaceLoader(files: system).load(root: "/w")
  }

  private static func index(_ bytes: [UInt8]) {
    let (workspace, diagnostics) = load(["/w/graph.yml": least, "/w/index.d/app.yaml": bytes])
    guard let workspace, !diagnostics.hasErrors else { return }
    var labels: Set<Label> = []
    for entry in workspace.images {
      require(labels.insert(entry.label).inserted, "labels differ")
      require((try? Label(entry.label.description)) == entry.label, "a label is read back as it was")
      require(entry.appID.value == "app", "the app-id is the file's name")
      require(RepositoryPath.join("", entry.gitPath.value) != nil, "git-path stays in the repository")
      let isLocal = GitURL.isWorkspacePath(entry.gitURL.value)
      require(isLocal || (try? GitURL(entry.gitURL.value)) != nil, "an address is one that may be asked for")
    }
  }

  private static func dockerfile(_ bytes: [UInt8]) {
    let (file, diagnostics) = DockerfileReader.read(bytes, file: "Dockerfile")
    require(!file.instructions.isEmpty || diagnostics.hasErrors, "a file without instructions is an error")
    for instruction in file.instructions {
      require(instruction.location.line > 0, "an instruction has a place")
    }
    _ = IgnoreFile.read(bytes, file: ".dockerignore")
  }

  private static func words(_ text: String) {
    if let label = try? Label(text) { require((try? Label(label.description)) == label, "label: \(text)") }
    if let pattern = try? LabelPattern(text) {
      require((try? LabelPattern(pattern.description)) == pattern, "pattern: \(text)")
    }
    if let reference = try? ImageReference(text) {
      require(reference.description == text, "reference: \(text)")
    }
    if let address = try? GitURL(text) {
      require(!text.hasPrefix("-") && !text.utf8.contains(0x0a), "address: \(text)")
      require(address.host?.hasPrefix("-") != true, "host: \(text)")
    }
    _ = GitURL.shown(text)
    _ = HostPattern(text)?.matches(text)
    _ = ShellCommand.split(text)
    _ = try? Variables.expand(text) { $0 == "a" ? "x" : nil }
    _ = Template(text)
    if let path = RepositoryPath.join("a/b", text) {
      require(!path.split(separator: "/").contains(".."), "path: \(text)")
      require(RepositoryPath.join("", path) == path, "a joined path is normal: \(text)")
    }
  }

  private static func require(_ condition: Bool, _ rule: @autoclosure () -> String) {
    precondition(condition, rule())
  }

  private func require(_ condition: Bool, _ rule: @autoclosure () -> String) {
    Self.require(condition, rule())
  }
}
