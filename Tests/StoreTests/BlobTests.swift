import Formats
import Glibc
import GraphCore
import Store
import Testing

@Suite("blobs")
struct BlobTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws { temporary = try TemporaryStore() }

  /// Small and large, compressible and not.
  static let samples: [[UInt8]] = [
    [], [1], text(2000), noise(2000), text(65_536), noise(65_536), text(65_537), noise(65_537),
    text(3_000_000),
    noise(1_000_000),
  ]

  @Test("what is written reads back, here, after a sync and elsewhere", arguments: samples.indices)
  func roundTrip(_ index: Int) throws {
    let bytes = Self.samples[index]
    let digest = try store.write(bytes)
    #expect(digest == Digest(of: bytes))
    #expect(try store.contains(digest))
    #expect(try store.read(digest) == bytes)
    try store.sync()
    #expect(try store.read(digest) == bytes)
    #expect(try temporary.another().read(digest) == bytes)
    #expect(try temporary.another(.readOnly).read(digest) == bytes)
    var streamed: [UInt8] = []
    try store.stream(digest) { streamed.append(contentsOf: $0) }
    #expect(streamed == bytes)
  }

  @Test("files are imported and exported", arguments: samples.indices)
  func files(_ index: Int) throws {
    let bytes = Self.samples[index]
    let path = try temporary.file("source", bytes)
    let digest = try store.importFile(at: path, expected: nil)
    #expect(digest == Digest(of: bytes))
    #expect(try store.importFile(at: path, expected: digest) == digest)
    try store.sync()
    let target = temporary.folder + "/target"
    try store.exportFile(digest, to: target, mode: 0o750)
    #expect(try contents(target) == bytes)
    var status = stat()
    #expect(stat(target, &status) == 0 && status.st_mode & 0o7777 == 0o750)
    #expect(throws: ChangedSource.self) { try store.importFile(at: path, expected: Digest(of: bytes + [0])) }
    var other = bytes + [9]
    other.swapAt(0, other.count - 1)
    other.removeLast()
    if !bytes.isEmpty, other != bytes {
      #expect(throws: ChangedSource.self) { try store.importFile(at: path, expected: Digest(of: other)) }
    }
  }

  @Test("a digest with the right hash and another size is another blob")
  func size() throws {
    let digest = try store.write([1, 2, 3])
    try store.sync()
    let other = try #require(Digest(hex: digest.hex, size: 4))
    #expect(try !store.contains(other))
    #expect(throws: MissingBlob(other)) { try store.read(other) }
  }

  @Test(
    "a flipped bit in a file is a missing blob and not wrong bytes",
    arguments: [text(400_000), noise(400_000)])
  func flippedFile(_ bytes: [UInt8]) throws {
    let digest = try store.write(bytes)
    try store.sync()
    let path = try shell("find \(temporary.path)/blobs -type f").split(separator: "\n")[0]
    var stored = try contents(String(path))
    stored[stored.count / 2] ^= 4
    try shell("rm -f \(path)")
    try OpenFile(creating: String(path)).write(stored)
    let target = temporary.folder + "/target"
    let other = try temporary.another()
    #expect(throws: MissingBlob(digest)) { try other.exportFile(digest, to: target, mode: 0o644) }
    #expect(access(target, F_OK) != 0)
    #expect(try shell("find \(temporary.path)/blobs -type f; ls \(temporary.folder)") == "store\n")
    #expect(try !store.contains(digest))
    #expect(throws: MissingBlob(digest)) { try store.read(digest) }
    try store.write(bytes)
    try store.sync()
    #expect(try temporary.another().read(digest) == bytes)
  }

  @Test("a flipped bit in a packed blob is a missing blob", arguments: [text(4000), noise(4000)])
  func flippedRow(_ bytes: [UInt8]) throws {
    let digest = try store.write(bytes)
    try store.sync()
    try shell(
      """
      sqlite3 \(temporary.path)/blobs.db "UPDATE blobs SET data = CAST(substr(data, 1, length(data) - 8) || x'ff' ||
        substr(data, -7) AS BLOB)"
      """)
    #expect(throws: MissingBlob(digest)) { try store.read(digest) }
    #expect(try !store.contains(digest))
    try store.write(bytes)
    #expect(try store.read(digest) == bytes)
  }

  @Test("a truncated or removed file is a missing blob", arguments: ["truncate -s 1000", "rm -f"])
  func truncated(_ command: String) throws {
    let digest = try store.write(noise(300_000))
    try store.sync()
    try shell("\(command) $(find \(temporary.path)/blobs -type f)")
    #expect(throws: MissingBlob(digest)) { try store.read(digest) }
    #expect(try !temporary.another().contains(digest))
  }

  @Test("a writer that dies before its sync leaves no row, and its blob is written again")
  func unsynced() throws {
    let bytes = noise(200_000)
    let digest: Digest
    do {
      let other = try temporary.another()
      digest = try other.write(bytes)
      try other.write([5])
    }
    #expect(try !store.contains(digest))
    #expect(throws: MissingBlob(digest)) { try store.read(digest) }
    try store.write(bytes)
    try store.sync()
    #expect(try temporary.another().read(digest) == bytes)
  }

  @Test("two stores and many tasks write and read at once")
  func concurrent() async throws {
    let other = try temporary.another()
    let shared = store
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          let mine = task.isMultiple(of: 2) ? shared : other
          for index in 0..<40 {
            let small = text(500 + index)
            let large = noise(70_000 + index)
            let digests = [try mine.write(small), try mine.write(large)]
            if index % 5 == task % 5 { try mine.sync() }
            #expect(try mine.read(digests[0]) == small)
            #expect(try mine.read(digests[1]) == large)
          }
          try mine.sync()
        }
      }
      try await group.waitForAll()
    }
    let third = try temporary.another()
    for index in 0..<40 { #expect(try third.read(Digest(of: noise(70_000 + index))).count == 70_000 + index) }
    #expect(try shell("ls \(temporary.path)/scratch").isEmpty)
  }

  @Test("real processes share a store")
  func processes() throws {
    // SQLite's own shell writes to the database while we do.
    try shell("sqlite3 \(temporary.path)/blobs.db \"CREATE TABLE other(x)\"")
    try shell(
      """
      (for i in $(seq 40); do echo "INSERT INTO other VALUES($i);"; done) > \(temporary.folder)/sql
      sqlite3 -cmd '.timeout 20000' \(temporary.path)/blobs.db < \(temporary.folder)/sql &
      """)
    for index in 0..<40 {
      try store.write(text(100 + index))
      try store.sync()
    }
    #expect(try temporary.another().contains(Digest(of: text(139))))
  }
}
