import Formats
import GraphCore
import Testing

@testable import Rules

@Suite struct RpmRepodataTests {
  static let text = """
    <?xml version="1.0" encoding="UTF-8"?>
    <!-- <data type="primary"> -->
    <repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="x">
      <revision>1700000000</revision>
      <data type="primary">
        <checksum type="sha256">\(Digest(ofText: "primary").hex)</checksum>
        <open-checksum type="sha256">00</open-checksum>
        <location href="repodata/a&amp;b-primary.xml"/>
        <size>7</size>
        <open-size>7</open-size>
      </data>
      <data type='group'><location href='comps.xml' /><checksum type="sha">11</checksum></data>
      <data type="broken"/>
    </repomd>
    """

  @Test("repomd.xml says where the metadata is")
  func repomd() throws {
    let repodata = try Repodata(repomd: Array(Self.text.utf8))
    #expect(repodata.revision == "1700000000")
    #expect(repodata.files.keys.sorted() == ["group", "primary"])
    let primary = try #require(repodata.files["primary"])
    #expect(primary.location == "repodata/a&b-primary.xml")
    #expect(primary.digest == Digest(ofText: "primary"))
    #expect(repodata.files["group"]?.digest == nil)
    #expect(try primary.decompressed(Array("primary".utf8)) == Array("primary".utf8))
  }

  @Test(
    "what is no repomd.xml is refused",
    arguments: [
      "", "<", "<repomd", "<repomd>", "<html><data type=\"primary\"/></html>",
      "<repomd><data type=\"primary\">", "\u{0}<repomd a=>",
    ])
  func refused(_ text: String) {
    let error = #expect(throws: GraphError.self) { try Repodata(repomd: Array(text.utf8)) }
    #expect(error?.kind == .user)
  }

  @Test("no prefix and no changed byte of it makes the reader fail otherwise")
  func robust() {
    let bytes = Array(Self.text.utf8)
    for position in bytes.indices {
      for replacement: UInt8 in [0x3c, 0x22, 0x00, 0xff] {
        var changed = bytes
        changed[position] = replacement
        for candidate in [changed, Array(bytes[..<position])] {
          do { _ = try Repodata(repomd: candidate) } catch { #expect(error.kind == .user) }
        }
      }
    }
  }

  @Test("metadata is decompressed by its name and checked", arguments: ["gz", "zst", "xz", "bz2"])
  func decompressed(_ suffix: String) throws {
    let fixture = try RpmRepositoryFixture([])
    let folder = fixture.folder
    let tool = ["gz": "gzip", "zst": "zstd -q --rm", "xz": "xz", "bz2": "bzip2"][suffix] ?? ""
    _ = try RpmRepositoryFixture.run("seq 1 20000 > '\(folder)/f'; \(tool) '\(folder)/f'", in: folder)
    let bytes = try RpmRepositoryFixture.read("\(folder)/f.\(suffix)")
    let expected = Array((1...20000).map { "\($0)\n" }.joined().utf8)
    let digest = Digest(of: bytes)
    let file = RepodataFile(
      location: "repodata/f.\(suffix)", checksumType: "sha256", checksum: digest.hex, size: digest.size,
      openSize: Int64(expected.count))
    #expect(try file.decompressed(bytes) == expected)
    #expect(throws: GraphError.self) { try file.decompressed(bytes, limit: 1000) }
    #expect(throws: GraphError.self) { try file.decompressed(Array(bytes.dropLast())) }
    #expect(throws: GraphError.self) { try file.decompressed(bytes.reversed()) }
    let unchecked = RepodataFile(
      location: "repodata/f.\(suffix)", checksumType: "sha", checksum: "", size: nil,
      openSize: Int64(expected.count))
    #expect(throws: GraphError.self) { try unchecked.decompressed(Array(bytes[..<(bytes.count / 2)])) }
    #expect(throws: GraphError.self) { try unchecked.decompressed(Array("no such format".utf8)) }
  }
}
