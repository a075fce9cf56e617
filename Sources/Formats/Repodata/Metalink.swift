/// What a Metalink document says of one file: where it is, and which bytes it has. RFC 5854, and version 3.0, which the
/// mirror managers of Fedora and EPEL still write.
public struct Metalink: Hashable, Sendable {
  /// Best first.
  public let addresses: [String]
  /// SHA-256 of the file as it is now, 64 hexadecimal digits; `nil` where none is said.
  public let sha256: String?

  /// - Parameter file: the name of the file that is looked for.
  /// - Returns: `nil` where the document says nothing of that file.
  public init?(_ text: String, file: String) {
    var scanner = XMLScanner(text)
    var (isFile, isNow) = (false, true)
    var found: [(preference: Int, address: String)] = []
    var sha256: String?
    while let element = scanner.next() {
      switch element.name {
      case "file": isFile = element.attributes["name"] == file
      // What it was before: mirrors that still have it are out of date.
      case "alternates": isNow = false
      case "hash" where isFile && isNow:
        let type = element.attributes["type"]?.lowercased()
        if type == "sha256" || type == "sha-256" { sha256 = sha256 ?? element.text.lowercased() }
      case "url" where isFile:
        // Version 3 prefers the greater number, version 4 the lower one.
        let preference =
          element.attributes["preference"].flatMap(Int.init)
          ?? element.attributes["priority"].flatMap(Int.init).map { -min($0, 1_000_000) } ?? 0
        found.append((preference, element.text))
      default: break
      }
    }
    guard !found.isEmpty else { return nil }
    // Equal ones stay in their order.
    addresses = found.enumerated().sorted {
      ($0.element.preference, $1.offset) > ($1.element.preference, $0.offset)
    }.map(\.element.address)
    self.sha256 = sha256
  }
}
