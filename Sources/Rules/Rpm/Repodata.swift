import GraphCore

/// What `repomd.xml` says of one metadata file.
public struct RepodataFile: Hashable, Sendable {
  /// Relative to the repository's address: `repodata/…-primary.xml.gz`.
  public let location: String
  /// The algorithm as written (`sha256`), lower case, and the checksum of the file as it is.
  public let checksumType: String
  public let checksum: String
  /// Bytes of the file; `nil` where not said.
  public let size: Int64?
  /// Bytes after decompression; `nil` where not said.
  public let openSize: Int64?

  /// The digest of the file as it is; `nil` where the checksum is no SHA-256 or the size is not said.
  public var digest: Digest? {
    guard checksumType == "sha256", let size else { return nil }
    return Digest(hex: checksum, size: size)
  }
}

/// The part of a repository's `repomd.xml` that solving needs: where the metadata files are.
public struct Repodata: Hashable, Sendable {
  /// What the repository calls this state, often a time; empty where not said.
  public let revision: String
  /// By type: `primary`, `filelists`, `group`, …
  public let files: [String: RepodataFile]

  /// Reads `repomd.xml`.
  ///
  /// - Throws: `GraphError(.user)` where this is no such file or has no `primary`; never anything worse,
  ///   whatever the bytes.
  public init(repomd bytes: [UInt8]) throws(GraphError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw GraphError(.user, "repomd.xml is not UTF-8")
    }
    var scanner = XMLScanner(text)
    var revision = ""
    var files: [String: RepodataFile] = [:]
    var current: Entry?
    var isRepomd = false
    while let element = scanner.next() {
      switch element.name {
      case "repomd": isRepomd = true
      case "revision": revision = element.text
      case "data":
        if let entry = current, let file = entry.file { files[entry.type] = file }
        current = element.attributes["type"].map { Entry(type: $0) }
      case "location": current?.location = element.attributes["href"]
      case "checksum":
        current?.checksum = element.attributes["type"].map { ($0.lowercased(), element.text.lowercased()) }
      case "size": current?.size = Int64(element.text)
      case "open-size": current?.openSize = Int64(element.text)
      default: break
      }
    }
    if let entry = current, let file = entry.file { files[entry.type] = file }
    guard isRepomd else { throw GraphError(.user, "this is no repomd.xml: it has no element 'repomd'") }
    guard files["primary"] != nil else {
      throw GraphError(.user, "repomd.xml names no file of type 'primary'")
    }
    self.revision = revision
    self.files = files
  }

  private struct Entry {
    let type: String
    var location: String?
    var checksum: (type: String, value: String)?
    var size: Int64?
    var openSize: Int64?

    init(type: String) { self.type = type }

    /// `nil` where a part is missing that nothing can be done without.
    var file: RepodataFile? {
      guard let location, !location.isEmpty, let checksum else { return nil }
      return RepodataFile(
        location: location, checksumType: checksum.type, checksum: checksum.value,
        size: size.flatMap { $0 >= 0 ? $0 : nil },
        openSize: openSize.flatMap { $0 >= 0 ? $0 : nil })
    }
  }
}

/// Start tags and the text right after each: all of XML that `repomd.xml` uses.
///
/// Comments, declarations and end tags are skipped; prefixes are dropped from names. Bytes that are no XML
/// end the scan early and do nothing else.
struct XMLScanner {
  struct Element {
    var name: String
    var attributes: [String: String]
    /// Up to the next tag, without space around it.
    var text: String
  }

  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  mutating func next() -> Element? {
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
