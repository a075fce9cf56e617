import GraphCore

/// Where the packages of a repository come from that others publish: the keys of a section of a `.repo` file, with the
/// meaning that dnf.conf(5) gives them.
public struct UpstreamRepository: Sendable, Hashable {
  public enum Address: Sendable, Hashable {
    /// Addresses of the same repository, tried in their order.
    case base([Located<String>])
    /// A text with one address a line.
    case mirrorList(Located<String>)
    /// A Metalink document (RFC 5854, and version 3.0 before it) that names mirrors of repomd.xml, and its checksum.
    case metalink(Located<String>)
  }

  public var address: Address
  /// Patterns of the names of packages; where there are any, there are no others (`includepkgs`).
  public var includes: [String]
  /// Patterns of the names of packages that are not there (`excludepkgs`).
  public var excludes: [String]
  /// The lower the better; 99 where nothing is written.
  public var priority: Int
  /// Paths of files of the workspace with public keys, ASCII-armoured (`gpgkey`).
  public var keys: [Located<String>]
  /// Whether packages have to be signed with one of the keys (`gpgcheck`).
  public var checksPackages: Bool
  /// Whether repomd.xml has to be (`repo_gpgcheck`).
  public var checksMetadata: Bool
  /// What `$name` stands for in addresses, beside `$basearch` and `$arch`.
  public var variables: [String: String]

  /// What is written as address.
  public var texts: [Located<String>] {
    switch address {
    case .base(let texts): texts
    case .mirrorList(let text), .metalink(let text): [text]
    }
  }

  /// An address with its variables replaced: `$name` and `${name}`, as libdnf does.
  ///
  /// - Throws: `UnknownVariable`.
  public func expanded(_ text: String, for architecture: Architecture) throws(UnknownVariable) -> String {
    var output = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      output += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      let isBraced = rest.first == "{"
      if isBraced { rest = rest.dropFirst() }
      let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
      rest = rest[name.endIndex...]
      if isBraced, rest.first == "}" { rest = rest.dropFirst() }
      switch String(name) {
      case "basearch": output += variables["basearch"] ?? architecture.names.baseArch
      case "arch": output += variables["arch"] ?? architecture.names.rpm
      case let name:
        guard let value = variables[name] else { throw UnknownVariable(name: name) }
        output += value
      }
    }
    return output + rest
  }

  public struct UnknownVariable: Error {
    public let name: String
  }
}
