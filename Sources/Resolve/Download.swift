import GraphCore

/// How files are brought over the network, by curl: the arguments that all who do so share.
public enum Download {
  /// Redirects are followed and never lead to a file of this machine; credentials come from ~/.netrc alone, so that no
  /// address holds them; a server that sends less than a kilobyte a second for half a minute is given up. Proxies are those
  /// of the environment.
  public static let arguments = [
    "--fail", "--location", "--silent", "--show-error", "--globoff", "--retry", "2", "--retry-connrefused",
    "--connect-timeout", "30", "--speed-limit", "1000", "--speed-time", "30", "--netrc-optional",
    "--proto", "=http,https,file", "--proto-redir", "=http,https",
  ]

  /// The address of a file below another one.
  ///
  /// - Parameter path: as metadata has it: a relative path, not encoded.
  /// - Returns: `nil` where the path leads anywhere else.
  public static func address(of path: String, below base: String) -> String? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard !path.isEmpty, !path.hasPrefix("/"), !path.contains("://"), !parts.contains(".."),
      path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
    else { return nil }
    var encoded = ""
    for character in path.unicodeScalars {
      switch character {
      case " ", "#", "?", "%": encoded += "%" + String(character.value, radix: 16, uppercase: true)
      default: encoded.unicodeScalars.append(character)
      }
    }
    return base.hasSuffix("/") ? base + encoded : "\(base)/\(encoded)"
  }
}

/// For who has nothing that can check signatures: what has to be signed is not taken.
public struct NoSignatureChecker: SignatureChecker {
  public init() {}
  public func check(_ signature: [UInt8], of content: [UInt8], keys: [[UInt8]]) async throws {
    throw GraphError(.unavailable, "nothing here can check a signature")
  }
}
