/// The address of a git repository, checked before anything asks for it.
///
/// Accepted are `https`, `http`, `git`, `ssh` and `file` URLs, the scp form `[user@]host:path` and absolute
/// local paths. Everything else is refused, above all `ext::`, what a program could take for an option, and what a shell
/// on either side could read as more than a name.
public struct GitURL: Hashable, Sendable {
  /// As written, credentials included: what is fetched from, never what is shown.
  public let text: String

  static let schemes = ["https", "http", "git", "ssh", "file"]

  /// - Throws: `GraphError(.user)` that says what is wrong with the address.
  public init(_ text: String) throws(GraphError) {
    self.text = text
    if let fault = Self.fault(in: text) {
      throw GraphError(
        .user, "git address '\(shown)' \(fault)",
        hint: "use https://, http://, git://, ssh://, file://, host:path or an absolute path")
    }
  }

  /// The folder of this machine that it names; `nil` for other machines and for `file` URLs with `%` escapes.
  public var localPath: String? {
    if text.hasPrefix("/") { return text }
    return text.hasPrefix("file:///") && !text.contains("%") ? String(text.dropFirst("file://".count)) : nil
  }

  /// The machine that it names, in lower case, without user and port; `nil` for this machine.
  public var host: String? {
    if text.hasPrefix("/") || text.hasPrefix("file://") { return nil }
    guard let separator = text.firstRange(of: "://") else {
      return Self.hostName(text.prefix { $0 != ":" }, hasPort: false).lowercased()
    }
    return Self.hostName(Self.authority(text[separator.upperBound...]), hasPort: true).lowercased()
  }

  /// The address without user name and password, and without control characters: for messages.
  public var shown: String { Self.shown(text) }

  /// Any text that may be an address, as messages show it.
  public static func shown(_ text: String) -> String {
    let printable = String(
      decoding: text.utf8.map { $0 < 0x20 || $0 == 0x7f ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    guard let separator = printable.firstRange(of: "://") else { return printable }
    let rest = printable[separator.upperBound...]
    let host = authority(rest)
    guard let at = host.lastIndex(of: "@") else { return printable }
    return String(printable[..<separator.upperBound] + rest[rest.index(after: at)...])
  }

  /// `message` of a library with this address's credentials taken out.
  public func redact(_ message: String) -> String {
    var output = message.replacing(text, with: shown)
    guard let separator = text.firstRange(of: "://") else { return output }
    let host = Self.authority(text[separator.upperBound...])
    if let at = host.lastIndex(of: "@"), at != host.startIndex {
      output = output.replacing(host[...at], with: "")
    }
    return output
  }

  /// Whether a `git-url` is a path relative to the workspace rather than an address.
  public static func isWorkspacePath(_ text: String) -> Bool { !text.contains(":") && !text.hasPrefix("/") }

  /// What is wrong, as the end of a sentence that begins with the address; `nil` where nothing is.
  private static func fault(in text: String) -> String? {
    if text.isEmpty { return "is empty" }
    if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) { return "has a control character in it" }
    if text.hasPrefix("-") { return "begins with '-'" }
    if text.hasPrefix("/") { return nil }
    if let separator = text.firstRange(of: "://") {
      let scheme = text[..<separator.lowerBound]
      guard schemes.contains(String(scheme)) else {
        return "has the scheme '\(scheme)', which is not supported"
      }
      let rest = text[separator.upperBound...]
      if scheme == "file" {
        return rest.count > rest.prefix { $0 != "/" }.count + 1 ? nil : "names no path"
      }
      return hostFault(authority(rest), hasPort: true) ?? signFault(text)
    }
    guard let colon = text.firstIndex(of: ":") else { return "is neither a URL nor an absolute path" }
    let path = text[text.index(after: colon)...]
    let host = text[..<colon]
    if path.hasPrefix(":") { return "has the scheme '\(host)::', which runs programs and is not supported" }
    if host.contains("/") { return "is neither a URL nor an absolute path" }
    if path.hasPrefix("-") { return "has a path that begins with '-'" }
    return hostFault(host, hasPort: false) ?? (path.isEmpty ? "names no path" : signFault(text))
  }

  /// Everything between the scheme and the path.
  private static func authority(_ rest: Substring) -> Substring {
    rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
  }

  private static func hostName(_ authority: Substring, hasPort: Bool) -> Substring {
    let name = authority[
      (authority.lastIndex(of: "@").map { authority.index(after: $0) } ?? authority.startIndex)...]
    if name.first == "[" { return name.dropFirst().prefix { $0 != "]" } }
    return hasPort ? name.prefix { $0 != ":" } : name
  }

  /// A host that begins with '-' has been taken for an option of ssh (CVE-2017-1000117).
  private static func hostFault(_ authority: Substring, hasPort: Bool) -> String? {
    let name = hostName(authority, hasPort: hasPort)
    if name.isEmpty { return "names no host" }
    if name.hasPrefix("-") || authority.hasPrefix("-") { return "has a host that begins with '-'" }
    let isAddress = name.contains(":")
    let isHost = name.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
      default: isAddress && (byte == UInt8(ascii: ":") || byte == UInt8(ascii: "%"))
      }
    }
    guard isHost else { return "has no host name before its path" }
    let behind = authority[name.endIndex...].drop { $0 == "]" }
    guard
      behind.isEmpty
        || (behind.first == ":" && behind.dropFirst().utf8.allSatisfy { (0x30...0x39).contains($0) })
    else { return "has a port that is no number" }
    return nil
  }

  /// Nothing here starts a shell, and a server might; no repository needs these signs in its name.
  private static func signFault(_ text: String) -> String? {
    if let sign = text.first(where: { " ;|<>`$\"'\\".contains($0) }) {
      return "has \(sign == " " ? "a space" : "'\(sign)'") in it"
    }
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "%") && index + 1 < bytes.count {
      // %00 to %1f are control characters in disguise.
      if [UInt8(ascii: "0"), UInt8(ascii: "1")].contains(bytes[index + 1]) {
        return "has an escaped control character in it"
      }
    }
    return nil
  }
}
