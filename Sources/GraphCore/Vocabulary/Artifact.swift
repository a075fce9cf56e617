/// Something an action reads or makes, always named by a digest.
public struct Artifact: Hashable, Sendable {
  /// What the named bytes are.
  public enum Kind: String, Sendable, CaseIterable {
    /// Plain bytes.
    case blob
    /// Files, folders and symbolic links without owners or times: the digest names a `Layer` recipe in which all
    /// metadata is the canonical one (`Layer.isTree`).
    case tree
    /// Files with full metadata, a difference over the layers below: the digest names a `Layer` recipe.
    case layer
  }

  public let kind: Kind
  public let digest: Digest

  public init(_ kind: Kind, _ digest: Digest) {
    self.kind = kind
    self.digest = digest
  }

  /// Reads the form that `description` writes: `kind hex/size`.
  public init?(_ text: some StringProtocol) {
    let text = String(text)
    guard let space = text.utf8.firstIndex(of: 0x20), let kind = Kind(rawValue: String(text[..<space])),
      let digest = Digest(text[text.utf8.index(after: space)...])
    else { return nil }
    self.init(kind, digest)
  }
}

extension Artifact: CustomStringConvertible {
  public var description: String { "\(kind.rawValue) \(digest)" }
}
