import GraphCore
import Manifests

/// The source of an entry is not what its files are built from: a script that is not run makes them.
struct PrebuildMissing: Error {
  let reason: String
  let hint: String
}

/// The paths of an entry, relative to the root of its repository.
private struct EntryPaths {
  let folder: String
  let dockerfile: String
  let context: String
  let prebuildFolder: String?
  let prebuildScript: String?

  /// `nil` where one leaves the repository, which reading the index has reported.
  init?(_ entry: ImageEntry) {
    guard let folder = RepositoryPath.join("", entry.gitPath.value),
      let dockerfile = RepositoryPath.join(folder, entry.targetFile.value),
      let context = RepositoryPath.join(folder, entry.buildContext.value)
    else { return nil }
    (self.folder, self.dockerfile, self.context) = (folder, dockerfile, context)
    let prebuildFolder = entry.prebuildContext.flatMap { RepositoryPath.join("", $0.value) }
    self.prebuildFolder = prebuildFolder
    prebuildScript = entry.prebuildScript.flatMap { script in
      prebuildFolder.flatMap { RepositoryPath.join($0, script.value) }
    }
    if entry.prebuildContext != nil, prebuildFolder == nil { return nil }
    if entry.prebuildScript != nil, prebuildScript == nil { return nil }
  }
}

/// An entry with its source at hand: reads the files that stand in it, and reports all that is wrong with them.
private final class EntrySource {
  let entry: ImageEntry
  /// For the lines of the index that messages show.
  let workspace: Workspace
  let paths: EntryPaths
  let tree: any SourceTree
  /// Stands before a path in messages.
  let prefix: String
  private(set) var diagnostics = Diagnostics()

  init(entry: ImageEntry, of workspace: Workspace, paths: EntryPaths, tree: any SourceTree, prefix: String) {
    (self.entry, self.workspace, self.paths, self.tree, self.prefix) = (entry, workspace, paths, tree, prefix)
  }

  private func add(
    _ severity: Diagnostic.Severity, _ message: String, at value: Located<String>, hint: String?
  ) {
    diagnostics.add(workspace.diagnostic(severity, message, at: value, hint: hint))
  }

  private enum Found<Value> {
    case value(Value), nothing, refused
  }

  /// What the source says of a path; faults of links and the like are reported at `location`.
  private func ask<Value>(
    at value: Located<String>, _ question: () throws -> Value?
  ) throws -> Found<Value> {
    do {
      return try question().map { .value($0) } ?? .nothing
    } catch let error as GraphError where error.kind == .user {
      add(.error, error.message, at: value, hint: error.hint)
      return .refused
    }
  }

  private var shownOrigin: String { tree.origin.isEmpty ? "the workspace" : tree.origin }

  /// Whether `git-path` is a folder; then what should stand in it is looked for.
  func hasFolder() throws -> Bool {
    paths.folder.isEmpty
      ? true
      : try require(
        .folder, paths.folder, "git-path", at: entry.gitPath,
        hint: "it is the folder of the Dockerfile, relative to the root of the repository")
  }

  /// - Throws: `PrebuildMissing` where a script that is not run would make the Dockerfile.
  func dockerfile() throws -> Dockerfile? {
    switch try ask(at: entry.targetFile, { try tree.read(paths.dockerfile) }) {
    case .refused: return nil
    case .value(let bytes):
      let (dockerfile, faults) = DockerfileReader.read(bytes, file: prefix + paths.dockerfile)
      diagnostics.add(contentsOf: faults)
      return dockerfile
    case .nothing:
      if let script = entry.prebuildScript, !diagnostics.hasErrors {
        throw PrebuildMissing(
          reason:
            "'\(paths.dockerfile)' is not in \(shownOrigin), and prebuild-script '\(script.value)' is not run",
          hint: "commit what the script makes, or build it with a target of graph.d")
      }
      add(
        .error, "there is no '\(paths.dockerfile)' in \(shownOrigin)", at: entry.targetFile,
        hint: "git-path is the folder, target-file the Dockerfile in it")
      return nil
    }
  }

  /// Looks at the folders and scripts that the entry names.
  ///
  /// - Returns: whether the build context can be used.
  func checkPaths() throws -> Bool {
    var hasContext = true
    if paths.context != paths.folder, !paths.context.isEmpty {
      hasContext = try require(
        .folder, paths.context, "build-context", at: entry.buildContext,
        hint: "it is a folder, relative to git-path")
    }
    if let context = entry.prebuildContext, let folder = paths.prebuildFolder, !folder.isEmpty {
      try require(
        .folder, folder, "prebuild-context", at: context,
        hint: "it is a folder, relative to the root of the repository")
    }
    if let script = entry.prebuildScript, let path = paths.prebuildScript {
      let isThere = try require(
        .file, path, "prebuild-script", at: script,
        hint: "it is a file, relative to prebuild-context")
      if isThere {
        add(
          .warning,
          "prebuild-script '\(script.value)' is not run: the image is built from the repository as it is",
          at: script, hint: "commit what the script makes, or build it with a target of graph.d")
      }
    }
    return hasContext
  }

