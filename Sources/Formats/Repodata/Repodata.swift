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

  public init(location: String, checksumType: String, checksum: String, size: Int64?, openSize: Int64?) {
    (self.location, self.checksumType, self.checksum) = (location, checksumType, checksum)
    (self.size, self.openSize) = (size, openSize)
  }

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

  public init(revision: String, files: [String: RepodataFile]) {
    (self.revision, self.files) = (revision, files)
  }

  /// A `repomd.xml` that says just this: the same facts, the same bytes.
  public func encoded() -> [UInt8] {
    var text = """
      <?xml version="1.0" encoding="UTF-8"?>
      <repomd xmlns="http://linux.duke.edu/metadata/repo">
        <revision>\(Self.escaped(revision))</revision>

      """
    for (type, file) in files.sorted(by: { $0.key.precedesInBytes($1.key) }) {
      text += "  <data type=\"\(Self.escaped(type))\">\n"
      text +=
        "    <checksum type=\"\(Self.escaped(file.checksumType))\">\(Self.escaped(file.checksum))</checksum>\n"
      text += "    <location href=\"\(Self.escaped(file.location))\"/>\n"
      if let size = file.size { text += "    <size>\(size)</size>\n" }
      if let size = file.openSize { text += "    <open-size>\(size)</open-size>\n" }
      text += "  </data>\n"
    }
    return Array((text + "</repomd>\n").utf8)
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
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
