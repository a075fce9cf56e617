import FoundationEssentials
import GraphCore
import Testing

@testable import Execute

@Suite("what a command sees", .enabled(if: FileManager.default.fileExists(atPath: World.busybox)))
struct IsolationTests {
  @Test(
    "is the same everywhere",
    arguments: [
      ("hostname", "graph\n"),
      ("umask", "0022\n"),
      ("id -u; id -g", "0\n0\n"),
      ("echo $$", "2\n"),
      ("pwd", "/\n"),
      (
        "unset PWD SHLVL; env | sort",
        """
        HOME=/root
        LC_ALL=C.UTF-8
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        SOURCE_DATE_EPOCH=1700000000
        TZ=UTC

        """
      ),
      ("ls -d /* /dev/*[a-z]", nil),
      ("ip -o link | cat | grep -vc ' lo:' 2>&1; echo end", nil),
    ] as [(String, String?)])
  func fixed(script: String, expected: String?) async throws {
    let (first, second) = (try World(), try World())
    let text = try await first.run(script).text
    if let expected { #expect(text == expected) }
    #expect(try await second.run(script).text == text)
  }

  @Test(
    "has nothing of the host",
    arguments: [
      "cat /etc/hostname", "ls /root", "ls /home", "ls /proc/1/root/", "ls /proc/1/cwd/",
      "cat /sys/kernel/uevent_seqnum",
      "echo 1 > /proc/sys/vm/swappiness", "mount -o remount,rw /", "wget -q http://192.0.2.1/",
      "ping -c 1 -W 1 192.0.2.1",
    ])
  func hidden(script: String) async throws {
    let world = try World()
    await #expect(throws: ActionFailed.self) { try await world.run(script) }
  }

  @Test("a host root has the host's programs and none of its files")
  func hostRoot() async throws {
    let world = try World()
    let text = try await world.run(
      """
      echo $HOME; hostname; id -u; ls /root /build /home /tmp; touch /tmp/a /build/b
      for f in /etc/hostname /etc/machine-id /etc/resolv.conf /etc/shadow; do test -e $f && echo $f; done
      touch /usr/x 2>/dev/null && echo written; echo 1 2>/dev/null >/proc/sys/vm/swappiness && echo set
      mount -o remount,rw /usr 2>/dev/null && echo remounted; true
      """, root: .host
    ).text
    #expect(text == "/build\ngraph\n0\n/build:\nin\nout\n\n/home:\n\n/root:\n\n/tmp:\n")
  }

  @Test(
    "runs as the user that the root's own passwd names",
    arguments: [
      ("www", "uid=33(www) gid=34 groups=77(extra)\n"), ("www:extra", "uid=33(www) gid=77(extra)\n"),
      ("12:13", "uid=12 gid=13\n"), ("33", "uid=33(www) gid=34 groups=77(extra)\n"),
      ("", "uid=0(root) gid=0(root)\n"),
    ])
  func users(user: String, expected: String) async throws {
    #expect(try await World().run("id", user: user).text == expected)
  }

  @Test("inputs are placed read-only, and their mountpoints are no changes")
  func stages() async throws {
    let world = try World()
    let blob = Artifact(.blob, try world.store.write(Array("content".utf8)))
    let tree = try world.store.write(
      Layer(entries: [world.entry("a", .file(blob.digest), 0o644)]).asTree, as: .tree)
    let executed = try await world.run(
      "cat /new/place/blob /tree/a; echo x 2>/dev/null >/tree/b || touch /new/seen",
      collects: [Command.Collect(output: "layer", from: .changes)],
      stages: [("/new/place/blob", blob), ("/tree", tree)], outputs: [Action.Output("layer", .layer)])
    #expect(executed.text == "contentcontent")
    let layer = try world.store.readLayer(try #require(executed.outputs["layer"]))
    #expect(layer.entries.map(\.path) == ["new", "new/seen"])
  }

  @Test("a stack of 120 layers mounts")
  func manyLayers() async throws {
    let world = try World()
    let layers = try (0..<120).map { number in
      try world.store.write(
        Layer(entries: [world.entry("n\(number)", .file(try world.store.write([])), 0o644)]), as: .layer)
    }
    let executed = try await world.run("set -- /n*; echo $#", on: [try world.base()] + layers)
    #expect(executed.text == "120\n")
  }
}
