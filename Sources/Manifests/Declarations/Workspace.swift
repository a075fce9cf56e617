import GraphCore

/// A value and where it was written.
public struct Located<Value: Sendable & Hashable>: Sendable, Hashable {
  public var value: Value
  public var location: SourceLocation
  public init(_ value: Value, at location: SourceLocation) {
    self.value = value
    self.location = location
  }
}

/// Everything that a workspace declares, typed, with the place of each declaration. Holds no fact that moves.
public struct Workspace: Sendable {
  /// The folder of `graph.yml`, absolute.
  public var root: String
  public var settings: Settings
  /// Index entries in the order of their files' names and their places in them.
  public var images: [ImageEntry] = []
  public var bases: [BaseImage] = []
  public var repositories: [RepositoryTarget] = []
  public var rpms: [RpmTarget] = []
  public var commands: [CommandTarget] = []
  public var imageOptions: [ImageOptions] = []
  /// The files that were read, by their name in locations: for the source lines of messages that later stages make.
  public var sources: [String: SourceText] = [:]

  public init(root: String, settings: Settings) {
    self.root = root
    self.settings = settings
  }

  /// The programs of the host that commands and packages declare; some more than once.
  public var hostTools: [Located<String>] { commands.flatMap(\.tools) + rpms.flatMap(\.tools) }
}

/// `graph.yml`.
public struct Settings: Sendable {
  public var name: Located<String>
  public var architectures: [Located<Architecture>]
  /// Registry names under which this workspace's own images are known, such as `registry.example.org`.
  public var registries: [Registry] = []
  /// Image references that mean something else: another reference, or a label of this workspace.
  public var aliases: [Alias] = []
  /// What the last action of an image writes into it.
  public var stamps: Set<Stamp> = [.revision, .base]
  /// How layers are compressed in what is exported.
  public var compression: Compression = .zstd
  /// Where inputs may come from.
  public var policy = InputPolicy()
  /// Names of packages that may have other versions on other architectures.
  public var packageComparisonExceptions: [Located<String>] = []

  public init(name: Located<String>, architectures: [Located<Architecture>]) {
    self.name = name
    self.architectures = architectures
  }

  public struct Registry: Sendable, Hashable {
    public var name: Located<String>
    /// Whether images of that registry are entries of this workspace's index.
    public var isOwn: Bool
    /// Whether it is spoken to without TLS.
    public var isInsecure: Bool
    /// A file of the workspace with the certificates (PEM) of authorities that this registry's own is made by.
    public var authorities: Located<String>?
    public init(
      name: Located<String>, isOwn: Bool, isInsecure: Bool, authorities: Located<String>? = nil
    ) {
      self.name = name
      self.isOwn = isOwn
      self.isInsecure = isInsecure
      self.authorities = authorities
    }
  }

  public struct Alias: Sendable, Hashable {
    public var reference: Located<String>
    public var target: Located<String>
    public init(reference: Located<String>, target: Located<String>) {
      self.reference = reference
      self.target = target
    }
  }

  public enum Stamp: String, Sendable, CaseIterable {
    /// The commit that the sources came from, where they came from git.
    case revision
    /// The name and digest of the image that FROM names.
    case base
    /// The snapshot's build number. Off by default: with it, every snapshot changes every image.
    case buildNumber = "build-number"
  }

  public enum Compression: String, Sendable, CaseIterable {
    case zstd, gzip
  }
}

/// One entry of the container index (`Projects[]`). The `cccp.yml` that stands beside its Dockerfile is read later,
/// when its source is pinned. Its keys are in
/// BUILDGRAPH.md, section 3.5.
public struct ImageEntry: Sendable, Hashable {
  public var id: Located<String>
  public var appID: Located<String>
  public var jobID: Located<String>
  public var desiredTag: Located<String>
  public var gitURL: Located<String>
  public var gitPath: Located<String>
  public var gitBranch: Located<String>
  public var targetFile: Located<String>
  public var buildContext: Located<String>
  public var notifyEmail: Located<String>
  public var prebuildScript: Located<String>?
  public var prebuildContext: Located<String>?
  /// `[registry/]app/job[:tag]` as written; `null` and the empty text are none.
  public var dependsOn: [Located<String>]
  /// The entry's own place.
  public var location: SourceLocation

  /// Package is the app-id, the tag is `desired-tag` or `latest`.
  public var label: Label {
    Label(
      package: appID.value, name: jobID.value, tag: desiredTag.value.isEmpty ? "latest" : desiredTag.value)
  }

  /// The name it is published under: `app/job`, or `job` alone where the app is `library`.
  public var publishedName: String {
    appID.value == "library" ? jobID.value : "\(appID.value)/\(jobID.value)"
  }

  public init(
    id: Located<String>, appID: Located<String>, jobID: Located<String>, desiredTag: Located<String>,
    gitURL: Located<String>, gitPath: Located<String>, gitBranch: Located<String>,
    targetFile: Located<String>,
    buildContext: Located<String>, notifyEmail: Located<String>, prebuildScript: Located<String>? = nil,
    prebuildContext: Located<String>? = nil, dependsOn: [Located<String>], location: SourceLocation
  ) {
    self.id = id
    self.appID = appID
    self.jobID = jobID
    self.desiredTag = desiredTag
    self.gitURL = gitURL
    self.gitPath = gitPath
    self.gitBranch = gitBranch
    self.targetFile = targetFile
    self.buildContext = buildContext
    self.notifyEmail = notifyEmail
    self.prebuildScript = prebuildScript
    self.prebuildContext = prebuildContext
    self.dependsOn = dependsOn
    self.location = location
  }
}
