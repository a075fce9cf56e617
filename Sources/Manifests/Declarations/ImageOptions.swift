import GraphCore

/// An item of `images:` in a file of `graph.d`: what the container index has no key for, said of its entries by label or
/// pattern. All items whose pattern matches an entry apply, in the order of files and lines; of one key, the last one
/// that sets it counts.
public struct ImageOptions: Sendable, Hashable {
  /// Without an architecture.
  public var pattern: Located<LabelPattern>
  /// What ARG instructions get instead of their defaults, in the order written.
  public var buildArguments: [Argument] = []
  /// What FROM and `--from` mean by a name, before stages and images are looked at.
  public var contexts: [Context] = []
  /// The stage that is the image; the last one where nothing is said.
  public var stage: Located<String>?
  /// For which architectures the entries are made.
  public var architectures = ArchitectureChoice()
  public var location: SourceLocation

  public struct Argument: Sendable, Hashable {
    public var name: Located<String>
    public var value: Located<String>
    public init(name: Located<String>, value: Located<String>) {
      self.name = name
      self.value = value
    }
  }

  /// A named context (`docker build --build-context`).
  public struct Context: Sendable, Hashable {
    public var name: Located<String>
    public var source: Source
    public enum Source: Sendable, Hashable {
      /// A folder of the workspace.
      case folder(Located<String>)
      case label(Located<Label>)
      /// An image reference, written `docker-image://REFERENCE`.
      case image(Located<String>)
    }
    public init(name: Located<String>, source: Source) {
      self.name = name
      self.source = source
    }
  }

  public init(pattern: Located<LabelPattern>, location: SourceLocation) {
    self.pattern = pattern
    self.location = location
  }
}
