import Glibc
import GraphCore
import Testing

@testable import SourceControl

@Suite struct GitMirrorsTests {
  @Test("a branch is pinned to its commit, tree and time", arguments: ["origin", "with space"])
  func resolve(_ name: String) throws {
    let fixture = try GitFixture(origin: name)
    let commit = try fixture.commit(["a": "1"])
    for url in [fixture.origin, "file://" + fixture.origin] {
      #expect(try fixture.mirrors.fetch(url) == 3)
      let pin = try fixture.mirrors.resolve(url, branch: "main")
      #expect(
        pin == GitPin(commit: commit, tree: try fixture.run("git rev-parse HEAD^{tree}"), time: 1_700_000_000)
      )
    }
  }

  @Test("a second fetch brings only what is new", arguments: ["", "file://"])
  func incremental(_ scheme: String) throws {
    let fixture = try GitFixture()
    let url = scheme + fixture.origin
    for number in 0..<20 { _ = try fixture.commit(["f\(number)": "\(number)"]) }
    #expect(try fixture.mirrors.fetch(url) == 60)
    #expect(try fixture.mirrors.fetch(url) == 0)
    let commit = try fixture.commit(["g": "new"])
    #expect(try fixture.mirrors.fetch(url) == 3)
    #expect(try fixture.mirrors.resolve(url, branch: "main").commit == commit)
  }

  @Test("over the network, too, only new objects travel and errors name the repository")
  func daemon() throws {
    let fixture = try GitFixture()
    for number in 0..<20 { _ = try fixture.commit(["f\(number)": "\(number)"]) }
    let pid = fixture.folder + "/pid"
    // A port is only known to be free when the server has it, so ports are tried until one answers.
    let port = try fixture.run(
      """
      for port in $(shuf -i 20000-60000 -n 20); do
        git daemon --listen=127.0.0.1 --port=$port --base-path='\(fixture.folder)' --export-all --pid-file='\(pid)' \
          --reuseaddr --detach >/dev/null 2>&1 || continue
        for attempt in 1 2 3 4 5 6 7 8 9 10; do
          if git ls-remote git://127.0.0.1:$port/origin >/dev/null 2>&1; then echo $port; exit 0; fi
          sleep 0.1
        done
      done
      exit 1
      """)
    defer { _ = system("kill $(cat '\(pid)')") }
    let url = "git://127.0.0.1:\(port)/origin"
    #expect(try fixture.mirrors.fetch(url) == 60)
    #expect(try fixture.mirrors.fetch(url) == 0)
    try fixture.run("git checkout -q -b gone")
    let commit = try fixture.commit(["g": "new"])
    #expect(try fixture.mirrors.fetch(url) == 3)
    #expect(try fixture.mirrors.resolve(url, branch: "gone").commit == commit)
    try fixture.run("git checkout -q main; git branch -q -D gone; git tag v1")
    #expect(try fixture.mirrors.fetch(url) == 0)
    #expect(try fixture.mirrors.open(url).branches() == ["main"])
    let error = try failure { _ = try fixture.mirrors.fetch(url + "-none") }
    #expect(error.kind == .environment)
    #expect(error.message.contains("'\(url)-none'"))
  }

  @Test("a forced branch moves, a deleted one goes, a pinned commit stays")
  func forceAndPrune() throws {
    let fixture = try GitFixture()
    let first = try fixture.commit(["a": "1"])
    try fixture.run("git checkout -q -b topic/x; git tag v1")
    let pinned = try fixture.commit(["a": "2"])
    try fixture.run("git checkout -q main")
    try fixture.mirrors.fetch(fixture.origin)
    #expect(try fixture.mirrors.open(fixture.origin).branches() == ["main", "topic/x"])

    try fixture.run(
      "git branch -D topic/x; git tag -d v1; git reflog expire --expire=now --all; git gc -q --prune=now")
    try fixture.run("git commit -q --amend -m other --allow-empty")
    try fixture.mirrors.fetch(fixture.origin)
    let forced = try fixture.run("git rev-parse HEAD")
    #expect(try fixture.mirrors.open(fixture.origin).branches() == ["main"])
    #expect(try fixture.mirrors.resolve(fixture.origin, branch: "main").commit == forced)
    for commit in [first, pinned, forced] { #expect(fixture.mirrors.has(fixture.origin, commit: commit)) }
    #expect(try fixture.mirrors.entries(fixture.origin, commit: pinned, folder: "").map(\.path) == ["a"])
    #expect(!fixture.mirrors.has(fixture.origin, commit: String(repeating: "0", count: 40)))
    #expect(!fixture.mirrors.has(fixture.origin, commit: "main"))
    #expect(!fixture.mirrors.has("/never/fetched", commit: forced))
  }

  @Test("a tag and a commit name what they are, where no branch has the name")
  func tagsAndCommits() throws {
    let fixture = try GitFixture()
    let first = try fixture.commit(["a": "1"])
    try fixture.run("git tag light; git tag -a -m x annotated; git tag same")
    let second = try fixture.commit(["a": "2"])
    try fixture.run("git branch same")
    try fixture.mirrors.fetch(fixture.origin)
    func resolve(_ name: String) throws -> String {
      try fixture.mirrors.resolve(fixture.origin, branch: name).commit
    }
    #expect(try resolve("light") == first && resolve("annotated") == first && resolve(first) == first)
    #expect(try resolve("same") == second && resolve(second) == second)
    let error = try failure { _ = try resolve(String(repeating: "0", count: 40)) }
    #expect(error.kind == .user)
  }

  @Test("a branch that does not exist is reported with the nearest one")
  func missingBranch() throws {
    let fixture = try GitFixture()
    _ = try fixture.commit(["a": "1"])
    try fixture.run("git branch release-7")
    try fixture.mirrors.fetch(fixture.origin)
    let error = try failure { _ = try fixture.mirrors.resolve(fixture.origin, branch: "relaese-7") }
    #expect(error.kind == .user)
    #expect(error.message == "no branch 'relaese-7' in '\(fixture.origin)'")
    #expect(error.hint == "did you mean 'release-7'?")
    let far = try failure { _ = try fixture.mirrors.resolve(fixture.origin, branch: "x\0y") }
    #expect(far.hint == "its branches are main, release-7")
  }

  @Test("an address that was never fetched says so")
  func neverFetched() throws {
    let fixture = try GitFixture()
    let error = try failure { _ = try fixture.mirrors.resolve(fixture.origin, branch: "main") }
    #expect(error.kind == .unavailable)
  }

  @Test("no address is written into a mirror")
  func addressStaysOut() throws {
    let fixture = try GitFixture()
    _ = try fixture.commit(["a": "1"])
    try fixture.mirrors.fetch("file://" + fixture.origin)
    let mirror = fixture.mirrors.mirrorPath("file://" + fixture.origin)
    #expect(try fixture.run("grep -rl \"$ORIGIN\" '\(mirror)' | wc -l") == "0")
  }

  @Test("many fetch the same address at once and the mirror is whole")
  func concurrent() async throws {
    let fixture = try GitFixture()
    for number in 0..<30 { _ = try fixture.commit(["f\(number)": "\(number)"]) }
    let (mirrors, origin) = (fixture.mirrors, fixture.origin)
    let received = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 { group.addTask { try mirrors.fetch(origin) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    // The first takes everything, the others find nothing new.
    #expect(received.sorted() == [0, 0, 0, 0, 0, 0, 0, 90])
    try fixture.run("git -C '\(mirrors.mirrorPath(origin))' fsck --strict")
  }

  @Test("another process that holds the lock is waited for")
  func lockedByAnotherProcess() throws {
    let fixture = try GitFixture()
    _ = try fixture.commit(["a": "1"])
    try fixture.mirrors.fetch(fixture.origin)
    let lock = String(fixture.mirrors.mirrorPath(fixture.origin).dropLast(4)) + ".lock"
    let marker = fixture.folder + "/released"
    // The other process says that it holds the lock by making a file, and makes the marker just before it
    // lets go.
    try fixture.run(
      "(flock 9; touch '\(fixture.folder)/held'; sleep 0.3; touch '\(marker)') 9>'\(lock)' >/dev/null 2>&1 &"
        + " while [ ! -e '\(fixture.folder)/held' ]; do sleep 0.01; done")
    try fixture.mirrors.fetch(fixture.origin)
    #expect(access(marker, F_OK) == 0)
  }
}