  @discardableResult
  private func require(
    _ wanted: SourceKind, _ path: String, _ key: String, at value: Located<String>, hint: String
  ) throws -> Bool {
    switch try ask(at: value, { try tree.kind(path) }) {
    case .value(wanted): return true
    case .refused: return false
    case .value, .nothing:
      let what = wanted == .file ? "file" : "folder"
      add(.error, "\(key): there is no \(what) '\(path)' in \(shownOrigin)", at: value, hint: hint)
      return false
    }
  }

  func pipelineFile() throws -> PipelineFile? {
    for name in CCCPReader.fileNames {
      let path = paths.folder.isEmpty ? name : "\(paths.folder)/\(name)"
      switch try ask(at: entry.gitPath, { try tree.read(path) }) {
      case .nothing: continue
      case .refused: return nil
      case .value(let bytes):
        let (file, faults) = CCCPReader.read(bytes, file: prefix + path)
        diagnostics.add(contentsOf: faults)
        if let file { try check(file) }
        return file
      }
    }
    let hint = "write one that holds 'job-id: \(entry.jobID.value)'"
    let message = "there is no cccp.yml beside '\(entry.targetFile.value)'"
    // The script may make it.
    add(entry.prebuildScript == nil ? .error : .warning, message, at: entry.gitPath, hint: hint)
    return nil
  }

  private func check(_ file: PipelineFile) throws {
    if file.jobID.value != entry.jobID.value {
      let isExempt =
        entry.prebuildScript != nil || CCCPReader.isExempt(app: entry.appID.value, job: entry.jobID.value)
      let message = "job-id '\(file.jobID.value)' is not the index entry's '\(entry.jobID.value)'"
      let hint = "the entry is at \(entry.location)"
      add(isExempt ? .warning : .error, message, at: file.jobID, hint: hint)
    }
    for (key, named) in file.namedFiles {
      guard let path = RepositoryPath.join(paths.folder, named.value) else {
        add(
          .error, "\(key) '\(named.value)' leaves the repository", at: named,
          hint: "name a file beside it, or below its folder")
        continue
      }
      try require(
        .file, path, key, at: named, hint: "it is relative to the folder of the Dockerfile")
    }
  }

  func platformLimits() throws -> PlatformLimits? {
    let path = paths.folder.isEmpty ? ContainerReader.fileName : "\(paths.folder)/\(ContainerReader.fileName)"
    guard case .value(let bytes) = try ask(at: entry.gitPath, { try tree.read(path) }) else {
      return nil
    }
    let (limits, faults) = ContainerReader.read(bytes, file: prefix + path)
    diagnostics.add(contentsOf: faults)
    return limits
  }
}

extension Resolver {
  /// Pins the source of an entry and reads what stands in it.
  ///
  /// - Returns: `nil`, with errors, where it has no Dockerfile that can be used.
  /// - Throws: `GraphError` where the source cannot be brought, `PrebuildMissing` where it is not what is built.
  func resolve(
    _ entry: ImageEntry, of workspace: Workspace, pins: inout Pins, diagnostics: inout Diagnostics
  ) throws -> ResolvedImage? {
    guard let paths = EntryPaths(entry) else { return nil }
    let url = entry.gitURL.value
    var revision: Snapshot.GitPin?
    let tree: any SourceTree
    let prefix: String
    if GitURL.isWorkspacePath(url) {
      // What reading the index has refused is not looked at.
      guard let folder = RepositoryPath.join("", url), !url.hasPrefix("-") else { return nil }
      let root = folder.isEmpty ? workspace.root : "\(workspace.root)/\(folder)"
      tree = LocalSourceTree(root: root, origin: folder, digests: ports.digests, observer: ports.observer)
      prefix = folder.isEmpty ? "" : folder + "/"
    } else {
      guard (try? GitURL(url)) != nil else { return nil }
      let pin = try pins.git(url, branch: entry.gitBranch.value, using: ports.git)
      revision = pin
      tree = GitSourceTree(url: url, commit: pin.commit, repositories: ports.git)
      prefix = "\(GitURL.shown(url))#"
    }
    let source = EntrySource(entry: entry, of: workspace, paths: paths, tree: tree, prefix: prefix)
    defer { diagnostics.add(contentsOf: source.diagnostics) }
    guard try source.hasFolder() else { return nil }
    let hasContext = try source.checkPaths()
    let pipeline = try source.pipelineFile()
    let limits = try source.platformLimits()
    guard let dockerfile = try source.dockerfile(), hasContext else { return nil }
    return ResolvedImage(
      entry: entry, dockerfile: dockerfile, pipeline: pipeline, source: tree, contextFolder: paths.context,
      revision: revision, options: EntryOptions(workspace.imageOptions, for: entry.label),
      platformLimits: limits)
  }
}
