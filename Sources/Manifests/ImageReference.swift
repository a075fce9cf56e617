/// The name of an image as `FROM` and registries have it: `[registry[:port]/]path[:tag][@sha256:digest]`.
///
/// Nothing is filled in: without a registry, tag or digest those are `nil`. Source: the grammar of the distribution
/// project's reference package; the first component is a registry only if it has a '.' or ':' or is `localhost`.
public struct ImageReference: Hashable, Sendable, CustomStringConvertible {
  public var registry: String?
  /// One or more components joined by `/`.
  public var path: String
  public var tag: String?
  /// `sha256:` and 64 lower-case hexadecimal digits.
  public var digest: String?

  public init(registry: String?, path: String, tag: String? = nil, digest: String? = nil) {
    self.registry = registry
    self.path = path
    self.tag = tag
    self.digest = digest
  }

  public var description: String {
    (registry.map { $0 + "/" } ?? "") + path + (tag.map { ":" + $0 } ?? "") + (digest.map { "@" + $0 } ?? "")
  }

  /// - Throws: `ImageReferenceError`, whose description says what is wrong and how to write it.
  public init(_ text: String) throws(ImageReferenceError) {
    func fail(_ reason: String) -> ImageReferenceError {
      ImageReferenceError("'\(text.shortened)' is not an image reference: \(reason)")
    }
    guard !text.isEmpty else { throw fail("it is empty") }
    var rest = Substring(text)
    if let at = rest.firstIndex(of: "@") {
      let digest = rest[rest.index(after: at)...]
      rest = rest[..<at]
      let digits = digest.utf8.dropFirst(7)
      guard digest.utf8.starts(with: "sha256:".utf8), digits.count == 64, digits.allSatisfy(Self.isLowerHex)
      else {
        throw fail("after '@' comes 'sha256:' and 64 hexadecimal digits")
      }
      self.digest = String(digest)
    }
    var components = rest.split(separator: "/", omittingEmptySubsequences: false)
    if components.count > 1, let first = components.first, Self.meansRegistry(first) {
      guard Self.isRegistry(first) else {
        throw fail("'\(String(first).shortened)' is no host name with an optional port")
      }
      registry = String(first)
      components.removeFirst()
    }
    if let last = components.popLast() {
      guard let colon = last.firstIndex(of: ":") else {
        components.append(last)
        path = ""
        try setPath(components, fail)
        return
      }
      let tag = last[last.index(after: colon)...]
      guard Self.isTag(tag) else {
        throw fail(
          "a tag has up to 128 letters, digits, '_', '.' and '-', and does not start with '.' or '-'")
      }
      self.tag = String(tag)
      components.append(last[..<colon])
    }
    path = ""
    try setPath(components, fail)
  }

  private mutating func setPath(
    _ components: [Substring], _ fail: (String) -> ImageReferenceError
  ) throws(ImageReferenceError) {
    for component in components where !Self.isPathComponent(component) {
      throw fail(
        component.isEmpty
          ? "it has an empty part"
          : "'\(String(component).shortened)' must be lower-case letters and digits, with '.', '_', '__' or '-' between them"
      )
    }
    path = components.joined(separator: "/")
    guard (registry.map { $0.utf8.count + 1 } ?? 0) + path.utf8.count <= 255 else {
      throw fail("it is longer than 255 characters")
    }
  }

  /// Whether the first of several components names a registry.
  static func meansRegistry(_ component: Substring) -> Bool {
    component == "localhost" || component.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }
  }

  /// A host name or address in brackets, and an optional port.
  static func isRegistry(_ text: Substring) -> Bool {
    var host = text
    if text.first == "[" {
      guard let close = text.firstIndex(of: "]") else { return false }
      let address = text[text.index(after: text.startIndex)..<close]
      guard !address.isEmpty, address.utf8.allSatisfy({ isHex($0) || $0 == UInt8(ascii: ":") }) else {
        return false
      }
      let after = text[text.index(after: close)...]
      return after.isEmpty || (after.first == ":" && isPort(after.dropFirst()))
    }
    if let colon = text.firstIndex(of: ":") {
      guard isPort(text[text.index(after: colon)...]) else { return false }
      host = text[..<colon]
    }
    return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      let bytes = Array(label.utf8)
      return bytes.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
        && !bytes.isEmpty && bytes.first != UInt8(ascii: "-") && bytes.last != UInt8(ascii: "-")
    }
  }

  private static func isPort(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.count <= 5 && text.utf8.allSatisfy(isDigit)
  }

  static func isTag(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
    func isWord(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") }
    return isWord(first)
      && text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
  }

  static func isPathComponent(_ text: Substring) -> Bool {
    let bytes = Array(text.utf8)
    func isWord(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x7a).contains(byte) }
    guard let first = bytes.first, let last = bytes.last, isWord(first), isWord(last) else { return false }
    for separator in bytes.split(whereSeparator: isWord) {
      switch separator.count {
      case 1: guard separator.allSatisfy({ [0x2e, 0x5f, 0x2d].contains($0) }) else { return false }
      case 2 where separator.allSatisfy({ $0 == 0x5f }): continue
      default: guard separator.allSatisfy({ $0 == 0x2d }) else { return false }
      }
    }
    return true
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }
  private static func isLowerHex(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte) }
  private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte | 0x20) }
}

/// Why a text is not an image reference, in a reader's words.
public struct ImageReferenceError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
