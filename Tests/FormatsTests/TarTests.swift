import Formats
import GraphCore
import Randomness
import Testing

@Suite("tar")
struct TarTests {
  let store = MemoryStore()

  func tar(_ layer: Layer) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try TarWriter.write(layer, read: store.read, to: { bytes.append(contentsOf: $0) })
    return bytes
  }

  /// One of everything.
  var sample: Layer {
    let long = String(repeating: "long-name-", count: 12)
    return Layer(
      entries: [
        .init(path: "dev", content: .directory, mode: 0o755, modified: 5),
        .init(path: "dev/null", content: .characterDevice(major: 1, minor: 3), mode: 0o666),
        .init(path: "dev/disk", content: .blockDevice(major: 259, minor: 70_000), mode: 0o660, group: 6),
        .init(path: "dev/pipe", content: .fifo, mode: 0o600),
        .init(path: "etc", content: .opaqueDirectory, mode: 0o700, owner: 3, modified: 99),
        .init(path: "etc/gone", content: .whiteout, mode: 0, modified: 98),
        .init(
          path: "usr/bin/ping", content: .file(store.write(Array("ping\n".utf8))), mode: 0o4755,
          owner: 4_000_000_000,
          group: 7, modified: 1_700_000_000,
          attributes: [.init(name: "security.capability", value: [1, 0, 0, 2, 0, 0x20, 0, 0, 10, 0xff])]),
        .init(
          path: "usr/bin/pong", content: .hardlink(target: "usr/bin/ping"), mode: 0o4755,
          owner: 4_000_000_000,
          group: 7, modified: 1_700_000_000),
        .init(path: "usr/empty", content: .file(store.write([])), mode: 0o644, modified: 1 << 40),
        .init(path: "usr/lib64", content: .symlink(target: "lib/" + long), mode: 0o777, modified: -7),
        .init(path: "usr/share/" + long, content: .directory, mode: 0o1777),
        .init(path: "usr/share/" + long + "/" + long, content: .file(store.write([1])), mode: 0o644),
        .init(path: "usr/share/" + long + "/" + long + "/" + long, content: .fifo, mode: 0o644),
        .init(path: "usr/share/Ångström naïve", content: .symlink(target: "héllo"), mode: 0o777),
      ].filter { !$0.path.hasSuffix(long + "/" + long + "/" + long) })
  }

  @Test("the bytes are the same for ever")
  func golden() throws {
    let bytes = try tar(sample)
    #expect(Digest(of: bytes).hex == "6397c23f6b580d8594eb1b61cb357f536cbe2b087cf018ee052ccf9e3d3de951")
    #expect(bytes.suffix(1024).allSatisfy { $0 == 0 })
    #expect(bytes.count.isMultiple(of: 512))
    #expect(try tar(Layer(entries: [])).count == 1024)
  }

  @Test("GNU tar and python list what is written")
  func otherTools() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("a.tar", try tar(sample))
    let listing = try shell("LC_ALL=C.UTF-8 tar tf \(path)")
    let python = try shell(
      """
      python3 -c "
      import tarfile
      for m in tarfile.open('\(path)'): print(m.name + ('/' if m.isdir() else ''))
      "
      """)
    #expect(python == listing)
    #expect(listing.split(separator: "\n").count == sample.entries.count + 1)
    #expect(listing.contains("etc/.wh..wh..opq\n"))
    #expect(listing.contains("etc/.wh.gone\n"))
    #expect(listing.contains("Ångström naïve\n"))
    let long = try shell("LC_ALL=C TZ=UTC tar tvf \(path) --numeric-owner | grep -e ping -e disk -e lib64")
    #expect(long.contains("4000000000/7"))
    #expect(long.contains("259,70000"))
    #expect(long.contains("1969-12-31 23:59  usr/lib64"))
  }

  @Test("what is written reads back", arguments: [nil, "gzip", "zstd", "xz"])
  func roundTrip(_ compressor: String?) throws {
    let folder = try TemporaryFolder()
    var path = try folder.file("a.tar", try tar(sample))
    if let compressor {
      try shell("\(compressor) -q < \(path) > \(path).z")
      path += ".z"
    }
    #expect(try TarReader.readLayer(at: path, store: store) == sample)
  }

  @Test("random layers read back", arguments: 0..<60)
  func property(_ seed: Int) throws {
    var generator = SplitMix(seed: UInt64(seed))
    let layer = try randomLayer(&generator)
    let folder = try TemporaryFolder()
    let read = try TarReader.readLayer(at: try folder.file("a.tar", try tar(layer)), store: store)
    #expect(read == layer, "seed=\(seed)")
    #expect(try tar(read) == tar(layer), "seed=\(seed)")
  }

  private func randomLayer(_ generator: inout SplitMix) throws -> Layer {
    func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &generator) }
    let parts = [
      "a", "b.c", "日本", "with space", "é", String(repeating: "x", count: 90), "Z-", "q\\n", "tab\there",
    ]
    var folders = [""]
    var entries: [String: Layer.Entry] = [:]
    for _ in 0..<below(60) {
      let path = folders[below(folders.count)] + parts[below(parts.count)] + "\(below(30))"
      if entries[path] != nil || path.utf8.count > 3000 { continue }
      var entry = Layer.Entry(
        path: path, content: .directory, mode: UInt16(below(0o10000)), owner: UInt32(below(3_000_000)),
        group: UInt32(below(3_000_000)), modified: Int64(below(1 << 36)) - 1000)
      switch below(9) {
      case 0:
        entry.content = .symlink(
          target: "../" + parts[below(parts.count)] + String(repeating: "t", count: below(200)))
      case 1: entry.content = .characterDevice(major: UInt32(below(4000)), minor: UInt32(below(300_000)))
      case 2: entry.content = .fifo
      case 3: entry = .init(path: path, content: .whiteout, mode: 0, modified: entry.modified)
      case 4: entry.content = .opaqueDirectory
      case 5, 6:
        entry.content = .file(store.write((0..<below(2000)).map { UInt8(truncatingIfNeeded: $0 &* 7) }))
        if below(2) == 0 {
          entry.attributes = [
            .init(name: "security.x", value: (0..<below(40)).map { _ in UInt8(below(256)) }),
            .init(name: "user.y", value: [UInt8(below(256))]),
          ]
        }
      default: break
      }
      if case .symlink = entry.content { entry.mode = 0o777 }
      if entry.content == .directory || entry.content == .opaqueDirectory { folders.append(path + "/") }
      entries[path] = entry
    }
    for file in entries.values {
      guard case .file = file.content, below(3) == 0 else { continue }
      var link = file
      link.path = file.path + "-link"
      link.content = .hardlink(target: file.path)
      link.attributes = []
      if entries[link.path] == nil { entries[link.path] = link }
    }
    return Layer(entries: Array(entries.values))
  }
}
