import GraphCore

/// `policy:` of `graph.yml`: where what a workspace is made of may come from. A list that is `nil` allows everything, an
/// empty one nothing. The workspace's own files are always allowed.
public struct InputPolicy: Sendable {
  /// Hosts that git repositories may be on.
  public var gitHosts: [HostPattern]?
  /// Registries that images may be taken from.
  public var registries: [HostPattern]?
  /// What packages and files may be fetched from.
  public var repositories: [Repository]?
  /// What every image has to stand on.
  public var baseAncestry: [Ancestor]?
  /// Whether it could not be read as it was meant. Then nothing may be brought from anywhere.
  public var isBroken = false

  public enum Repository: Sendable, Hashable {
    case host(HostPattern)
    /// An address that ends in a slash, and all below it.
    case below(String)
    /// Repository targets that bases may use.
    case target(LabelPattern)
  }

  public enum Ancestor: Sendable, Hashable {
    /// An image or base of this workspace.
    case target(LabelPattern)
    /// An image of a registry; `*` stands for any characters, `/` among them.
    case reference(String)
    case scratch
  }

  public init() {}
}

/// A host name, `*.example.org` for all hosts below it, or `*` for all; with a port only where the port has to be that one.
public struct HostPattern: Sendable, Hashable, CustomStringConvertible {
  private let name: String
  private let port: String?

  /// - Returns: `nil` where the text is no host name with an optional port and an optional `*.` before it.
  public init?(_ text: String) {
    let lower = text.lowercased()
    let plain = lower.hasPrefix("*.") ? lower.dropFirst(2) : lower[...]
    guard lower == "*" || ImageReference.isRegistry(plain) else { return nil }
    let parts = HostPattern.parts(of: lower)
    (name, port) = (parts.name, parts.port)
  }

  public var description: String { name + (port.map { ":" + $0 } ?? "") }

  /// Whether a host, with its port where it has one, is meant. Upper and lower case are the same.
  public func matches(_ host: String) -> Bool {
    let parts = Self.parts(of: host.lowercased())
    if let port, port != parts.port { return false }
    if name == "*" { return true }
    if name.hasPrefix("*.") {
      return parts.name.hasSuffix(name.dropFirst()) && parts.name.count >= name.count
    }
    return parts.name == name
  }

  private static func parts(of text: String) -> (name: String, port: String?) {
    // The colons of an address in brackets are no port's.
    guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") else { return (text, nil) }
    return (String(text[..<colon]), String(text[text.index(after: colon)...]))
  }
}

extension InputPolicy {
  /// Whether the address of a git repository is allowed: on an allowed host, or on this machine.
  public func allowsGit(_ url: GitURL) -> Bool {
    guard let gitHosts, let host = url.host else { return true }
    return gitHosts.contains { $0.matches(host) }
  }

  /// Whether an image of a registry is allowed. A reference without a registry means that of the container tools.
  public func allowsImage(_ reference: ImageReference) -> Bool {
    guard let registries else { return true }
    return registries.contains { $0.matches(reference.registry ?? "docker.io") }
  }

  /// Whether a file may be fetched from an address.
  public func allowsFetch(_ url: String) -> Bool {
    guard let repositories, !url.hasPrefix("file:///") else { return true }
    let addresses = repositories.filter { if case .target = $0 { false } else { true } }
    if addresses.isEmpty, !repositories.isEmpty { return true }
    return addresses.contains { allowed in
      switch allowed {
      case .host(let pattern): Self.host(of: url).map(pattern.matches) ?? false
      case .below(let prefix): url.hasPrefix(prefix) && !url.dropFirst(prefix.count).contains("..")
      case .target: false
      }
    }
  }

  /// Whether bases may use a repository target.
  public func allowsRepository(_ label: Label) -> Bool {
    guard let repositories else { return true }
    let patterns = repositories.compactMap { if case .target(let pattern) = $0 { pattern } else { nil } }
    if patterns.isEmpty, !repositories.isEmpty { return true }
    return patterns.contains { $0.matches(label) }
  }

  /// The host of a URL, with its port where it is written; `nil` where the address has none that every program would
  /// read in the same way.
  static func host(of url: String) -> String? {
    guard let separator = url.firstRange(of: "://") else { return nil }
    let authority = url[separator.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let host = authority[
      (authority.lastIndex(of: "@").map { authority.index(after: $0) } ?? authority.startIndex)...]
    return authority.contains("\\") || !ImageReference.isRegistry(host) ? nil : String(host)
  }
}

extension InputPolicy.Ancestor {
  /// Whether an image of a registry is this ancestor.
  public func matches(reference: ImageReference) -> Bool {
    guard case .reference(let pattern) = self else { return false }
    let name = reference.description
    let tagged = reference.tag == nil && reference.digest == nil ? name + ":latest" : name
    return [name, tagged].contains { Self.matches(Array($0.utf8), Array(pattern.utf8)) }
  }

  /// `*` stands for any bytes. Goes back to the last star only, so it is quick on any pattern.
  private static func matches(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
    var (at, wanted) = (0, 0)
    var star: (pattern: Int, text: Int)?
    while at < text.count {
      if wanted < pattern.count, pattern[wanted] == UInt8(ascii: "*") {
        star = (wanted, at)
        wanted += 1
      } else if wanted < pattern.count, pattern[wanted] == text[at] {
        (at, wanted) = (at + 1, wanted + 1)
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        (at, wanted) = (last.text + 1, last.pattern + 1)
      } else {
        return false
      }
    }
    return pattern[wanted...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
