import Glibc
import GraphCore
import Testing

@testable import SourceControl

@Suite("damaged mirrors") struct DamageTests {
  /// What a crash, a loss of power or a bad disk leaves of a mirror: a script that is run in it.
  static let damage = [
    "the locks of a process that was killed":
      "touch config.lock HEAD.lock packed-refs.lock refs/heads/main.lock",
    "an empty HEAD": ": >HEAD",
    "an empty configuration": ": >config",
    "an empty branch": ": >refs/heads/main",
    "a branch at a commit that is not there":
      "echo 0123456789012345678901234567890123456789 >refs/heads/main",
    "no objects": "rm -rf objects/*",
    "empty packs": "chmod -R u+w objects; for f in objects/pack/*; do : >$f; done",
    "a flipped bit in the packs":
      "chmod -R u+w objects; for f in objects/pack/*.pack; do printf X | dd of=$f bs=1 seek=40 conv=notrunc status=none; done",
    "no folder of branches": "rm -r refs",
    "nothing": "rm -rf * ",
  ]

  @Test("is fetched again, and all of it is there", arguments: damage.keys.sorted())
  func mended(name: String) throws {
    let fixture = try GitFixture()
    let commit = try fixture.commit(["folder/a": "content that is long enough to be compressed, compressed"])
    // The local transport copies loose objects; as many as this come as a pack, as from a server.
    for number in 0..<20 { _ = try fixture.commit(["f\(number)": "\(number)"]) }
    let url = "file://" + fixture.origin
    let repositories = MirroredRepositories(kept: fixture.mirrors, fresh: fixture.mirrors, isOffline: false)
    try repositories.fetch(url)
    let newest = try repositories.resolve(url, branch: "main")
    try fixture.run("cd '\(fixture.mirrors.mirrorPath(url))'; \(Self.damage[name] ?? "exit 1")")

    // As a session goes about it: what is pinned, and then what moves.
    let files = try repositories.files(url, commit: newest.commit, folder: "folder")
    #expect(files.map(\.path) == ["a"])
    let bytes = try repositories.blob(mirror: repositories.mirror(url), object: files[0].object)
    #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("content that is"))
    try repositories.fetch(url)
    #expect(try repositories.resolve(url, branch: "main") == newest)
    #expect(repositories.has(url, commit: commit))
    // Nobody reads the mirror's own HEAD but git, which takes a folder without one for none of its own.
    try fixture.run(
      "cd '\(fixture.mirrors.mirrorPath(url))'; echo ref: refs/heads/main >HEAD; git fsck --strict --full")
  }

  @Test("without the network says so, and changes nothing")
  func offline() throws {
    let fixture = try GitFixture()
    let commit = try fixture.commit(["a": "1"])
    let repositories = MirroredRepositories(kept: fixture.mirrors, fresh: fixture.mirrors, isOffline: true)
    try repositories.fetch(fixture.origin)
    try fixture.run("rm -rf '\(fixture.mirrors.mirrorPath(fixture.origin))'/objects/*")
    let error = try failure { _ = try repositories.files(fixture.origin, commit: commit, folder: "") }
    #expect(error.message.contains("no commit \(commit)"), "\(error)")
  }

  @Test("a process that is killed while it makes a mirror leaves none, and the next one makes it")
  func killed() throws {
    let fixture = try GitFixture()
    _ = try fixture.commit(["a": "1"])
    let path = fixture.mirrors.mirrorPath(fixture.origin)
    try fixture.run("mkdir -p '\(path).new/refs'; touch '\(path).new/config.lock'; : >'\(path).new/HEAD'")
    #expect(try fixture.mirrors.fetch(fixture.origin) == 3)
    #expect(access(path + ".new", F_OK) != 0)
  }
}
