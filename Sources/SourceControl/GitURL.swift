import GraphCore

/// The address of a git repository, checked before any library sees it.
///
/// Accepted are `https`, `http`, `git`, `ssh` and `file` URLs, the scp form `[user@]host:path` and absolute
/// local paths. Everything else is refused, above all `ext::` and what a program could take for an option.
struct GitURL: Hashable, Sendable {
  /// As written, credentials included: what is fetched from, never what is shown.
  let text: String

  static let schemes = ["https", "http", "git", "ssh", "file"]

  /// - Throws: `GraphError(.user)` that says what is wrong with the address.
  init(_ text: String) throws(GraphError) {
    self.text = text
    if let fault = Self.fault(in: text) {
      throw GraphError(
        .user, "git address '\(shown)' \(fault)",
        hint: "use https://, http://, git://, ssh://, file://, host:path or an absolute path")
    }
  }

  /// The folder of this machine that it names; `nil` for other machines and for `file` URLs with `%` escapes.
  var localPath: String? {
    if text.hasPrefix("/") { return text }
    return text.hasPrefix("file:///") && !text.contains("%") ? String(text.dropFirst("file://".count)) : nil
  }

  /// The address without user name and password, and without control characters: for messages.
  var shown: String {
    let printable = String(
      decoding: text.utf8.map { $0 < 0x20 || $0 == 0x7f ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    guard let separator = printable.firstRange(of: "://") else { return printable }
    let rest = printable[separator.upperBound...]
    let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard let at = host.lastIndex(of: "@") else { return printable }
    return String(printable[..<separator.upperBound] + rest[rest.index(after: at)...])
  }

  /// `message` of a library with this address's credentials taken out.
  func redact(_ message: String) -> String {
    var output = message.replacing(text, with: shown)
    guard let separator = text.firstRange(of: "://") else { return output }
    let host = text[separator.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    if let at = host.lastIndex(of: "@"), at != host.startIndex {
      output = output.replacing(host[...at], with: "")
    }
    return output
  }

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
      return faultAfterScheme(text[separator.upperBound...], scheme: scheme)
    }
    guard let colon = text.firstIndex(of: ":") else { return "is neither a URL nor an absolute path" }
    let path = text[text.index(after: colon)...]
    let host = text[..<colon]
    if path.hasPrefix(":") { return "has the scheme '\(host)::', which runs programs and is not supported" }
    if host.contains("/") { return "is neither a URL nor an absolute path" }
    return hostFault(host) ?? (path.isEmpty ? "names no path" : nil)
  }

  private static func faultAfterScheme(_ rest: Substring, scheme: Substring) -> String? {
    let host = rest.prefix { $0 != "/" }
    if scheme != "file" { return hostFault(host) }
    return rest.count > host.count + 1 ? nil : "names no path"
  }

  /// A host that begins with '-' has been taken for an option of ssh (CVE-2017-1000117).
  private static func hostFault(_ host: Substring) -> String? {
    let name = host[(host.lastIndex(of: "@").map { host.index(after: $0) } ?? host.startIndex)...]
    if name.isEmpty { return "names no host" }
    return name.hasPrefix("-") || host.hasPrefix("-") ? "has a host that begins with '-'" : nil
  }
}
