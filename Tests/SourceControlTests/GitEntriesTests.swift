import GraphCore
import Testing

@testable import SourceControl

@Suite struct GitEntriesTests {
  @Test("a folder lists files, executables, symbolic links and submodules, sorted by bytes")
  func kinds() throws {
    let fixture = try GitFixture()
    _ = try fixture.commit([
      "app/b": "bb", "app/a/z": "z", "app/a.txt": "", "app/run": "#!", "app/é x": "1", "other": "o",
    ])
    try fixture.run("chmod +x app/run; ln -s ../other app/link; git add -A")
    try fixture.run("git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),app/sub")
    let commit = try fixture.run("git commit -q -m k; git rev-parse HEAD")
    try fixture.mirrors.fetch(fixture.origin)
    let entries = try fixture.mirrors.entries(fixture.origin, commit: commit, folder: "/app/")
    #expect(
      entries.map { "\($0.kind) \($0.size) \($0.path)" } == [
        "file 0 a.txt", "file 1 a/z", "file 2 b", "symlink 8 link", "executable 2 run", "submodule 0 sub",
        "file 1 é x",
      ])
    let mirror = fixture.mirrors.mirrorPath(fixture.origin)
    #expect(try GitMirrors.symlinkTarget(mirror: mirror, object: entries[3].object) == "../other")
    #expect(try GitMirrors.blob(mirror: mirror, object: entries[2].object) == Array("bb".utf8))
    #expect(try GitMirrors.blob(mirror: mirror, object: entries[0].object) == [])
    #expect(try fixture.mirrors.entries(fixture.origin, commit: commit, folder: ".").count == 8)
    #expect(throws: GraphError.self) {
      try GitMirrors.blob(mirror: mirror, object: String(repeating: "1", count: 40))
    }
  }

  @Test(
    "a folder that is not there, no folder or outside is the user's fault",
    arguments: [
      ("ap", "no folder 'ap' in", "did you mean 'app'?"),
      ("app/inne", "no folder 'app/inne' in", "did you mean 'app/inner'?"),
      ("../etc", "folder '../etc' leaves the repository", nil),
      ("app/../..", "folder 'app/../..' leaves the repository", nil),
      ("app/file", "'app/file' in", nil),
    ])
  func missing(_ folder: String, _ message: String, _ hint: String?) throws {
    let fixture = try GitFixture()
    let commit = try fixture.commit(["app/file": "1", "app/inner/x": "2"])
    try fixture.mirrors.fetch(fixture.origin)
    let error = try failure {
      _ = try fixture.mirrors.entries(fixture.origin, commit: commit, folder: folder)
    }
    #expect(error.kind == .user)
    #expect(error.message.hasPrefix(message), "\(error.message)")
    #expect(error.hint == hint)
  }

  @Test("a tree with names that would write elsewhere is refused", arguments: ["..", ".git", "."])
  func hostile(_ name: String) throws {
    let fixture = try GitFixture()
    let commit = try fixture.run(
      "blob=$(printf x | git hash-object -w --stdin); tree=$(printf '100644 blob %s\\t%s\\n' $blob '\(name)' | git mktree)\n"
        + "git update-ref refs/heads/main $(git commit-tree -m h $tree); git rev-parse main")
    try fixture.mirrors.fetch(fixture.origin)
    let error = try failure { _ = try fixture.mirrors.entries(fixture.origin, commit: commit, folder: "") }
    #expect(error.kind == .user)
  }

  @Test("a name that is a link and a folder at once is refused")
  func twice() throws {
    let fixture = try GitFixture()
    let commit = try fixture.run(
      "blob=$(printf /etc | git hash-object -w --stdin); sub=$(printf '100644 blob %s\\tx\\n' $blob | git mktree)\n"
        + "tree=$(printf '120000 blob %s\\ta\\n040000 tree %s\\ta\\n' $blob $sub | git mktree)\n"
        + "git update-ref refs/heads/main $(git commit-tree -m h $tree); git rev-parse main")
    try fixture.mirrors.fetch(fixture.origin)
    let error = try failure { _ = try fixture.mirrors.entries(fixture.origin, commit: commit, folder: "") }
    #expect(error.message.contains("is not a name that a file can have once"))
  }
}
