import GraphCore

/// Finds a workspace and reads all of its declarations.
public struct WorkspaceLoader: Sendable {
  private let files: FileSystem

  public init(files: FileSystem = .disk) { self.files = files }

  /// The nearest folder with a `graph.yml`, from `folder` upwards. Absolute.
  ///
  /// - Throws: a user error that says where it looked and what to do.
  public func find(from folder: String) throws(GraphError) -> String {
    guard let start = files.resolved(folder), files.kind(start) == .folder else {
      throw GraphError(
        .user, "'\(folder)' is not a folder", hint: "name the folder of a graph.yml, or one below it")
    }
    var current = start
    while true {
      if files.kind(Self.join(current, "graph.yml")) == .file { return current }
      guard current != "/", let slash = current.lastIndex(of: "/") else { break }
      current = slash == current.startIndex ? "/" : String(current[..<slash])
    }
    throw GraphError(
      .user, "no graph.yml in '\(start)' or in a folder above it",
      hint: "go to your workspace, or start one: graph init my-index")
  }

  /// Reads `graph.yml`, `index.d` and `graph.d` of the workspace at `root`.
  ///
  /// - Returns: everything that could be read, with all errors of all files. The workspace is `nil` only where
  ///   `graph.yml` itself is unusable; with errors it may lack the declarations that have them.
  public func load(root: String) -> (Workspace?, Diagnostics) {
    var loading = Loading(root: root, files: files)
    guard let settings = loading.settings() else { return (nil, loading.diagnostics) }
    var workspace = Workspace(root: root, settings: settings)
    for file in loading.names(in: "index.d") { workspace.images += loading.index(file) }
    for file in loading.names(in: "graph.d") {
      let targets = loading.targets(file, settings)
      workspace.bases += targets.bases
      workspace.repositories += targets.repositories
      workspace.rpms += targets.rpms
      workspace.commands += targets.commands
      workspace.imageOptions += targets.images
    }
    loading.checkUnique(workspace)
    workspace.sources = loading.sources
    return (workspace, loading.diagnostics)
  }

  static func join(_ folder: String, _ name: String) -> String {
    folder == "/" ? "/" + name : folder + "/" + name
  }
}

/// One pass over the files of a workspace.
private struct Loading {
  let root: String
  let files: FileSystem
  private(set) var diagnostics = Diagnostics()
  /// Kept for messages that are found after all files have been read.
  private(set) var sources: [String: SourceText] = [:]

  init(root: String, files: FileSystem) {
    (self.root, self.files) = (root, files)
  }

  mutating func settings() -> Settings? {
    guard files.kind(WorkspaceLoader.join(root, "graph.yml")) != nil else {
      diagnostics.add(
        .error(
          "there is no graph.yml in '\(root)'", at: nil,
          hint: "write one with 'name: NAME' and 'arches: [x86_64]'"))
      return nil
    }
    let paths = WorkspacePaths(root: root, files: files)
    return read("graph.yml") { SettingsReader.read($0, paths: paths, $1) } ?? nil
  }

  mutating func index(_ file: String) -> [ImageEntry] {
    let name = file.split(separator: "/").last ?? ""
    let namespace = String(name.prefix { $0 != "." })
    return read(file) { IndexReader.read($0, namespace: namespace, $1) } ?? []
  }

  mutating func targets(_ file: String, _ settings: Settings) -> TargetsReader.Targets {
    let paths = WorkspacePaths(root: root, files: files)
    return read(file) { TargetsReader(settings: settings, paths: paths, findings: $1).read($0) }
      ?? TargetsReader.Targets()
  }

  /// The YAML files of a folder of the workspace, sorted by name. A template of the index is none of them.
  mutating func names(in folder: String) -> [String] {
    let path = WorkspaceLoader.join(root, folder)
    guard files.kind(path) != nil, isInside(folder) else { return [] }
    guard let names = files.names(path) else {
      diagnostics.add(
        .error(
          "the folder cannot be read", at: SourceLocation(file: folder, line: 1, column: 1),
          hint: "it must be a folder that you may read"))
      return []
    }
    return
      names
      .filter { ($0.hasSuffix(".yml") || $0.hasSuffix(".yaml")) && !$0.hasPrefix(".") }
      .sorted { $0.precedesInBytes($1) }
      .map { "\(folder)/\($0)" }
      .filter { folder != "index.d" || !$0.contains("index_template") }
  }

  /// Whether a file or folder is in the workspace once symbolic links are followed; reports where it is not.
  private mutating func isInside(_ path: String) -> Bool {
    guard let resolved = files.resolved(WorkspaceLoader.join(root, path)) else { return true }
    let top = files.resolved(root) ?? root
    if resolved.hasPrefix(top == "/" ? "/" : top + "/") { return true }
    diagnostics.add(
      .error(
        "'\(path)' leads out of the workspace through a symbolic link",
        at: SourceLocation(file: path, line: 1, column: 1), hint: "copy what it names into the workspace"))
    return false
  }

  private mutating func read<Result>(_ file: String, _ body: (YAMLDocument, Findings) -> Result) -> Result? {
    guard isInside(file) else { return nil }
    guard let bytes = files.contents(WorkspaceLoader.join(root, file)) else {
      diagnostics.add(
        .error(
          "the file cannot be read", at: SourceLocation(file: file, line: 1, column: 1),
          hint: "it must be a regular file that you may read"))
      return nil
    }
    let opened = ManifestFile.open(bytes, file: file)
    guard let findings = opened.findings else {
      diagnostics.add(contentsOf: opened.diagnostics)
      return nil
    }
    sources[file] = findings.source
    let result = opened.document.map { body($0, findings) }
    diagnostics.add(contentsOf: findings.diagnostics)
    return result
  }

  /// Two declarations of one label are errors, across all files.
  mutating func checkUnique(_ workspace: Workspace) {
    var images: [Label: Located<String>] = [:]
    var names: [Label: SourceLocation] = [:]
    for image in workspace.images {
      let label = image.label
      if let first = images[label] {
        report(
          "\(label) is declared twice", at: image.jobID.location, text: image.jobID.value,
          hint: "the first is at \(first.location): change the job-id or the desired-tag of one of them")
      } else {
        images[label] = image.jobID
      }
      let name = Label(package: label.package, name: label.name)
      if names[name] == nil { names[name] = image.jobID.location }
    }
    let targets =
      workspace.bases.map(\.label) + workspace.repositories.map(\.label) + workspace.commands.map(\.label)
      + workspace.rpms.flatMap { [$0.label, Located($0.sourceLabel, at: $0.label.location)] }
    for label in targets {
      if let first = names[label.value] {
        report(
          "\(label.value) is declared twice", at: label.location, text: label.value.description,
          hint: "the first is at \(first): rename one of them")
      } else {
        names[label.value] = label.location
      }
    }
  }

  private mutating func report(_ message: String, at location: SourceLocation, text: String, hint: String) {
    diagnostics.add(sources.diagnostic(.error, message, at: location, covering: text, hint: hint))
  }
}
