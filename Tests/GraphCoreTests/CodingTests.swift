import Testing

@testable import GraphCore

@Suite("texts and back")
struct CodingTests {
  @Test("any text survives being one word", arguments: [UInt64(1), 2, 3])
  func escape(seed: UInt64) {
    var random = Random(seed: seed)
    for _ in 0..<2000 {
      let text = random.text()
      let word = Escape.encode(text)
      #expect(
        Escape.decode(word)?.utf8.elementsEqual(text.utf8) == true, "seed=\(seed) \(text.debugDescription)")
      #expect(!word.isEmpty && word.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }, "seed=\(seed)")
    }
  }

  @Test(
    "what no text is written as is no word",
    arguments: ["\\", "\\x", "\\x4", "\\xzz", "a\\", "\\n", "\\xff", "\\x+1"])
  func escapeRefuses(word: String) {
    #expect(Escape.decode(word) == nil)
  }

  @Test("digests are read as they are written", arguments: [UInt64(1), 2, 3])
  func digest(seed: UInt64) throws {
    var random = Random(seed: seed)
    for _ in 0..<300 {
      let digest = Digest(ofText: random.text(40))
      #expect(Digest(digest.description) == digest, "seed=\(seed)")
      #expect(Digest(sha256: digest.bytes, size: digest.size) == digest)
      #expect(Digest(hex: digest.hex.uppercased(), size: digest.size) == digest)
      let artifact = Artifact(Artifact.Kind.allCases[random.below(3)], digest)
      #expect(Artifact(artifact.description) == artifact)
    }
  }

  @Test(
    "a damaged digest is none",
    arguments: [
      "", "/", "00/1", String(repeating: "0", count: 64), String(repeating: "0", count: 64) + "/-1",
      String(repeating: "0", count: 64) + "/x", String(repeating: "0", count: 64) + "/1/2",
      String(repeating: "g", count: 64) + "/1", String(repeating: "0", count: 63) + "/1",
    ])
  func digestRefuses(text: String) {
    #expect(Digest(text) == nil)
  }

  @Test("SHA-256 is the one of FIPS 180-4")
  func knownDigest() {
    #expect(
      Digest(ofText: "abc").description
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad/3")
    #expect(Digest(ofText: "").hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test("layers are read as they are written", arguments: [UInt64(1), 2, 3, 4])
  func layer(seed: UInt64) throws {
    var random = Random(seed: seed)
    for _ in 0..<100 {
      let layer = Self.layer(&random)
      let read = try Layer(encoded: layer.encoded())
      #expect(read == layer, "seed=\(seed)")
      #expect(read.digest == layer.digest)
      #expect(layer.asTree.isTree, "seed=\(seed)")
      #expect(
        Layer(entries: layer.entries.shuffled(using: &random)) == layer, "seed=\(seed): order is canonical")
    }
  }

  @Test("a recipe with a damaged byte is refused or another recipe", arguments: [UInt64(1), 2])
  func damagedLayer(seed: UInt64) throws {
    var random = Random(seed: seed)
    let layer = Self.layer(&random)
    let bytes = layer.encoded()
    for _ in 0..<500 {
      var damaged = bytes
      damaged[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
      if damaged == bytes { continue }
      // Never a crash; where it can be read, it is read as something whose digest is that of other bytes.
      if let read = try? Layer(encoded: damaged) { #expect(read != layer || damaged.count == bytes.count) }
    }
    for text in [
      "", "graph-layer 1", "graph-layer 2\n", "\n", "file 755 0 0 0 - a\n", "graph-layer 1\n+ a 00\n",
    ] {
      #expect(throws: CorruptLayer.self, "\(text)") { try Layer(encoded: Array(text.utf8)) }
    }
  }

  static func layer(_ random: inout Random) -> Layer {
    var entries: [String: Layer.Entry] = [:]
    for _ in 0..<random.below(12) {
      let path = "p" + random.text()
      let contents: [Layer.Entry.Content] = [
        .file(Digest(ofText: random.text())), .directory, .symlink(target: random.text()),
        .hardlink(target: random.text()), .characterDevice(major: 5, minor: 1),
        .blockDevice(major: 8, minor: .max),
        .fifo, .whiteout, .opaqueDirectory,
      ]
      let attributes =
        random.below(3) == 0 ? [Layer.Entry.Attribute(name: random.text(), value: [0, 255])] : []
      entries[path] = Layer.Entry(
        path: path, content: contents[random.below(contents.count)], mode: UInt16(random.below(0o10000)),
        owner: UInt32(random.below(3)), group: .max, modified: Int64(random.below(100)) - 50,
        attributes: attributes)
    }
    return Layer(entries: Array(entries.values))
  }
}
