import CLinux
import Formats
import Glibc
import GraphCore
import Store
import Testing

@Suite("checkouts")
struct CheckoutTests {
  let temporary: TemporaryStore
  var store: Store { temporary.store }

  init() throws { temporary = try TemporaryStore() }

  @Test(
    "a file is read-only, has the content and is made once",
    arguments: [text(10), text(200_000), noise(200_000)])
  func file(_ bytes: [UInt8]) throws {
    let digest = try store.write(bytes)
    try store.sync()
    let path = try store.file(digest)
    #expect(try contents(path) == bytes)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o444)
    #expect(try store.file(digest) == path)
    #expect(try temporary.another().file(digest) == path)
  }

  @Test("of makers that race the first one's checkout stays: what somebody is about to mount keeps its name")
  func race() async throws {
    let blobs = try (0..<200).map { try store.write(Array("content \($0)".utf8)) }
    let emptyTree = try store.write(Layer(entries: []), as: .tree)
    try store.sync()
    let stores = [store, try temporary.another()]
    func inode(_ path: String) throws -> UInt64 {
      var status = stat()
      try #require(stat(path, &status) == 0)
      return UInt64(status.st_ino)
    }
    let seen = try await withThrowingTaskGroup(of: [UInt64].self) { group in
      for number in 0..<8 {
        let store = stores[number % 2]
        group.addTask {
          try (blobs.map { try inode(store.file($0)) }) + [inode(store.tree(emptyTree))]
        }
      }
      return try await group.reduce(into: [[UInt64]]()) { $0.append($1) }
    }
    #expect(Set(seen).count == 1)
  }

  @Test("a stored file that serves as checkout is compared with its digest, once in a process")
  func damagedFile() async throws {
    let digest = try store.write(noise(200_000))
    try store.sync()
    try shell(
      "f=$(find \(temporary.path)/blobs -type f); chmod 644 $f; printf X | dd of=$f conv=notrunc seek=9 bs=1")
    _ = try store.file(digest)
    let file = Artifact(.blob, digest)
    await #expect(throws: MissingBlob(digest)) { _ = try await store.confirm([file], since: 0) }
    #expect(throws: MissingBlob(digest)) { try store.file(digest) }
  }

  @Test("checkouts that were there before are compared; what is damaged goes, and who used it is told")
  func damagedCheckouts() async throws {
    let bytes = text(500)
    let digest = try store.write(bytes)
    let entries = [Layer.Entry(path: "a", content: .file(digest), mode: 0o644)]
    let artifacts = [
      Artifact(.blob, digest), try store.write(Layer(entries: entries), as: .tree),
      try store.write(Layer(entries: entries + [.init(path: "b", content: .whiteout, mode: 0)]), as: .layer),
    ]
    try store.sync()
    let made = try [store.file(digest), store.tree(artifacts[1]), store.layer(artifacts[2])]
    #expect(try await store.confirm(artifacts, since: 0))
    for (artifact, path) in zip(artifacts, made) {
      let file = artifact.kind == .blob ? path : path + "/a"
      try shell("chmod 644 \(file); printf X | dd of=\(file) conv=notrunc seek=9 bs=1")
      let other = try temporary.another()
      func take() throws -> String {
        switch artifact.kind {
        case .blob: try other.file(digest)
        case .tree: try other.tree(artifact)
        case .layer: try other.layer(artifact)
        }
      }
      let before = other.damagesSoFar()
      #expect(try take() == path)
      // Whoever began before it was found may have used it, too; whoever begins now has not.
      for _ in 1...2 {
        let isRight = try await other.confirm([artifact], since: before)
        #expect(!isRight)
      }
      let after = other.damagesSoFar()
      #expect(try take() == path)
      #expect(try contents(file) == bytes)
      #expect(try await other.confirm([artifact], since: after))
    }
  }

