import GraphCore
import Manifests

/// Turns declarations into a resolved workspace: every moving fact becomes a pin of a snapshot.
///
/// The one stage that loops, openly: a pinned commit may hold a Dockerfile that names an image to pin. Facts that the
/// given snapshot has are taken from it; only what is missing is resolved anew, and nothing is where `isOffline`.
public struct Resolver: Sendable {
  /// Which facts may be resolved anew.
  public struct Policy: Sendable {
    /// Facts to start from; `nil` resolves everything.
    public var snapshot: Snapshot?
    public var isOffline: Bool
    /// Whether what is not pinned is left out, without the network and without an error: enough to name targets.
    public var isListing: Bool
    /// `YYYY-MM-DD`, UTC.
    public var today: String
    /// The architectures that are asked for; `nil` for all. What is only needed for others is not resolved.
    public var architectures: Set<Architecture>?
    public init(
      snapshot: Snapshot?, isOffline: Bool, isListing: Bool, today: String,
      architectures: Set<Architecture>? = nil
    ) {
      self.snapshot = snapshot
      self.isOffline = isOffline
      self.isListing = isListing
      self.today = today
      self.architectures = architectures
    }
  }

  /// The ports that resolving needs.
  public struct Ports: Sendable {
    public var git: any GitRepositories
    public var registries: any ImageRegistries
    public var programs: any HostPrograms
    public var digests: any FileDigests
    public init(
      git: any GitRepositories, registries: any ImageRegistries, programs: any HostPrograms,
      digests: any FileDigests
    ) {
      self.git = git
      self.registries = registries
      self.programs = programs
      self.digests = digests
    }
  }

  /// Tools that rules themselves run, beside those that commands declare.
  private let ruleTools: [String]
  private let ports: Ports

  public init(ports: Ports, ruleTools: [String]) {
    self.ports = ports
    self.ruleTools = ruleTools
  }

  /// - Returns: the resolved workspace, and all that was found wrong; with errors it holds what could be resolved.
  public func resolve(
    _ workspace: Workspace, policy: Policy
  ) async throws -> (workspace: ResolvedWorkspace, diagnostics: Diagnostics) {
    var pins = Pins(policy: policy)
    var diagnostics = Diagnostics()
    let names = ImageNames(workspace)
    let architectures = workspace.architectures(neededFor: policy.architectures)
    var images: [ResolvedImage] = []
    var unresolved: [UnresolvedImage] = []
    for entry in workspace.images {
      do {
        if let image = try resolve(entry, of: workspace, pins: &pins, diagnostics: &diagnostics) {
          images.append(image)
        }
      } catch let error as GraphError where error.kind == .user {
        diagnostics.add(.error(error.message, at: entry.gitURL.location, hint: error.hint))
      } catch let error as GraphError where error.kind == .environment || error.kind == .unavailable {
        if Self.isLocal(entry.gitURL.value) {
          diagnostics.add(.error(error.message, at: entry.gitPath.location, hint: error.hint))
          continue
        }
        unresolved.append(
          UnresolvedImage(entry: entry, reason: error.message, location: entry.gitURL.location))
      }
    }
    var pinned: [ResolvedImage] = []
    for image in images {
      do {
        try await pinExternalImages(
          of: image, for: architectures, names: names, workspace, pins: &pins, diagnostics: &diagnostics)
        pinned.append(image)
      } catch let error as GraphError where error.kind == .environment || error.kind == .unavailable {
        unresolved.append(
          UnresolvedImage(entry: image.entry, reason: error.message, location: image.fromLocation))
      }
    }
    if !policy.isListing { Self.warn(of: unresolved, &diagnostics) }
    try await FetchResolver(programs: ports.programs, architectures: architectures).resolve(
      workspace, pins: &pins, diagnostics: &diagnostics)
    let tools = try pinTools(of: workspace, pins: &pins, diagnostics: &diagnostics)
    return (
      ResolvedWorkspace(
        workspace: workspace, snapshot: pins.snapshot, isSnapshotNew: pins.isNew, images: pinned,
        unresolved: unresolved, architectures: architectures, names: names, tools: tools,
        digests: ports.digests),
      diagnostics
    )
  }

  /// One warning for each reason why something could not be brought, at the first place that names it.
  private static func warn(of unresolved: [UnresolvedImage], _ diagnostics: inout Diagnostics) {
    let byReason = Dictionary(grouping: unresolved, by: \.reason)
    var seen: Set<String> = []
    for image in unresolved where seen.insert(image.reason).inserted {
      let count = byReason[image.reason]?.count ?? 1
      let entries = count == 1 ? "this entry is" : "\(count) entries are"
      diagnostics.add(
        .warning(
          "\(image.reason), so \(entries) not compiled", at: image.location,
          hint: "run again when it can be reached; what does not need it is built all the same"))
    }
  }

