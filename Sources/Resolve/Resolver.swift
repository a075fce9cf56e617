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
    public var signatures: any SignatureChecker
    public var observer: (any FileObserver)?
    public init(
      git: any GitRepositories, registries: any ImageRegistries, programs: any HostPrograms,
      digests: any FileDigests, signatures: any SignatureChecker = NoSignatureChecker(),
      observer: (any FileObserver)? = nil
    ) {
      self.signatures = signatures
      self.observer = observer
      self.git = git
      self.registries = registries
      self.programs = programs
      self.digests = digests
    }
  }

  /// Tools that rules themselves run, beside those that commands declare.
  private let ruleTools: [String]
  let ports: Ports

  public init(ports: Ports, ruleTools: [String]) {
    self.ports = ports
    self.ruleTools = ruleTools
  }

  /// - Returns: the resolved workspace, and all that was found wrong; with errors it holds what could be resolved.
  public func resolve(
    _ workspace: Workspace, policy: Policy
  ) async throws -> (workspace: ResolvedWorkspace, diagnostics: Diagnostics) {
    var pins = Pins(policy: policy, inputs: workspace.settings.policy)
    var diagnostics = Diagnostics()
    let names = ImageNames(workspace)
    var images: [ResolvedImage] = []
    var unresolved: [UnresolvedImage] = []
    for entry in workspace.images {
      do {
        if let image = try resolve(entry, of: workspace, pins: &pins, diagnostics: &diagnostics) {
          images.append(try withIgnoredFiles(image, diagnostics: &diagnostics))
        }
      } catch let missing as PrebuildMissing {
        unresolved.append(
          UnresolvedImage(
            entry: entry, reason: missing.reason, location: entry.targetFile.location, hint: missing.hint))
      } catch let error as GraphError where error.kind == .user {
        diagnostics.add(.error(error.message, at: entry.gitURL.location, hint: error.hint, code: error.code))
      } catch let error as GraphError where error.kind == .environment || error.kind == .unavailable {
        if GitURL.isWorkspacePath(entry.gitURL.value) {
          diagnostics.add(
            .error(error.message, at: entry.gitPath.location, hint: error.hint, code: error.code))
          continue
        }
        unresolved.append(
          UnresolvedImage(entry: entry, reason: error.message, location: entry.gitURL.location))
      }
    }
    Self.check(workspace.imageOptions, workspace, images, &diagnostics)
    var architectures = workspace.architectures(neededFor: policy.architectures, images, names)
    let rpms = try await RpmResolver(ports: ports, workspace: workspace).resolve(
      asked: policy.architectures == nil ? nil : Set(architectures), pins: &pins, diagnostics: &diagnostics)
    let homes = Set(rpms.compactMap(\.neededHome)).union(architectures)
    architectures = workspace.settings.architectures.map(\.value).filter(homes.contains)
    var pinned: [ResolvedImage] = []
    for var image in images {
      var place = image.entry.location
      do {
        try await pinSources(
          of: &image, for: architectures, names: names, workspace, pins: &pins, diagnostics: &diagnostics,
          place: &place)
        pinned.append(image)
      } catch let error as GraphError where error.kind == .environment || error.kind == .unavailable {
        unresolved.append(UnresolvedImage(entry: image.entry, reason: error.message, location: place))
      }
    }
    if !policy.isListing { Self.warn(of: unresolved, &diagnostics) }
    try await FetchResolver(programs: ports.programs, architectures: architectures).resolve(
      workspace, pins: &pins, diagnostics: &diagnostics)
    try await RepositoryResolver(ports: ports, architectures: architectures).resolve(
      workspace, pins: &pins, diagnostics: &diagnostics)
    let tools = try pinTools(of: workspace, pins: &pins, diagnostics: &diagnostics)
    return (
      ResolvedWorkspace(
        workspace: workspace, snapshot: pins.snapshot, isSnapshotNew: pins.isNew, images: pinned,
        unresolved: unresolved, rpms: rpms, architectures: architectures, names: names, tools: tools,
        digests: ports.digests, observer: ports.observer),
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
          hint: image.hint ?? "run again when it can be reached; what does not need it is built all the same",
          code: "source"))
    }
  }

  /// Pins the images of registries and the repositories that the stages which an image needs name.
  ///
  /// - Parameter place: of what is being pinned.
  private func pinSources(
    of image: inout ResolvedImage, for wanted: [Architecture], names: ImageNames, _ workspace: Workspace,
    pins: inout Pins, diagnostics: inout Diagnostics, place: inout SourceLocation
  ) async throws {
    for architecture in workspace.architectures(of: image) where wanted.contains(architecture) {
      let plan = names.stages(of: image, for: architecture, in: workspace)
      for reference in plan.references {
        guard case .external(let name, let isInsecure) = reference.source else { continue }
        place = reference.name.location
        do {
          try await pins.image(
            name, architecture: reference.architecture, isInsecure: isInsecure, using: ports.registries)
        } catch let error as GraphError where error.kind == .user {
          diagnostics.add(.error(error.message, at: place, hint: error.hint, code: error.code))
        }
      }
      for (text, reference) in plan.addedRepositories(escape: image.dockerfile.escape) {
        guard image.repositories[text.value] == nil, let revision = reference.revision else { continue }
        place = text.location
        do {
          let pin = try pins.git(reference.url, branch: revision, using: ports.git)
          image.repositories[text.value] = AddedRepository(
            tree: GitSourceTree(url: reference.url, commit: pin.commit, repositories: ports.git), pin: pin,
            folder: reference.folder)
        } catch let error as GraphError where error.kind == .user {
          diagnostics.add(.error(error.message, at: place, hint: error.hint, code: error.code))
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
    for tool in workspace.hostTools where tools[tool.value] == nil {
      guard let pin = try pins.tool(tool.value, programs: ports.programs, digests: ports.digests) else {
        diagnostics.add(
          .error(
            "the host has no program '\(tool.value)'", at: tool.location,
            hint: "install it, or correct its name; 'graph doctor' lists what is missing"))
        continue
      }
      tools[tool.value] = pin
    }
    return tools
  }
}
