import GraphCore
import Testing

@testable import Rules

@Suite struct RpmLockTests {
  static func package(_ name: String, epoch: Int = 0, version: String = "1", arch: String = "noarch")
    -> LockedPackage
  {
    LockedPackage(
      name: name, epoch: epoch, version: version, release: "1.el7", arch: arch,
      digest: Digest(ofText: name + version),
      location: "Packages/\(name) \(version).rpm", repository: "base", buildTime: Int64(epoch) + 1000,
      requestedBy: epoch == 0 ? "" : "x requires /a b")
  }

  static let lock = Lock(packages: [
    package("b"), package("a", version: "2"), package("a", epoch: 1, arch: "aarch64"),
    package("a", version: "10"),
    package("b"),
  ])

  @Test("packages are sorted by bytes, each once")
  func sorted() {
    #expect(
      Self.lock.packages.map(\.nevra) == [
        "a-1:1-1.el7.aarch64", "a-10-1.el7.noarch", "a-2-1.el7.noarch", "b-1-1.el7.noarch",
      ])
    #expect(Self.lock.epoch == 1001)
  }

  @Test("the encoding is text that reads back to the same lock")
  func encoding() throws {
    let bytes = Self.lock.encoded()
    #expect(try Lock(encoded: bytes) == Self.lock)
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    #expect(lines[0] == "graph-lock 2")
    #expect(
      lines[1]
        == "install a 1 1 1.el7 aarch64 \(Digest(ofText: "a1")) 1001 base Packages/a\\x201.rpm user x\\x20requires\\x20/a\\x20b"
    )
    #expect(try Lock(encoded: Array("graph-lock 2\n".utf8)).packages.isEmpty)
  }

  @Test(
    "damaged locks are refused with their line",
    arguments: [
      ("", 1), ("graph-lock 1\n", 1), ("graph-lock 2", 1), ("graph-lock 2\ninstall a 0 1\n", 2),
      ("graph-lock 2\n\n", 2),
      ("graph-lock 2\ninstall ../a 0 1 1 noarch DIGEST 1 r l user q\n", 2),
      ("graph-lock 2\ninstall a x 1 1 noarch DIGEST 1 r l user q\n", 2),
      ("graph-lock 2\ninstall a 0 1 1 noarch 00/1 1 r l user q\n", 2),
      ("graph-lock 2\ninstall a 0 1 1 noarch DIGEST 1 r l nobody q\n", 2),
      ("graph-lock 2\nerase a 0 1 1 noarch somehow\n", 2), ("graph-lock 2\nerase a 0 1 1 noarch\n", 2),
      (
        "graph-lock 2\ninstall b 0 1 1 noarch DIGEST 1 r l user q\ninstall a 0 1 1 noarch DIGEST 1 r l user q\n",
        2
      ),
    ])
  func damaged(_ text: String, _ line: Int) {
    let bytes = Array(text.replacing("DIGEST", with: "\(Digest(ofText: ""))").utf8)
    let error = #expect(throws: CorruptLock.self) { try Lock(encoded: bytes) }
    #expect(error?.line == line)
  }

  @Test("every byte of an encoding counts: no change of one reads as another lock of the same bytes")
  func everyByte() {
    let bytes = Self.lock.encoded()
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 1
      do {
        let lock = try Lock(encoded: changed)
        #expect(lock != Self.lock && lock.encoded() == changed)
      } catch {
        #expect(error.line >= 1)
      }
    }
  }

  @Test("a lock applied to what is installed takes away what goes and adds what comes")
  func applied() throws {
    let (a1, a2, b, c) = (
      Self.package("a"), Self.package("a", version: "2"), Self.package("b"), Self.package("c")
    )
    let lock = Lock(
      packages: [a2, b], erased: [.init(a1, isReplaced: true), .init(c, isReplaced: false)])
    #expect(lock.applied(to: [a1, b, c]).map(\.nevra).sorted() == [a2.nevra, b.nevra])
    #expect(try Lock(encoded: lock.encoded()) == lock)
    #expect(lock.erased.map(\.label) == ["a-1-1.el7.noarch", "c-1-1.el7.noarch"])
  }

  @Test("as a tree a lock is its RPM files and nothing of where they came from")
  func tree() {
    let tree = Self.lock.asTree
    #expect(tree.isTree)
    #expect(
      tree.entries.map(\.path) == [
        "a-10-1.el7.noarch.rpm", "a-1:1-1.el7.aarch64.rpm", "a-2-1.el7.noarch.rpm", "b-1-1.el7.noarch.rpm",
      ])
    #expect(tree.fileDigests.contains(Digest(ofText: "b1")))
    let elsewhere = Lock(
      packages: Self.lock.packages.map {
        LockedPackage(
          name: $0.name, epoch: $0.epoch, version: $0.version, release: $0.release, arch: $0.arch,
          digest: $0.digest,
          location: "other", repository: "mirror", buildTime: $0.buildTime, requestedBy: "someone")
      })
    #expect(elsewhere != Self.lock)
    #expect(elsewhere.asTree.digest == tree.digest)
  }
}
