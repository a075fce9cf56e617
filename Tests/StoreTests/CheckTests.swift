import Formats
import Glibc
import GraphCore
import Testing

@testable import Store

@Suite("check")
struct CheckTests {
  let history: History
  var store: Store { history.store }
  let blobs: [Digest]
  let contents: [[UInt8]]

  /// A packed blob, a file as it is, a compressed one, a difference to that, and results that name each.
  init() throws {
    history = try History()
    var content = Content(seed: 1)
    let compressed = content.bytes(300_000)
    let contents = [text(3000), noise(100_000), compressed, content.edited(compressed, edits: 2)]
    let history = history
    let blobs = try contents.map { try history.blob($0).digest }
    (self.contents, self.blobs) = (contents, blobs)
    for (day, digest) in blobs.enumerated() {
      let name = "//n\(day)"
      try history.run(day, wanting: [name], [.init(name: name, artifact: Artifact(.blob, digest))])
    }
  }

  private var file: [String] {
    blobs.map { digest in
      let path = "\(store.path)/blobs/\(digest.hex.prefix(2))/\(digest.hex)"
      return ["", ".zst", ".delta"].map { path + $0 }.first { access($0, F_OK) == 0 } ?? ""
    }
  }

  private func check(repairs: Bool) throws -> CheckReport {
    try history.temporary.another().check(repairs: repairs)
  }

  private var resultsThere: [Bool] {
    get throws {
      try blobs.enumerated().map { day, digest in
        let trace = history.trace(.init(name: "//n\(day)", artifact: Artifact(.blob, digest)))
        return try store.result(of: trace.key) != nil
      }
    }
  }

  private func damage(_ path: String, at offset: Int = 5000) throws {
    try shell("chmod 644 \(path); printf '\\377\\001\\376' | dd conv=notrunc bs=1 seek=\(offset) status=none of=\(path)")
  }

  @Test("a sound store is sound, and all of its content was read")
  func sound() throws {
    var seen: [Int64] = []
    let report = try store.check(repairs: false) { done, _ in seen.append(done) }
    #expect(report.isSound && report.findings.isEmpty)
    #expect(report.blobs == 4 && report.results == 4)
    #expect(report.bytes == contents.reduce(0) { $0 + Int64($1.count) } && seen.last == report.bytes)
  }

