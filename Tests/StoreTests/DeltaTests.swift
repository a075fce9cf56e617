import Formats
import Glibc
import GraphCore
import Randomness
import Testing

@testable import Store

/// Content that is made by chance, the same for the same seed, and partly compressible as programs are.
struct Content {
  var generator: SplitMix

  init(seed: UInt64) { generator = SplitMix(seed: seed) }

  /// Words of a small dictionary, with some noise between.
  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 16)
    while bytes.count < count {
      let word = generator.next()
      if word & 7 == 0 {
        withUnsafeBytes(of: generator.next()) { bytes += $0 }
      } else {
        bytes += Self.words[Int(word >> 8 & 255)]
      }
    }
    return Array(bytes.prefix(count))
  }

  private static let words: [[UInt8]] = {
    var generator = SplitMix(seed: 99)
    return (0..<256).map { _ in
      (0..<Int(generator.next() & 15) + 4).map { _ in UInt8(truncatingIfNeeded: generator.next() & 63 + 32) }
    }
  }()

  /// Some insertions, removals, replacements and moves.
  mutating func edited(_ bytes: [UInt8], edits: Int) -> [UInt8] {
    var result = bytes
    for _ in 0..<edits {
      let at = Int.random(in: 0...result.count, using: &generator)
      let length = min(result.count - at, Int.random(in: 0...5000, using: &generator))
      switch generator.next() & 3 {
      case 0: result.insert(contentsOf: self.bytes(length), at: at)
      case 1: result.removeSubrange(at..<at + length)
      case 2: result.replaceSubrange(at..<at + length, with: self.bytes(length))
      default:
        let moved = Array(result[at..<at + length])
        result.removeSubrange(at..<at + length)
        result.insert(contentsOf: moved, at: Int.random(in: 0...result.count, using: &generator))
      }
    }
    return result
  }
}

