import Formats
import GraphCore
import Randomness
import Testing

@Suite("compression")
struct CompressionTests {
  static let samples: [[UInt8]] = [
    [], [7], Array("hello, hello, hello".utf8), Array(repeating: 0, count: 3_000_000),
    {
      var generator = SplitMix(seed: 1)
      return (0..<700_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }(),
  ]

  @Test("what is compressed comes back", arguments: samples.indices)
  func roundTrip(_ index: Int) throws {
    let bytes = Self.samples[index]
    let zstd = try Zstd.compress(bytes)
    #expect(try Zstd.decompress(zstd, size: bytes.count) == bytes)
    let gzip = try Gzip.compress(bytes)
    #expect(try Gzip.decompress(gzip, limit: bytes.count) == bytes)
    #expect(try Gzip.decompress(gzip + gzip, limit: 2 * bytes.count) == bytes + bytes)
    #expect(Array(gzip.prefix(10)) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
  }

  @Test("files are compressed as a stream, and the tools read them", arguments: samples.indices)
  func files(_ index: Int) throws {
    let folder = try TemporaryFolder()
    let source = try folder.file("a", Self.samples[index])
    try Zstd.compressFile(at: source, to: "\(folder.path)/a.zst")
    try Gzip.compressFile(at: source, to: "\(folder.path)/a.gz")
    try shell("cd \(folder.path) && zstd -qdc a.zst | cmp - a && gzip -dc a.gz | cmp - a")
    let size = Int64(Self.samples[index].count)
    try Zstd.decompressFile(at: "\(folder.path)/a.zst", to: "\(folder.path)/b", limit: size)
    try Gzip.decompressFile(at: "\(folder.path)/a.gz", to: "\(folder.path)/c", limit: size)
    try shell("cd \(folder.path) && cmp a b && cmp a c")
    if size > 0 {
      #expect(throws: FormatError.self) {
        try Zstd.decompressFile(at: "\(folder.path)/a.zst", to: "\(folder.path)/d", limit: size - 1)
      }
      #expect(throws: FormatError.self) {
        try Gzip.decompressFile(at: "\(folder.path)/a.gz", to: "\(folder.path)/e", limit: size - 1)
      }
    }
  }

  @Test("a wrong size, a damaged frame and a cut stream are errors")
  func damage() throws {
    let bytes = Array(repeating: UInt8(3), count: 100_000)
    let zstd = try Zstd.compress(bytes)
    #expect(throws: FormatError.self) { try Zstd.decompress(zstd, size: bytes.count - 1) }
    #expect(throws: FormatError.self) { try Zstd.decompress(zstd, size: bytes.count + 1) }
    #expect(throws: FormatError.self) { try Zstd.decompress(Array(zstd.dropLast()), size: bytes.count) }
    let gzip = try Gzip.compress(bytes)
    #expect(throws: FormatError("the gzip stream is cut off")) {
      try Gzip.decompress(Array(gzip.dropLast()), limit: 1 << 20)
    }
    #expect(throws: FormatError.self) { try Gzip.decompress(gzip, limit: bytes.count - 1) }
    var flipped = gzip
    flipped[gzip.count - 6] ^= 1
    #expect(throws: FormatError.self) { try Gzip.decompress(flipped, limit: 1 << 20) }
  }
}
