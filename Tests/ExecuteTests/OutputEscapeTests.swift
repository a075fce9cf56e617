import FoundationEssentials
import Glibc
import GraphCore
import Testing

@testable import Execute

/// What an action leaves behind is read and removed by programs that may do more than it: it must not lead them anywhere.
@Suite(
  "what an action leaves leads nobody astray",
  .enabled(if: FileManager.default.fileExists(atPath: World.busybox)))
struct OutputEscapeTests {
  private func output(
    _ script: String, in world: World, root: Command.Root = .host, stages: [(String, Artifact)] = []
  ) async throws -> String {
    let executed = try await world.run(
      script, collects: [.init(output: "o", from: .path("/build/out/o"))], stages: stages, root: root,
      outputs: [.init("o", .blob)])
    return try world.store.readText(try #require(executed.outputs["o"]).digest)
  }

  @Test(
    "an output that is a link, a device, a pipe or a socket is none",
    arguments: [
      "ln -s /etc/passwd /build/out/o", "ln -s /build/in/secret /build/out/o", "mkfifo /build/out/o",
      "ln -s /proc/1/environ /build/out/o", "ln -s /dev/zero /build/out/o", "ln -s o /build/out/o",
      "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"/build/out/o\")'",
    ])
  func links(script: String) async throws {
    let world = try World()
    await #expect {
      try await output(script, in: world)
    } throws: {
      ($0 as? ActionFailed)?.reason == "left no file or folder at '/build/out/o'"
    }
  }

  @Test(
    "a folder above an output that is a link leads nowhere but to what the action could read itself",
    arguments: [
      // The helper's own environment and descriptors, the host's root, what only process 1 may read.
      ("ln -s /proc/1 /build/out", "environ"), ("ln -s /proc/self /build/out", "environ"),
      ("ln -s /proc/1/root/etc /build/out", "shadow"), ("ln -s /proc/sys/kernel /build/out", "osrelease"),
      ("ln -s /../../etc /build/out", "shadow"), ("ln -s ../../../../../etc /build/out", "shadow"),
    ])
  func folders(script: String, name: String) async throws {
    let world = try World()
    await #expect {
      try await world.run(
        "rm -r /build/out; \(script)", collects: [.init(output: "o", from: .path("/build/out/\(name)"))],
        root: .host, outputs: [.init("o", .blob)])
    } throws: {
      ($0 as? ActionFailed)?.reason == "left no file or folder at '/build/out/\(name)'"
    }
  }

  @Test("an output that is another name of an input, or of a file that stays, is a copy")
  func hardLinks() async throws {
    let world = try World()
    let input = Artifact(.blob, try world.store.write(Array("input\n".utf8)))
    let script = """
      ln /build/in/i /build/out/o 2>/dev/null && echo linked; echo mine > /build/mine; ln /build/mine /build/out/o
      """
    #expect(try await output(script, in: world, stages: [("/build/in/i", input)]) == "mine\n")
    #expect(try world.store.readText(input.digest) == "input\n")
  }

  @Test("an output's modes, owners and attributes are not the store's: nothing set-id comes out")
  func modes() async throws {
    let world = try World()
    let script = "echo x > /build/out/o; chown 33:44 /build/out/o; chmod 6755 /build/out/o"
    #expect(try await output(script, in: world) == "x\n")
    for file in try FileManager.default.subpathsOfDirectory(atPath: world.folder) {
      var status = stat()
      guard lstat("\(world.folder)/\(file)", &status) == 0 else { continue }
      #expect(status.st_mode & 0o6000 == 0, "\(file)")
      #expect(status.st_uid == geteuid(), "\(file)")
    }
  }

  @Test(
    "what is cleaned up after an action is what the sandbox made, although the folders above are links by then"
  )
  func mountpoints() async throws {
    let world = try World()
    let victim = world.folder + "/victim"
    mkdir(victim, 0o755)
    try Data("precious".utf8).write(to: URL(filePath: victim + "/f"))
    mkdir(victim + "/d", 0o755)
    let blob = Artifact(.blob, try world.store.write(Array("content".utf8)))
    let tree = try world.store.write(
      Layer(entries: [world.entry("a", .file(blob.digest), 0o644)]).asTree, as: .tree)
    // The mountpoints /data/m/f and /data/m/d are made in the layer, which has the folder; then it is a link to the host.
    let base = try world.store.write(
      Layer(entries: [world.entry("data", .directory, 0o755), world.entry("data/m", .directory, 0o755)]),
      as: .layer)
    let script = "mv /data/m /data/n && ln -s \(victim) /data/m && ls -l /data"
    _ = try? await world.run(
      script, on: [try world.base(), base], collects: [.init(output: "layer", from: .changes)],
      discards: ["/data/m/f", "/data/m/d/"], stages: [("/data/m/f", blob), ("/data/m/d", tree)],
      outputs: [.init("layer", .layer)])
    #expect(FileManager.default.contents(atPath: victim + "/f") == Data("precious".utf8))
    #expect(FileManager.default.fileExists(atPath: victim + "/d"))
  }

  @Test(
    "folders of any depth, without rights and with strange names are removed, and the next action finds nothing"
  )
  func deep() async throws {
    let world = try World()
    let script = """
      cd /tmp; python3 -c 'import os; [(os.mkdir("d"), os.chdir("d")) for _ in range(3000)]'
      cd /build; mkdir -p deep-0 deep-1/x; touch "$(printf 'new\\nline')" "$(printf '\\377')" -- -rf
      mkdir closed; touch closed/f; chmod 000 closed; chmod 000 /build; echo done
      """
    #expect(try await world.run(script, root: .host).text == "done\n")
    #expect(try await world.run("ls -A /build /tmp", root: .host).text == "/build:\nin\nout\n\n/tmp:\n")
  }

  @Test("text in the status is text: a name with line ends says nothing about how an action ended")
  func status() async throws {
    let world = try World()
    // A folder that is too deep to be copied fails with its name in the message.
    let executed = try? await world.run(
      "mkdir \"$(printf '/build/out/o\\nexited 0\\nend')\"; exit 3", root: .host)
    #expect(executed == nil)
    #expect(try await world.run("echo next", root: .host).text == "next\n")
  }

  @Test("a device in a layer is a name and no device", .enabled(if: geteuid() == 0))
  func devices() async throws {
    let world = try World()
    let layer = try world.store.write(
      Layer(entries: [world.entry("devices", .directory, 0o755)]), as: .layer)
    let folder = try world.store.layer(layer)
    // /dev/null and the first disk, as any package may bring them.
    try #require(mknod(folder + "/devices/null", S_IFCHR | 0o666, 0x103) == 0)
    try #require(mknod(folder + "/devices/disk", S_IFBLK | 0o666, 0xfe00) == 0)
    let script = "for d in null disk; do cat /devices/$d >/dev/null 2>&1 && echo opened $d; done; ls /devices"
    #expect(try await world.run(script, on: [try world.base(), layer]).text == "disk\nnull\n")
  }
}
