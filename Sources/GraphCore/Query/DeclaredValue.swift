/// A value of a declaration, and where somebody wrote it.
public struct DeclaredValue: Hashable, Sendable {
  /// The parts of a value.
  public indirect enum Content: Hashable, Sendable {
    case nothing
    case text(String)
    case list([DeclaredValue])
    /// In the order written.
    case mapping([Member])
  }

  /// A key and its value.
  public struct Member: Hashable, Sendable {
    public let key: String
    public let value: DeclaredValue
    public init(_ key: String, _ value: DeclaredValue) { (self.key, self.value) = (key, value) }
  }

  public let content: Content
  /// `nil` where nobody wrote it: a default.
  public let location: SourceLocation?

  public init(_ content: Content, at location: SourceLocation?) {
    (self.content, self.location) = (content, location)
  }
}

/// All that says something about a target, from wherever it was written.
public struct TargetDeclaration: Hashable, Sendable {
  /// What one place says.
  public struct Section: Hashable, Sendable {
    /// `entry`, `options`, `cccp`, `base`, `workspace`, …
    public let name: String
    /// Where it begins; `nil` where several places are merged.
    public let location: SourceLocation?
    public let members: [DeclaredValue.Member]
    public init(_ name: String, at location: SourceLocation?, _ members: [DeclaredValue.Member]) {
      (self.name, self.location, self.members) = (name, location, members)
    }
  }

  /// Without architecture.
  public let label: Label
  public let kind: String
  public let sections: [Section]

  public init(_ label: Label, kind: String, sections: [Section]) {
    (self.label, self.kind, self.sections) = (label, kind, sections)
  }
}
