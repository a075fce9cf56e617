/// The keys that one kind of mapping in a manifest may have: for editors, for defaults, for reports.
///
/// The readers decide what is right; tests hold these tables and the readers together.
public struct ManifestMapping: Sendable {
  /// What it is, with its article: `an index entry`.
  public let title: String
  public let keys: [ManifestKey]
  /// Keys that are accepted and mean nothing.
  public let ignored: [String]

  init(_ title: String, ignored: [String] = [], _ keys: [ManifestKey]) {
    (self.title, self.ignored, self.keys) = (title, ignored, keys)
  }
}

/// A key of a mapping.
public struct ManifestKey: Sendable {
  public let name: String
  public let shape: ManifestShape
  public let isRequired: Bool
  /// What stands where it is not written, as it would be written; `nil` where that is nothing or depends on the rest.
  public let fallback: String?
  /// One line for people.
  public let meaning: String

  init(
    _ name: String, _ shape: ManifestShape, required: Bool = false, fallback: String? = nil, _ meaning: String
  ) {
    (self.name, self.shape, self.isRequired) = (name, shape, required)
    (self.fallback, self.meaning) = (fallback, meaning)
  }
}

/// What a value may look like.
public indirect enum ManifestShape: Sendable {
  /// A scalar, as it is written.
  case text
  /// A scalar that may be left empty, although its key must be there.
  case emptyText
  case number(ClosedRange<Int>)
  case flag
  case choice([String])
  /// A list of texts, or one text.
  case texts
  case choices([String])
  case list(ManifestMapping)
  case listOf(ManifestShape)
  case anything
  /// Any keys, with values of one shape or without.
  case map(ManifestShape)
  case mapping(ManifestMapping)
  case either([ManifestShape])
}
