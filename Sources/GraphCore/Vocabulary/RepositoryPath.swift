/// Paths inside a repository, as text: joined and normalised without asking a disk.
public enum RepositoryPath {
  /// `base/path` without `.`, `..` and doubled slashes, relative to the repository's root; `nil` where it leaves it.
  /// A leading slash in `path` means the root.
  public static func join(_ base: String, _ path: String) -> String? {
    var parts: [Substring] = path.hasPrefix("/") ? [] : base.split(separator: "/").filter { $0 != "." }
    for part in path.split(separator: "/") where part != "." {
      if part == ".." {
        if parts.popLast() == nil { return nil }
      } else {
        parts.append(part)
      }
    }
    return parts.joined(separator: "/")
  }

  /// Where a symbolic link at `path` leads, relative to the repository's root; `nil` where it leaves it. An absolute
  /// target leaves it, too.
  public static func target(of link: String, at path: String) -> String? {
    if link.hasPrefix("/") { return nil }
    return join(path.split(separator: "/").dropLast().joined(separator: "/"), link)
  }
}
