import GraphCore

/// `bases:` of a file in `graph.d`: an image made of packages alone.
public struct BaseImage: Sendable, Hashable {
  /// `//base/NAME`, without an architecture.
  public var label: Located<Label>
  /// Labels of repository targets, best first.
  public var repositories: [Located<Label>]
  /// Requests as dnf understands them: a name, `name-version`, a capability or a file.
  public var packages: [Located<String>]
  /// What `choice` leaves of the workspace's.
  public var architectures: [Located<Architecture>]
  public var choice: ArchitectureChoice
  /// What the image's configuration starts with.
  public var environment: [String: String]
  public var command: [String]
  public var labels: [String: String]

  public init(
    label: Located<Label>, repositories: [Located<Label>], packages: [Located<String>],
    architectures: [Located<Architecture>], choice: ArchitectureChoice, environment: [String: String],
    command: [String], labels: [String: String]
  ) {
    self.label = label
    self.repositories = repositories
    self.packages = packages
    self.architectures = architectures
    self.choice = choice
    self.environment = environment
    self.command = command
    self.labels = labels
  }
}

/// `repositories:` of a file in `graph.d`: an RPM repository of packages that other targets make, or of others.
public struct RepositoryTarget: Sendable, Hashable {
  /// `//repo/NAME`, without an architecture.
  public var label: Located<Label>
  /// Labels or patterns of targets whose outputs hold RPMs; none where it is of others.
  public var members: [Located<LabelPattern>]
  /// Where it comes from, where it is of others.
  public var upstream: UpstreamRepository?
  /// What `choice` leaves of the workspace's.
  public var architectures: [Located<Architecture>]
  public var choice: ArchitectureChoice

  public init(
    label: Located<Label>, members: [Located<LabelPattern>], upstream: UpstreamRepository? = nil,
    architectures: [Located<Architecture>], choice: ArchitectureChoice
  ) {
    self.label = label
    self.members = members
    self.upstream = upstream
    self.architectures = architectures
    self.choice = choice
  }
}

/// `commands:` of a file in `graph.d`, after `for-each` has been expanded: a program with declared inputs and
/// outputs.
/// It is how a workspace adds kinds of its own.
public struct CommandTarget: Sendable, Hashable {
  /// `//package/name`, without an architecture.
  public var label: Located<Label>
  /// What `choice` leaves of the workspace's. Empty: one node that serves every architecture.
  public var architectures: [Located<Architecture>]
  public var choice: ArchitectureChoice
  public var root: Located<Root>
  /// Programs of the host that the command uses; only with `root: host`.
  public var tools: [Located<String>]
  public var inputs: [NamedInput]
  /// With `{inputs.NAME}`, `{outputs.NAME}`, `{fetch}`, `{item}` and the names of the architecture not yet
  /// replaced: `Template` reads them.
  public var command: [Located<String>]
  public var environment: [String: String]
  public var outputs: [NamedOutput]
  public var fetch: Fetch?
  /// The value of `for-each` that this target is for.
  public var item: String?
  public var timeoutSeconds: Int
  public var bounds: Action.Limits.Bounds
  public var location: SourceLocation

  public enum Root: Sendable, Hashable {
    case host
    /// The root of an image or base target.
    case image(Label)
  }

  public struct NamedInput: Sendable, Hashable {
    public var name: Located<String>
    public var source: Source
    public enum Source: Sendable, Hashable {
      /// A file or folder, relative to the workspace.
      case path(Located<String>)
      /// What another target delivers.
      case label(Located<Label>)
    }
    public init(name: Located<String>, source: Source) {
      self.name = name
      self.source = source
    }
  }

  public struct NamedOutput: Sendable, Hashable {
    public var name: Located<String>
    public var isFolder: Bool
    public init(name: Located<String>, isFolder: Bool) {
      self.name = name
      self.isFolder = isFolder
    }
  }

  /// What is fetched before the command runs. The resolver runs while a snapshot is made; what it prints is
  /// pinned.
  public struct Fetch: Sendable, Hashable {
    /// A program and its arguments, the program relative to the workspace.
    public var resolver: [Located<String>]
    public init(resolver: [Located<String>]) { self.resolver = resolver }
  }

  public init(
    label: Located<Label>, architectures: [Located<Architecture>], choice: ArchitectureChoice,
    root: Located<Root>,
    tools: [Located<String>],
    inputs: [NamedInput], command: [Located<String>], environment: [String: String], outputs: [NamedOutput],
    fetch: Fetch?, item: String?, timeoutSeconds: Int, bounds: Action.Limits.Bounds = .init(),
    location: SourceLocation
  ) {
    self.label = label
    self.architectures = architectures
    self.choice = choice
    self.root = root
    self.tools = tools
    self.inputs = inputs
    self.command = command
    self.environment = environment
    self.outputs = outputs
    self.fetch = fetch
    self.item = item
    self.timeoutSeconds = timeoutSeconds
    self.bounds = bounds
    self.location = location
  }
}
