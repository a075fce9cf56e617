import GraphCore

/// For which of the workspace's architectures a target is made, and what its failure there means: the keys `arches`,
/// `only`, `not` and `failable` of a declaration.
public struct ArchitectureChoice: Sendable, Hashable {
  /// Architectures under a key, and where its value stands.
  public struct List: Sendable, Hashable {
    public var items: [Located<Architecture>]
    public var location: SourceLocation
    public init(items: [Located<Architecture>], location: SourceLocation) {
      self.items = items
      self.location = location
    }

    func item(_ architecture: Architecture) -> Located<Architecture>? {
      items.first { $0.value == architecture }
    }
  }

  /// In place of the workspace's list: what it names is asked for, and an error where it cannot be made.
  public var arches: List?
  /// What the list is cut down to.
  public var only: List?
  /// What is taken away from it.
  public var not: List?
  /// Where a failure does not fail the build.
  public var failable: List?

  public init() {}

  /// What the choice comes to for one architecture of the workspace.
  public enum Verdict: Sendable, Hashable {
    /// - Parameter asked: where `arches` names it.
    case made(asked: SourceLocation?)
    /// Why not, as what follows "its" or "whose", and where that is said.
    case excluded(reason: String, location: SourceLocation)
  }

  public func verdict(on architecture: Architecture) -> Verdict {
    if let arches, arches.item(architecture) == nil {
      return .excluded(reason: "'arches' leave it out", location: arches.location)
    }
    if let only, only.item(architecture) == nil {
      return .excluded(reason: "'only' leaves it out", location: only.location)
    }
    if let not, not.item(architecture) != nil {
      return .excluded(reason: "'not' takes it away", location: not.location)
    }
    return .made(asked: arches?.item(architecture)?.location)
  }

  /// What is left of the workspace's architectures, in its order; those of `arches` in theirs.
  public func architectures(of workspace: [Located<Architecture>]) -> [Located<Architecture>] {
    (arches?.items ?? workspace).filter { if case .made = verdict(on: $0.value) { true } else { false } }
  }

  /// Whether a failure on the architecture does not fail the build.
  public func isFailable(on architecture: Architecture) -> Bool { failable?.item(architecture) != nil }

  /// This choice with every key that `other` sets in place of its own.
  public func overridden(by other: ArchitectureChoice) -> ArchitectureChoice {
    var choice = self
    choice.arches = other.arches ?? arches
    choice.only = other.only ?? only
    choice.not = other.not ?? not
    choice.failable = other.failable ?? failable
    return choice
  }
}

/// `platforms: {only, not}` of a `container.yaml` beside a Dockerfile: limits that the image's own source sets.
public struct PlatformLimits: Sendable, Hashable {
  public var only: ArchitectureChoice.List?
  public var not: ArchitectureChoice.List?

  public init(only: ArchitectureChoice.List? = nil, not: ArchitectureChoice.List? = nil) {
    self.only = only
    self.not = not
  }

  /// Whether the image is made for an architecture.
  public func allows(_ architecture: Architecture) -> Bool {
    if case .made = verdict(on: architecture) { true } else { false }
  }

  /// The same verdict as that of a choice with these keys.
  public func verdict(on architecture: Architecture) -> ArchitectureChoice.Verdict {
    var choice = ArchitectureChoice()
    (choice.only, choice.not) = (only, not)
    return choice.verdict(on: architecture)
  }
}

extension Workspace {
  /// What the items of `images:` say of an entry's architectures.
  public func architectureChoice(of entry: ImageEntry) -> ArchitectureChoice {
    imageOptions.filter { $0.pattern.value.matches(entry.label) }
      .reduce(ArchitectureChoice()) { $0.overridden(by: $1.architectures) }
  }
}