  @Test("damage of a file is found, and mended by forgetting what names it", arguments: 1...3)
  func damagedFile(_ index: Int) throws {
    try damage(file[index])
    let expected = index == 2 ? [2, 3] : [index]
    let found = try check(repairs: false)
    #expect(!found.isSound)
    #expect(found.findings.filter { $0.kind == .blob }.map(\.subject) == expected.map { "\(blobs[$0])" })
    #expect(try resultsThere == [true, true, true, true])
    let mended = try check(repairs: true)
    #expect(mended.isSound && !mended.findings.isEmpty)
    #expect(try resultsThere == (0..<4).map { !expected.contains($0) })
    #expect(try check(repairs: false).findings.isEmpty)
    for index in expected { #expect(try history.blob(contents[index]).digest == blobs[index]) }
    #expect(try check(repairs: false).findings.isEmpty)
    for index in 0..<4 { #expect(try history.temporary.another().read(blobs[index]) == contents[index]) }
  }

  @Test("damage of a packed blob, and a file that is gone")
  func damagedRow() throws {
    try shell(
      "sqlite3 \(store.path)/blobs.db \"UPDATE blobs SET data = CAST(x'00' || substr(data, 2) AS BLOB) WHERE data NOT NULL\"")
    try shell("rm -f \(file[1])")
    #expect(Set(try check(repairs: false).findings.map(\.kind)) == [.blob, .missing, .result])
    #expect(try check(repairs: true).isSound)
    #expect(try resultsThere == [false, false, true, true])
    #expect(try check(repairs: false).findings.isEmpty)
  }

  @Test("files without rows are taken in where they are whole, and removed where they are not")
  func unknownFiles() throws {
    let other = Digest(of: noise(70_000, seed: 7))
    try shell(
      """
      sqlite3 \(store.path)/blobs.db 'DELETE FROM blobs WHERE encoding > 1; DELETE FROM large'
      mkdir -p \(store.path)/blobs/\(other.hex.prefix(2)); echo x > \(store.path)/blobs/\(other.hex.prefix(2))/\(other.hex)
      echo y > \(store.path)/blobs/\(other.hex.prefix(2))/junk
      """)
    let found = try check(repairs: false)
    #expect(found.findings.filter { $0.kind == .unknownFile }.count == 5)
    let beside = try history.temporary.another()
    #expect(try history.temporary.another().check(repairs: true).findings.allSatisfy { $0.kind != .unknownFile || $0.repair == nil })
    withExtendedLifetime(beside) {}
  }

  @Test("a lost database of blobs is made again from the files")
  func lostRows() throws {
    try shell("sqlite3 \(store.path)/blobs.db 'DELETE FROM blobs WHERE encoding > 1; DELETE FROM large; DELETE FROM features'")
    let path = store.path
    // Alone, as a command is.
    let report = try CheckTests.alone(history) { try $0.check(repairs: true) }
    #expect(report.findings.filter { $0.kind == .unknownFile }.map(\.repair) == ["taken in", "taken in", "taken in"])
    #expect(report.isSound)
    let reading = try Store.open(at: path, mode: .readOnly)
    for index in 0..<4 { #expect(try reading.read(blobs[index]) == contents[index]) }
    #expect(try reading.check(repairs: false).findings.isEmpty)
  }

  /// Runs `body` on the store as the only process that is there.
  static func alone<Result>(_ history: History, _ body: (Store) throws -> Result) throws -> Result {
    let store = history.store
    for name in try Folders.names(in: "\(store.path)/locks/users") where name != store.presence?.name {
      unlink("\(store.path)/locks/users/\(name)")
    }
    return try body(store)
  }

  @Test("results that cannot be read, and snapshots and pins whose blobs are lost")
  func facts() throws {
    let name = try store.saveSnapshot(Array("document".utf8), day: "20261130")
    try store.pin(Pin(name: "p", time: 1, outputs: ["//n0": ["out": Artifact(.blob, blobs[0])]]))
    try shell(
      """
      sqlite3 \(store.path)/blobs.db 'DELETE FROM blobs WHERE encoding < 2'
      sqlite3 \(store.path)/graph.db "UPDATE actions SET outputs = 'out blab ' WHERE outputs LIKE '%\(blobs[1].hex)%'"
      """)
    let found = try check(repairs: false)
    #expect(Set(found.findings.map(\.kind)) == [.database, .result, .snapshot, .pin])
    #expect(found.findings.first { $0.kind == .snapshot }?.subject == name)
    let repaired = try check(repairs: true)
    // Only whoever made the pin can say what to do about it.
    #expect(repaired.findings.filter { $0.repair == nil }.map(\.kind) == [.pin])
    #expect(try store.snapshotNames().isEmpty)
    #expect(try store.saveSnapshot(Array("document".utf8), day: "20261130") == "20261130_02")
    #expect(try store.unpin("p"))
    #expect(try check(repairs: false).findings.isEmpty)
  }

  @Test("a damaged checkout is found and removed")
  func checkout() throws {
    let path = try store.file(blobs[0])
    try damage(path, at: 10)
    #expect(try check(repairs: false).findings.map(\.kind) == [.checkout])
    #expect(try check(repairs: true).isSound)
    #expect(try StoreTests.contents(store.file(blobs[0])) == contents[0])
  }

  @Test("a database that SQLite cannot read is moved aside by the next who writes", arguments: ["graph.db", "blobs.db"])
  func damagedDatabase(_ name: String) throws {
    let path = store.path
    try shell(
      """
      cd \(path); sqlite3 \(name) 'PRAGMA wal_checkpoint(TRUNCATE)' > /dev/null
      dd if=/dev/urandom of=\(name) bs=1024 seek=1 count=300 conv=notrunc status=none
      """)
    func use() throws {
      let other = try Store.open(at: path, mode: .readWrite)
      _ = try other.check(repairs: false)
    }
    #expect(throws: GraphError.self) { try use() }
    #expect(access("\(path)/\(name).damaged", F_OK) == 0)
    let other = try Store.open(at: path, mode: .readWrite)
    #expect(other.notices.count == 1 && other.notices[0].contains(name))
    #expect(try shell("ls \(path) | grep -c '\(name).damaged-[0-9]*$'") == "1\n")
    // Whatever it knows, it gives no wrong answer, and what is made again is there.
    for (index, digest) in blobs.enumerated() {
      #expect(try other.write(contents[index]) == digest)
      try other.sync()
      #expect(try other.read(digest) == contents[index])
    }
    try other.write(text(99))
    try other.sync()
    #expect(try other.read(Digest(of: text(99))) == text(99))
    #expect(try Store.open(at: path, mode: .readWrite).notices.isEmpty)
  }
}
