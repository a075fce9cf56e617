import Formats
import GraphCore
import Testing

@Suite("tar archives of other tools")
struct ForeignTarTests {
  let store = MemoryStore()

  /// Makes an archive with python's tarfile: `body` adds members with `add(name, type, **fields)`.
  func read(_ body: String) throws -> Layer {
    let folder = try TemporaryFolder()
    _ = try folder.file(
      "make.py",
      Array(
        """
        import tarfile, io
        t = tarfile.open('\(folder.path)/a.tar', 'w', format=tarfile.PAX_FORMAT)
        def add(name, type=tarfile.REGTYPE, data=b'', **fields):
            m = tarfile.TarInfo(name); m.type = type; m.size = len(data)
            for k, v in fields.items(): setattr(m, k, v)
            t.addfile(m, io.BytesIO(data))
        DIR, SYM, LNK = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
        \(body)
        t.close()
        """.utf8))
    try shell("python3 \(folder.path)/make.py")
    return try TarReader.readLayer(at: "\(folder.path)/a.tar", store: store)
  }

  @Test("paths are normalised and the last member of a path wins")
  func normalised() throws {
    let layer = try read(
      """
      add('./', DIR); add('./etc', DIR); add('/etc//passwd', data=b'1', mtime=5.75); add('etc/./passwd', data=b'22')
      """)
    #expect(layer.entries.map(\.path) == ["etc", "etc/passwd"])
    #expect(layer.entries[1].content == .file(Digest(ofText: "22")))
  }

  @Test("fractions of seconds are dropped")
  func seconds() throws {
    #expect(try read("add('a', mtime=5.75)").entries[0].modified == 5)
  }

  @Test("the first name in path order is the file, whatever the archive says")
  func hardlinks() throws {
    let layer = try read(
      """
      add('z', data=b'x', mode=0o640, mtime=9, pax_headers={'SCHILY.xattr.user.a': '1'})
      add('m', LNK, linkname='z', mode=0o640, mtime=9); add('a', LNK, linkname='./m', mode=0o640, mtime=9)
      """)
    #expect(layer.entries.map(\.path) == ["a", "m", "z"])
    #expect(layer.entries[0].content == .file(Digest(ofText: "x")))
    #expect(layer.entries[0].attributes == [.init(name: "user.a", value: [0x31])])
    #expect(layer.entries[1...].allSatisfy { $0.content == .hardlink(target: "a") && $0.attributes.isEmpty })
    #expect(layer.entries.allSatisfy { $0.mode == 0o640 && $0.modified == 9 })
  }

  @Test("whiteouts are read as changes")
  func whiteouts() throws {
    let layer = try read(
      """
      add('a/.wh.b'); add('c', DIR); add('c/.wh..wh..opq'); add('.wh.d'); add('d', DIR); add('.wh..wh.plnk')
      """)
    #expect(layer.entries.map(\.path) == ["a/b", "c", "d"])
    #expect(layer.entries.map(\.content) == [.whiteout, .opaqueDirectory, .opaqueDirectory])
  }

  @Test("names keep their bytes: accents are neither composed nor decomposed")
  func accents() throws {
    let layer = try read("add('e\\u0301'); add('\\u00e8', SYM, linkname='e\\u0301')")
    #expect(layer.entries.map { Array($0.path.utf8) } == [[0x65, 0xcc, 0x81], [0xc3, 0xa8]])
    #expect(layer.encoded().contains(0xcc))
    #expect(String(decoding: layer.encoded(), as: UTF8.self).utf8.count(where: { $0 == 0xcc }) == 2)
  }

  @Test("a large member is spooled, not held")
  func large() throws {
    let layer = try read("add('big', data=b'0123456789abcdef' * 400000)")
    #expect(layer.fileDigests.map(\.size) == [6_400_000])
    #expect(try store.read(layer.fileDigests[0]).starts(with: "0123456789abcdef".utf8))
  }

  @Test(
    "what cannot be right is an error that names the member",
    arguments: [
      ("add('a/../../etc/passwd')", "'a/../../etc/passwd' leaves the folder by '..'"),
      ("add('a', LNK, linkname='b')", "'a' is a hard link to 'b', which the archive does not have"),
      ("add('a', LNK, linkname='b'); add('b', LNK, linkname='a')", "is a hard link to itself"),
      ("add('d', DIR); add('a', LNK, linkname='d')", "'a' is a hard link to 'd', which is no file"),
      ("add('a', data=b'1'); add('a/b', data=b'1')", "'a/b' is below 'a', which is no folder"),
      ("add('e\\u0301'); add('\\u00e9')", "is there twice, with its accents composed and decomposed"),
      ("add('.wh..wh..opq')", "'.wh..wh..opq' hides everything below it"),
    ])
  func errors(_ body: String, _ message: String) throws {
    let error = #expect(throws: GraphError.self) { try read(body) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "none")")
  }

  @Test("a cut archive and one that is none are errors")
  func damaged() throws {
    let folder = try TemporaryFolder()
    let digest = store.write(Array(repeating: 1, count: 5000))
    var bytes: [UInt8] = []
    try TarWriter.write(
      Layer(entries: [.init(path: "a", content: .file(digest), mode: 0o644)]), read: store.read,
      to: { bytes.append(contentsOf: $0) })
    let cut = try folder.file("cut", Array(bytes.prefix(2000)))
    #expect(throws: GraphError.self) { try TarReader.readLayer(at: cut, store: store) }
    let none = try folder.file("none", Array("this is no archive at all, only text\n".utf8))
    #expect(throws: GraphError.self) { try TarReader.readLayer(at: none, store: store) }
    #expect(throws: GraphError.self) { try TarReader.readLayer(at: folder.path + "/absent", store: store) }
  }

  @Test("GNU tar's own format, with long names and holes, reads")
  func gnu() throws {
    let folder = try TemporaryFolder()
    let name = String(repeating: "n", count: 180)
    try shell(
      """
      cd \(folder.path) && mkdir t && echo hi > t/\(name) && truncate -s 1M t/sparse && printf x >> t/sparse \
      && tar --format=gnu -S --owner=5 --group=6 --mtime=@77 -cf a.tar -C t . && tar --format=v7 -cf b.tar -C t sparse
      """)
    let layer = try TarReader.readLayer(at: folder.path + "/a.tar", store: store)
    #expect(layer.entries.map(\.path) == [name, "sparse"])
    #expect(layer.entries.allSatisfy { $0.owner == 5 && $0.group == 6 && $0.modified == 77 })
    let plain = try TarReader.readLayer(at: folder.path + "/b.tar", store: store)
    #expect(plain.fileDigests == [layer.fileDigests[1]])
    #expect(plain.fileDigests[0].size == 1_048_577)
  }
}