  private func resolve(
    _ entry: ImageEntry, of workspace: Workspace, pins: inout Pins, diagnostics: inout Diagnostics
  ) throws -> ResolvedImage? {
    let url = entry.gitURL.value
    var revision: Snapshot.GitPin?
    let source: any SourceTree
    if Self.isLocal(url) {
      guard let folder = RepositoryPath.join("", url) else {
        diagnostics.add(
          .error(
            "git-url '\(url)' leaves the workspace", at: entry.gitURL.location,
            hint: "name a folder inside it"))
        return nil
      }
      let root = folder.isEmpty ? workspace.root : "\(workspace.root)/\(folder)"
      source = LocalSourceTree(root: root, origin: folder, digests: ports.digests)
    } else {
      let pin = try pins.git(url, branch: entry.gitBranch.value, using: ports.git)
      revision = pin
      source = GitSourceTree(url: url, commit: pin.commit, repositories: ports.git)
    }
    guard let folder = RepositoryPath.join("", entry.gitPath.value.drop(while: { $0 == "/" }).description),
      let dockerfilePath = RepositoryPath.join(folder, entry.targetFile.value)
    else {
      diagnostics.add(
        .error("git-path '\(entry.gitPath.value)' leaves the repository", at: entry.gitPath.location))
      return nil
    }
    guard let context = RepositoryPath.join(folder, entry.buildContext.value) else {
      diagnostics.add(
        .error(
          "build-context '\(entry.buildContext.value)' leaves the repository", at: entry.buildContext.location
        ))
      return nil
    }
    guard let text = try source.read(dockerfilePath) else {
      diagnostics.add(
        .error(
          "there is no '\(dockerfilePath)' in \(source.origin.isEmpty ? "the workspace" : source.origin)",
          at: entry.targetFile.location, hint: "git-path is the folder, target-file the Dockerfile in it"))
      return nil
    }
    let prefix = source.origin.isEmpty ? "" : revision == nil ? source.origin + "/" : "\(url)#"
    let (dockerfile, faults) = DockerfileReader.read(text, file: prefix + dockerfilePath)
    diagnostics.add(contentsOf: faults)
    return ResolvedImage(
      entry: entry, dockerfile: dockerfile,
      pipeline: try pipelineFile(in: folder, of: source, prefix: prefix, entry, diagnostics: &diagnostics),
      source: source, contextFolder: context, revision: revision)
  }

  private func pipelineFile(
    in folder: String, of source: any SourceTree, prefix: String, _ entry: ImageEntry,
    diagnostics: inout Diagnostics
  ) throws -> PipelineFile? {
    for name in CCCPReader.fileNames {
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      guard let bytes = try source.read(path) else { continue }
      let (file, faults) = CCCPReader.read(bytes, file: prefix + path)
      diagnostics.add(contentsOf: faults)
      if let file, file.jobID.value != entry.jobID.value {
        diagnostics.add(
          .error(
            "job-id '\(file.jobID.value)' is not the index entry's '\(entry.jobID.value)'",
            at: file.jobID.location,
            hint: "the entry is at \(entry.location)"))
      }
      return file
    }
    diagnostics.add(
      .error(
        "there is no cccp.yml beside '\(entry.targetFile.value)'", at: entry.gitPath.location,
        hint: "write one that holds 'job-id: \(entry.jobID.value)'"))
    return nil
  }

  private func pinExternalImages(
    of image: ResolvedImage, for wanted: [Architecture], names: ImageNames, _ workspace: Workspace,
    pins: inout Pins,
    diagnostics: inout Diagnostics
  ) async throws {
    for architecture in workspace.architectures(of: image) where wanted.contains(architecture) {
      for reference in image.dockerfile.bases(for: architecture) {
        guard case .external(let name, let isInsecure) = names.meaning(of: reference.value) else { continue }
        do {
          try await pins.image(
            name, architecture: architecture, isInsecure: isInsecure, using: ports.registries)
        } catch let error as GraphError where error.kind == .user {
          diagnostics.add(.error(error.message, at: reference.location, hint: error.hint))
        }
      }
    }
  }

  private func pinTools(
    of workspace: Workspace, pins: inout Pins, diagnostics: inout Diagnostics
  ) throws -> [String: Snapshot.ToolPin] {
    var tools: [String: Snapshot.ToolPin] = [:]
    for name in ruleTools {
      tools[name] = try pins.tool(name, programs: ports.programs, digests: ports.digests)
    }
    let needsRuleTools = !workspace.repositories.isEmpty || !workspace.bases.isEmpty
    if needsRuleTools, !pins.isListing, let missing = ruleTools.first(where: { tools[$0] == nil }) {
      throw GraphError(
        .unavailable, "the host has no program '\(missing)'",
        hint: "'graph doctor' gives the command that installs it")
    }
    for command in workspace.commands {
      for tool in command.tools where tools[tool.value] == nil {
        guard let pin = try pins.tool(tool.value, programs: ports.programs, digests: ports.digests) else {
          diagnostics.add(
            .error(
              "the host has no program '\(tool.value)'", at: tool.location,
              hint: "install it, or correct its name; 'graph doctor' lists what is missing"))
          continue
        }
        tools[tool.value] = pin
      }
    }
    return tools
  }

  /// Whether a `git-url` is a path relative to the workspace rather than a URL.
  static func isLocal(_ url: String) -> Bool { !url.contains(":") && !url.hasPrefix("/") }
}
