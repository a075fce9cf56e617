import GraphCore

/// A git repository as ADD names it: `https://host/path.git#ref:folder`, `git@host:path#ref`.
///
/// Source: the Dockerfile reference, "Adding files from a Git repository".
public struct GitReference: Hashable, Sendable {
  public let url: String
  /// A branch, a tag or a commit; `nil` where the text names none.
  public let revision: String?
  /// Relative to the repository's root; empty for all of it.
  public let folder: String

  /// - Returns: `nil` for what is no repository: an address of a file, or a path.
  public init?(_ text: String) {
    let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let address = parts[0]
    if let scheme = address.firstRange(of: "://") {
      switch address[..<scheme.lowerBound] {
      case "git", "ssh": break
      case "http", "https", "file": guard address.hasSuffix(".git") else { return nil }
      default: return nil
      }
    } else {
      // `user@host:path`
      guard let colon = address.firstIndex(of: ":"), let at = address[..<colon].firstIndex(of: "@"),
        at > address.startIndex, !address[..<colon].contains("/")
      else { return nil }
    }
    url = address
    let fragment =
      parts.count > 1
      ? parts[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init) : []
    revision = fragment.first.flatMap { $0.isEmpty ? nil : $0 }
    folder = fragment.count > 1 ? fragment[1] : ""
  }
}

/// A repository that an ADD names, at its pinned commit.
public struct AddedRepository: Sendable {
  public let tree: any SourceTree
  public let pin: Snapshot.GitPin
  /// The folder of it that is added, relative to its root.
  public let folder: String
}
