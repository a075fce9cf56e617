import GraphCore

/// `rpms:` of a file in `graph.d`, after `for-each` has been expanded: packages that rpmbuild makes of a spec file.
public struct RpmTarget: Sendable, Hashable {
  /// `//rpm/NAME`, without an architecture.
  public var label: Located<Label>
  /// The branch that spec and sources are of (dist-git: a branch is a release stream); `nil` where they are files of the
  /// workspace.
  public var git: Git?
  /// Relative to the workspace, or to the top of the repository.
  public var spec: Located<String>
  public var sources: [Source]
  /// What `%{name}` is in the spec, by name.
  public var macros: [String: String]
  /// What `choice` leaves of the workspace's; the spec itself may leave out more of them, or be `noarch`.
  public var architectures: [Located<Architecture>]
  public var choice: ArchitectureChoice
  public var buildRoot: BuildRoot
  /// Whether `%check` is run.
  public var runsChecks: Bool
  public var timeoutSeconds: Int
  public var bounds: Action.Limits.Bounds
  public var location: SourceLocation

  public struct Git: Sendable, Hashable {
    public var url: Located<String>
    public var branch: Located<String>
    public init(url: Located<String>, branch: Located<String>) {
      (self.url, self.branch) = (url, branch)
    }
  }

  public enum Source: Sendable, Hashable {
    /// A file, or a folder whose files are meant by their names; relative as the spec is.
    case path(Located<String>)
    /// A download.
    case pinned(Download)
  }

  /// A file of the network, by its checksum.
  public struct Download: Sendable, Hashable {
    /// As the spec calls it.
    public var name: String
    public var url: Located<String>
    /// In lower case.
    public var sha256: String
    public init(name: String, url: Located<String>, sha256: String) {
      (self.name, self.url, self.sha256) = (name, url, sha256)
    }
  }

  /// What rpmbuild runs in.
  public enum BuildRoot: Sendable, Hashable {
    /// The host's /usr, with these tools in the key beside `hostTools`.
    case host(tools: [Located<String>])
    /// A base, and on it what the spec's BuildRequires mean in the base's repositories. A label with an architecture is
    /// the root for every target: it builds with `--target`. Without, it is that of the target, emulated where foreign.
    case base(Located<Label>)
  }

  /// The programs of the host that rpmbuild and the scripts of it run for every package.
  public static let hostTools = [
    "bash", "cat", "chmod", "cp", "find", "grep", "mkdir", "mv", "rm", "rpmbuild", "sed", "sh", "sort",
    "uname", "xargs",
    "touch",
  ]

  /// Every program of the host whose digest is in the key; none in a base.
  public var tools: [Located<String>] {
    guard case .host(let tools) = buildRoot else { return [] }
    return Self.hostTools.map { Located($0, at: location) } + tools
  }

  /// `//srpm/NAME`: the source package.
  public var sourceLabel: Label { Label(package: "srpm", name: label.value.name) }

  public init(
    label: Located<Label>, git: Git?, spec: Located<String>, sources: [Source], macros: [String: String],
    architectures: [Located<Architecture>], choice: ArchitectureChoice, buildRoot: BuildRoot,
    runsChecks: Bool, timeoutSeconds: Int, bounds: Action.Limits.Bounds, location: SourceLocation
  ) {
    (self.label, self.git, self.spec, self.sources, self.macros) = (label, git, spec, sources, macros)
    (self.architectures, self.choice, self.buildRoot) = (architectures, choice, buildRoot)
    (self.runsChecks, self.timeoutSeconds, self.bounds) = (runsChecks, timeoutSeconds, bounds)
    self.location = location
  }
}
