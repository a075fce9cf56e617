/// Start tags and the text right after each: all of XML that `repomd.xml`, comps.xml and Metalink documents use.
///
/// Comments, declarations and end tags are skipped; prefixes are dropped from names. Bytes that are no XML
/// end the scan early and do nothing else. Entities of a document are not known, so none can grow.
public struct XMLScanner {
  public struct Element {
    public var name: String
    public var attributes: [String: String]
    /// Up to the next tag, without space around it.
    public var text: String
  }

  private var rest: Substring.UTF8View

  public init(_ text: String) { rest = text[...].utf8 }

  public mutating func next() -> Element? {
    while let open = rest.firstIndex(of: UInt8(ascii: "<")) {
      rest = rest[rest.index(after: open)...]
      if rest.starts(with: "!--".utf8) {
        skip(past: "-->")
      } else if let first = rest.first,
        [UInt8(ascii: "/"), UInt8(ascii: "!"), UInt8(ascii: "?")].contains(first)
      {
        skip(past: ">")
      } else {
        return element()
      }
    }
    return nil
  }

  /// Reads from behind the `<` of a start tag; `nil` where the tag does not end.
  private mutating func element() -> Element? {
    let name = word()
    var attributes: [String: String] = [:]
    while true {
      skipSpace()
      guard let character = rest.first else { return nil }
      if character == UInt8(ascii: ">") { break }
      if character == UInt8(ascii: "/") {
        rest = rest.dropFirst()
        continue
      }
      let key = word()
      skipSpace()
      guard !key.isEmpty, rest.first == UInt8(ascii: "=") else { return nil }
      rest = rest.dropFirst()
      skipSpace()
      guard let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
        return nil
      }
      rest = rest.dropFirst()
      guard let end = rest.firstIndex(of: quote) else { return nil }
      attributes[Self.withoutPrefix(key)] = Self.unescaped(rest[..<end])
      rest = rest[rest.index(after: end)...]
    }
    rest = rest.dropFirst()
    let end = rest.firstIndex(of: UInt8(ascii: "<")) ?? rest.endIndex
    let text = rest[..<end]
    rest = rest[end...]
    return Element(
      name: Self.withoutPrefix(name), attributes: attributes, text: Self.trimmed(Self.unescaped(text)))
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

  private mutating func skipSpace() { rest = rest.drop(while: Self.isSpace) }

  private mutating func skip(past end: String) {
    while !rest.isEmpty, !rest.starts(with: end.utf8) { rest = rest.dropFirst() }
    rest = rest.dropFirst(end.utf8.count)
  }

  private mutating func word() -> String {
    let word = rest.prefix { !Self.isSpace($0) && !"=>/<\"'".utf8.contains($0) }
    rest = rest[word.endIndex...]
    return String(decoding: word, as: UTF8.self)
  }

  private static func withoutPrefix(_ name: String) -> String {
    name.lastIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? name
  }

  private static func trimmed(_ text: String) -> String {
    let start = text.utf8.drop(while: isSpace)
    let end = start.reversed().drop(while: isSpace).count
    return String(decoding: start.prefix(end), as: UTF8.self)
  }

  private static func unescaped(_ text: Substring.UTF8View) -> String {
    var output = String(decoding: text, as: UTF8.self)
    // The ampersand is last: what it makes is not read again.
    for (name, character) in [
      ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&"),
    ] {
      output = output.replacing(name, with: character)
    }
    return output
  }
}