@Suite("deltas")
struct DeltaTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws { temporary = try TemporaryStore() }

  private func stored(_ bytes: [UInt8]) throws -> Digest {
    let digest = try store.write(bytes)
    try store.sync()
    return digest
  }

  private func files(_ suffix: String) throws -> [String] {
    try shell("find \(temporary.path)/blobs -type f -name '*\(suffix)' | sort").split(separator: "\n").map(
      String.init)
  }

  /// The delta of `bytes` against `base`, decoded again.
  private func throughDelta(_ bytes: [UInt8], base: [UInt8]) throws -> (bytes: [UInt8], delta: Int) {
    let baseDigest = Digest(of: base)
    var file = try temporary.file("base-\(UInt64.random(in: 0...UInt64.max))", base)
    func open() throws -> BlobFrames {
      try BlobFrames(baseDigest, .fileRaw, at: file, keptBytes: 4 << 20) {
        throw BlobFrames.Damaged(digest: $0)
      }
    }
    let basePath = file
    let encoder = try DeltaBlobEncoder(base: try open())
    var delta: [UInt8] = []
    try bytes.withUnsafeBytes { try encoder.update($0) { delta.append(contentsOf: $0) } }
    try encoder.finish { delta.append(contentsOf: $0) }
    let deltaFile = try temporary.file("delta-\(UInt64.random(in: 0...UInt64.max))", delta)
    file = basePath
    let frames = try BlobFrames(Digest(of: bytes), .fileDelta, at: deltaFile, keptBytes: 0) { _ in try open()
    }
    return (try frames.gather([0..<Int64(bytes.count)]), delta.count)
  }

  @Test("content with edits by chance comes back, and costs about what was changed", arguments: 1...6)
  func edits(_ seed: UInt64) throws {
    var content = Content(seed: seed)
    let base = content.bytes(Int.random(in: 1...700_000, using: &content.generator))
    let edits = Int.random(in: 0...20, using: &content.generator)
    let bytes = content.edited(base, edits: edits)
    let (result, delta) = try throughDelta(bytes, base: base)
    #expect(result == bytes)
    #expect(delta < 200 + edits * 5500)
  }

  static let sizes = [0, 1, 63, 64, 65, 127, 128, 129, 4096, 4 << 20, (4 << 20) + 1]

  @Test("sizes around every boundary, against nothing, itself, zeros and noise", arguments: sizes)
  func boundaries(_ size: Int) throws {
    var content = Content(seed: UInt64(size))
    let bytes = content.bytes(size)
    // Without optimisation a byte takes long.
    let bases = size > 1 << 20 ? [bytes] : [[], bytes, [UInt8](repeating: 0, count: 70_000), noise(5000)]
    for base in bases { #expect(try throughDelta(bytes, base: base).bytes == bytes) }
    let zeros = [UInt8](repeating: 0, count: size)
    let (result, delta) = try throughDelta(zeros, base: bytes)
    #expect(result == zeros)
    #expect(delta < 150)
    let ones = [UInt8](repeating: 255, count: min(size, 70_000))
    #expect(try throughDelta(ones, base: ones).bytes == ones)
  }

  @Test("a file system of mostly zeros, moved blocks and one change in each")
  func sparse() throws {
    var content = Content(seed: 5)
    let blocks = (0..<200).map { _ in content.bytes(4096) }
    func image(_ order: [Int]) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: 6 << 20)
      for (place, block) in order.enumerated() {
        bytes.replaceSubrange(place * 28_672..<place * 28_672 + 4096, with: blocks[block])
        bytes[place * 28_672 + 99] = UInt8(truncatingIfNeeded: place)
      }
      return bytes
    }
    let base = image(Array(0..<200))
    let bytes = image(Array((0..<200).reversed()))
    let (result, delta) = try throughDelta(bytes, base: base)
    #expect(result == bytes)
    #expect(delta < 20_000)
  }

  @Test("a new version is stored as its difference, and any part of it is read alone")
  func newVersion() throws {
    var content = Content(seed: 3)
    let first = content.bytes(5_000_000)
    let second = content.edited(first, edits: 10)
    let old = try stored(first)
    let new = try stored(second)
    #expect(try files(".zst").count == 1)
    let delta = try #require(try files(".delta").first)
    #expect(try contents(delta).count < 60_000)
    let other = try temporary.another(.readOnly)
    #expect(try other.read(old) == first)
    #expect(try other.read(new) == second)
    for _ in 0..<20 {
      let start = Int.random(in: 0...second.count, using: &content.generator)
      let end = min(second.count, start + Int.random(in: 0...3_000_000, using: &content.generator))
      #expect(try other.read(new, Int64(start)..<Int64(end)) == Array(second[start..<end]))
    }
    #expect(try other.read(new, 4_900_000..<9_000_000) == Array(second[4_900_000...]))
    let file = try temporary.file("second", second)
    #expect(try store.importFile(at: file, expected: nil) == new)
    #expect(try contents(store.file(new)) == second)
  }

  @Test("many versions: chains stay short, and each one comes back")
  func versions() throws {
    var content = Content(seed: 4)
    var versions = [content.bytes(600_000)]
    for _ in 0..<9 { versions.append(content.edited(versions[versions.count - 1], edits: 3)) }
    let digests = try versions.map(stored)
    #expect(try files(".zst").count == 1)
    #expect(
      try shell("sqlite3 \(temporary.path)/blobs.db 'SELECT max(depth) FROM large'") == "\(Store.depthMax)\n")
    let other = try temporary.another()
    for (digest, bytes) in zip(digests, versions) { #expect(try other.read(digest) == bytes) }
  }

  @Test(
    "what a delta stands on is lost: so is the delta, with every result that names either",
    arguments: [
      "rm -f", "truncate -s 5000", "printf X | dd conv=notrunc bs=1 seek=40000 status=none of=",
    ])
  func lostBase(_ damage: String) throws {
    var content = Content(seed: 6)
    let first = content.bytes(400_000)
    let (old, new) = (try stored(first), try stored(content.edited(first, edits: 2)))
    let other = try stored([1, 2, 3])
    let traces = [old, new, other].map { makeTrace("\($0.short)", outputs: ["out": Artifact(.blob, $0)]) }
    try store.record(traces.map { NodeTrace(node: "n", $0) })
    let file = try files(".zst")[0]
    try shell("chmod 644 \(file); \(damage)\(damage.hasSuffix("=") ? "" : " ")\(file)")
    #expect(throws: MissingBlob(new)) { try temporary.another().read(new) }
    #expect(try !store.contains(old) && !store.contains(new) && store.contains(other))
    #expect(try files("").isEmpty)
    #expect(try traces.map { try store.result(of: $0.key) != nil } == [false, false, true])
    #expect(try stored(first) == old)
    #expect(try store.read(old) == first)
  }

  @Test("a flipped bit anywhere in a delta is a missing blob or none, never wrong bytes", arguments: 1...8)
  func flippedDelta(_ seed: UInt64) throws {
    var content = Content(seed: seed)
    let first = content.bytes(200_000)
    let second = content.edited(first, edits: 12)
    let (old, new) = (try stored(first), try stored(second))
    let file = try #require(try files(".delta").first)
    var bytes = try contents(file)
    let at = Int.random(in: 0..<bytes.count, using: &content.generator)
    bytes[at] ^= 1 << UInt8(content.generator.next() & 7)
    try shell("rm -f \(file)")
    try OpenFile(creating: file).write(bytes)
    do {
      #expect(try temporary.another().read(new) == second)
    } catch let missing as MissingBlob {
      #expect(missing.digest == new)
      #expect(try !store.contains(new))
    }
    #expect(try store.read(old) == first)
  }

  @Test("damaged indexes of deltas are refused", arguments: 1...200)
  func damagedIndex(_ seed: UInt64) throws {
    var generator = SplitMix(seed: seed)
    var index = DeltaIndex(base: Digest(of: [1, 2]))
    var segment = DeltaIndex.Segment()
    segment.operations = [.copy(from: 0, count: 2), .literal(count: 100), .zeros(count: 7)]
    segment.prefix = [0..<1, 1..<2]
    segment.frameBytes = 50
    index.segments = [segment]
    let bytes = index.encoded()
    #expect(try DeltaIndex(encoded: bytes, size: 109) == index)
    var damaged = bytes
    for _ in 0...Int(generator.next() & 3) {
      damaged[32 + Int(generator.next() % UInt64(bytes.count - 32))] = UInt8(
        truncatingIfNeeded: generator.next())
    }
    // Whatever is accepted makes content of the right size from what the base has.
    if let read = try? DeltaIndex(encoded: damaged, size: 109) {
      #expect(read.segments.reduce(0) { $0 + $1.contentBytes } == 109)
    }
    #expect(throws: FormatError.self) { try DeltaIndex(encoded: Array(bytes.dropLast()), size: 109) }
    #expect(throws: FormatError.self) { try DeltaIndex(encoded: bytes, size: 110) }
  }

  @Test(
    "what is compressed already is stored as it is, and no delta is made of what was compressed anew",
    arguments: [
      "gzip -n", "xz -T1", "zstd -q -19 --single-thread", "bzip2",
    ])
  func incompressible(_ program: String) throws {
    let sources = "/usr/share/common-licenses/* /usr/lib/x86_64-linux-gnu/libcrypto.so.3 /usr/bin/perl"
    for version in 1...2 {
      let name = "\(temporary.folder)/\(version)"
      // The second has a line more at its beginning.
      try shell("(seq \(version); cat \(sources)) 2>/dev/null | \(program) > \(name)")
      let digest = try store.importFile(at: name, expected: nil)
      try store.sync()
      #expect(access("\(temporary.path)/blobs/\(digest.hex.prefix(2))/\(digest.hex)", F_OK) == 0)
    }
  }

  @Test("plain zstd reads what is stored compressed")
  func plain() throws {
    var content = Content(seed: 8)
    for size in [70_000, (2 << 20) - 1, 2 << 20, (2 << 20) + 1] {
      let bytes = content.bytes(size)
      let digest = try stored(bytes)
      let file = "\(temporary.path)/blobs/\(digest.hex.prefix(2))/\(digest.hex).zst"
      #expect(try shell("zstd -qdc \(file) | sha256sum | cut -c1-64") == digest.hex + "\n")
    }
  }

  @Test("a part is read without the rest: damage elsewhere does not matter to it, damage in it does")
  func parts() throws {
    var content = Content(seed: 9)
    for bytes in [content.bytes(5_000_000), noise(5_000_000)] {
      let digest = try stored(bytes)
      let file = try files("").first { $0.contains(digest.hex) } ?? ""
      let size = try contents(file).count
      try shell("chmod 644 \(file); printf XY | dd conv=notrunc bs=1 seek=\(size / 2) status=none of=\(file)")
      let other = try temporary.another()
      #expect(try other.read(digest, 100..<200) == Array(bytes[100..<200]))
      #expect(try other.read(digest, 4_900_000..<5_000_000) == Array(bytes[4_900_000...]))
      #expect(throws: MissingBlob(digest)) { try other.read(digest, 2_400_000..<2_600_000) }
      #expect(try !store.contains(digest))
    }
  }

  @Test("a file of an older version, which is one frame, is read whole and in parts")
  func oneFrame() throws {
    var content = Content(seed: 10)
    let bytes = content.bytes(3_000_000)
    let digest = try stored(bytes)
    let file = try files(".zst")[0]
    try shell("zstd -qdc \(file) > \(temporary.folder)/plain; zstd -qf \(temporary.folder)/plain -o \(file)")
    #expect(try store.read(digest) == bytes)
    #expect(try store.read(digest, 2_500_000..<2_500_010) == Array(bytes[2_500_000..<2_500_010]))
    // As a base it is of no use.
    let other = content.edited(bytes, edits: 1)
    #expect(try store.read(stored(other)) == other)
    #expect(try store.read(digest) == bytes)
  }

  @Test("parts of small blobs, and of what is not there")
  func smallParts() throws {
    let digest = try stored(Array(0..<100))
    #expect(try store.read(digest, 10..<12) == [10, 11])
    #expect(try store.read(digest, 98..<1000) == [98, 99])
    #expect(try store.read(digest, 5000..<6000).isEmpty)
    #expect(throws: MissingBlob(Digest(of: [7]))) { try store.read(Digest(of: [7]), 0..<1) }
  }
}