  @Test("a tree has canonical modes and times")
  func tree() throws {
    let layer = Layer(entries: [
      .init(path: "bin", content: .directory, mode: 0o755),
      .init(path: "bin/run", content: .file(try store.write(text(50))), mode: 0o755),
      .init(path: "bin/link", content: .symlink(target: "run"), mode: 0o777),
      .init(path: "deep/er/file", content: .file(try store.write([])), mode: 0o644),
    ])
    let path = try store.tree(try store.write(layer, as: .tree))
    let listing = try shell(
      "cd \(path) && find . -printf '%p %y %m %T@ %l\\n' | LC_ALL=C sort | grep -v deep")
    #expect(
      listing == """
        . d 755 315532800.0000000000 \n./bin d 755 315532800.0000000000 \n\
        ./bin/link l 777 315532800.0000000000 run
        ./bin/run f 755 315532800.0000000000 \n
        """)
    #expect(try contents(path + "/bin/run") == text(50))
  }

  var everything: Layer {
    get throws {
      Layer(entries: [
        .init(path: "etc", content: .opaqueDirectory, mode: 0o500, owner: 3, group: 4, modified: 99),
        .init(path: "etc/gone", content: .whiteout, mode: 0),
        .init(path: "dev", content: .directory, mode: 0o1777, modified: 12),
        .init(
          path: "dev/big", content: .blockDevice(major: 259, minor: 70_000), mode: 0o640, group: 6,
          modified: 3),
        .init(path: "dev/pipe", content: .fifo, mode: 0o620, modified: 4),
        .init(path: "dev/tty", content: .characterDevice(major: 5, minor: 0), mode: 0o666, modified: 5),
        .init(
          path: "usr/ping", content: .file(try store.write(text(70_000))), mode: 0o6755, owner: 100_000,
          group: 7,
          modified: 1_700_000_000, attributes: [.init(name: "user.note", value: [0, 1, 255])]),
        .init(
          path: "usr/pong", content: .hardlink(target: "usr/ping"), mode: 0o6755, owner: 100_000, group: 7,
          modified: 1_700_000_000),
        .init(
          path: "usr/sl", content: .symlink(target: "nö where"), mode: 0o777, owner: 8, group: 9, modified: 77
        ),
      ])
    }
  }

  @Test(
    "a layer has all its metadata, and overlayfs's marks", .enabled(if: geteuid() == 0, "devices need root"))
  func layer() throws {
    let layer = try everything
    let root = try store.layer(try store.write(layer, as: .layer))
    for entry in layer.entries {
      let path = "\(root)/\(entry.path)"
      var status = stat()
      #expect(lstat(path, &status) == 0)
      let type = status.st_mode & S_IFMT
      let device = UInt64(status.st_rdev)
      let major = device >> 8 & 0xfff | device >> 32 & ~0xfff
      let minor = device & 0xff | device >> 12 & ~0xff
      switch entry.content {
      case .file(let digest):
        #expect(type == S_IFREG)
        #expect(try contents(path) == store.read(digest))
      case .directory, .opaqueDirectory: #expect(type == S_IFDIR)
      case .symlink(let target):
        #expect(type == S_IFLNK)
        #expect(try shell("readlink '\(path)'") == target + "\n")
      case .hardlink(let target):
        var other = stat()
        #expect(lstat("\(root)/\(target)", &other) == 0 && other.st_ino == status.st_ino)
      case .characterDevice(let wantedMajor, let wantedMinor):
        #expect(type == S_IFCHR && major == wantedMajor && minor == wantedMinor)
      case .blockDevice(let wantedMajor, let wantedMinor):
        #expect(type == S_IFBLK && major == wantedMajor && minor == wantedMinor)
      case .fifo: #expect(type == S_IFIFO)
      case .whiteout:
        #expect(type == S_IFCHR && status.st_rdev == 0)
        continue
      }
      #expect(status.st_mode & 0o7777 == mode_t(entry.mode), "\(entry.path)")
      #expect(status.st_uid == entry.owner && status.st_gid == entry.group, "\(entry.path)")
      #expect(Int64(status.st_mtim.tv_sec) == entry.modified && status.st_mtim.tv_nsec == 0, "\(entry.path)")
      for attribute in entry.attributes { #expect(value(attribute.name, path) == attribute.value) }
    }
    #expect(value("user.overlay.opaque", root + "/etc") == Array("y".utf8))
    #expect(value("user.overlay.opaque", root + "/dev") == nil)
    #expect(root.hasPrefix(temporary.path + "/checkouts/layers/"))
    #expect(try shell("ls \(temporary.path)/scratch").isEmpty)
  }

  private func value(_ name: String, _ path: String) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 100)
    let count = lgetxattr(path, name, &buffer, buffer.count)
    return count < 0 ? nil : Array(buffer.prefix(count))
  }

  @Test("many makers of one layer at once agree", .enabled(if: geteuid() == 0))
  func racing() async throws {
    let artifact = try store.write(try everything, as: .layer)
    try store.sync()
    let other = try temporary.another()
    let shared = store
    let paths = try await withThrowingTaskGroup(of: String.self) { group in
      for index in 0..<8 { group.addTask { try (index.isMultiple(of: 2) ? shared : other).layer(artifact) } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(paths.count == 1)
    #expect(try shell("ls \(temporary.path)/scratch").isEmpty)
  }

  @Test("an upper folder is taken over, and a second one removed")
  func adopt() throws {
    let layer = Layer(entries: [.init(path: "a", content: .file(try store.write([1])), mode: 0o644)])
    let artifact = try store.write(layer, as: .layer)
    for _ in 0..<2 {
      let folder = try store.makeScratchFolder()
      try OpenFile(creating: folder + "/a").write([1])
      try store.adopt(folder, as: artifact)
      #expect(access(folder, F_OK) != 0)
    }
    #expect(try contents(store.layer(artifact) + "/a") == [1])
  }

  @Test("a checkout of an earlier boot is made anew: a crash of the machine may have emptied its files")
  func earlierBoot() throws {
    let artifact = try store.write(
      Layer(entries: [.init(path: "a", content: .file(try store.write([1])), mode: 0o644)]), as: .tree)
    let folder = try store.tree(artifact)
    #expect(try shell("sed -n 2p \(folder).used") == shell("cat /proc/sys/kernel/random/boot_id"))
    for note in ["1\\nan-earlier-boot\\n", "1\\n", ""] {
      try shell("printf '\(note)' > \(folder).used && chmod -R u+w \(folder) && : > \(folder)/a")
      #expect(try contents(store.tree(artifact) + "/a") == [1])
      #expect(try store.tree(artifact) == folder)
    }
  }

  @Test("trimming removes what was used longest ago, and nothing that may be in use")
  func trim() throws {
    let digests = try (0..<4).map { try store.write(text(1000, seed: UInt8($0))) }
    let paths = try digests.map { try store.file($0) }
    for (age, path) in zip([9, 8, 7, 0], paths) { try shell("touch -d '-\(age) hours' \(path).used") }
    #expect(try store.trimCheckouts(maximumBytes: 4000).bytes == 0)
    #expect(try store.trimCheckouts(maximumBytes: 2500).bytes == 2000)
    #expect(paths.map { access($0, F_OK) == 0 } == [false, false, true, true])
    #expect(try store.trimCheckouts(maximumBytes: 0).bytes == 1000)
    #expect(paths.map { access($0, F_OK) == 0 } == [false, false, false, true])
    #expect(try contents(store.file(digests[0])) == text(1000, seed: 0))
  }

  @Test("a recipe that is damaged or of files that are missing leaves nothing behind")
  func missing() throws {
    let absent = Digest(ofText: "absent")
    let artifact = try store.write(
      Layer(entries: [.init(path: "a", content: .file(absent), mode: 0o644)]), as: .tree)
    #expect(throws: MissingBlob(absent)) { try store.tree(artifact) }
    #expect(
      try shell(
        "ls \(temporary.path)/scratch \(temporary.path)/checkouts/trees | grep -v : | grep -c . || true")
        == "0\n")
  }
}
