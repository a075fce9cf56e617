import FoundationEssentials
import Glibc
import GraphCore
import Testing

@testable import Execute

@Suite("secrets", .enabled(if: FileManager.default.fileExists(atPath: World.busybox)))
struct SecretTests {
  static let value = "correct-horse-battery-staple\nsecond line of it\n"
  static let line = "correct-horse-battery-staple"

  @Test("are a file in memory and a variable, and stars in the log")
  func mounted() async throws {
    var world = try MountWorld()
    try world.sources.add("token", Array(Self.value.utf8))
    let (text, layer) = try await world.run(
      """
      cd /run/secrets; stat -c %a:%u:%g:%Y token; stat -f -c %T token; echo x 2>/dev/null > token || echo refused
      test "$(cat token)" = "$(echo "$TOKEN")" && echo same; cat token; echo "$TOKEN"
      mkdir /made; stat -c %a /open; cat /open
      """,
      [
        .secret("/run/secrets/token"), .secret("", env: "TOKEN"),
        .secret("/open", access: .init(mode: 0o444)),
      ])
    // Its own line end is part of the value.
    #expect(text == "400:0:0:315532800\ntmpfs\nrefused\nsame\n******\n444\n***")
    #expect(layer.entries.map(\.path) == ["made"])
  }

  @Test("are on no disk, on no command line and out of the reach of what runs, while it runs and after")
  func nowhere() async throws {
    var world = try MountWorld()
    try world.sources.add("token", Array(Self.value.utf8))
    let running = Task { [world] in
      try await world.run(
        """
        cat /run/secrets/token; cat /proc/*/cmdline | cat; cat /proc/1/environ; cat /proc/1/mem
        echo "$TOKEN" | cat; touch /c/started; while ! test -e /c/go; do sleep 0.01; done; cp /c/started /kept
        """,
        [.secret("/run/secrets/token"), .secret("", env: "TOKEN"), .cache("/c")])
    }
    func cache() -> String? {
      let folder = world.folder + "/caches"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.first { $0.hasSuffix("-0") }.map { "\(folder)/\($0)/data" }
    }
    for _ in 0..<1000 where !FileManager.default.fileExists(atPath: "\(cache() ?? "")/started") {
      try await Task.sleep(for: .milliseconds(10))
    }
    let data = try #require(cache())
    try #require(FileManager.default.fileExists(atPath: data + "/started"))
    #expect(MountWorld.files(holding: Self.line, below: world.folder) == [])
    for process in try FileManager.default.contentsOfDirectory(atPath: "/proc")
    where process.allSatisfy(\.isNumber) {
      let words = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
      #expect(words.firstRange(of: Array(Self.line.utf8)) == nil)
    }
    try Data().write(to: URL(filePath: data + "/go"))
    let (text, _) = try await running.value
    #expect(text.contains("***") && !text.contains(Self.line) && !text.contains("second line"))
    #expect(MountWorld.files(holding: Self.line, below: world.folder) == [])
  }

  @Test("that are required and not given stop the action before it starts, and say what to give")
  func missing() async throws {
    let world = try MountWorld()
    await #expect {
      _ = try await world.run("true", [.secret("/run/secrets/token")])
    } throws: { error in
      guard let error = error as? GraphError else { return false }
      return error.kind == .user && error.message == "needs the secret 'token', which was not given"
        && error.hint
          == "give it with --secret id=token,src=FILE, or env=VARIABLE in place of src=FILE"
    }
    await #expect {
      _ = try await world.run("true", [.init(target: "/a", .agent(.init(id: "default", isRequired: true)))])
    } throws: {
      ($0 as? GraphError)?.hint == "give it with --ssh default, or --ssh default=SOCKET"
    }
    let (text, layer) = try await world.run(
      "ls /run 2>/dev/null; test -z \"$TOKEN\" && echo none",
      [.secret("/run/secrets/token", required: false, env: "TOKEN")])
    #expect(text == "none\n" && layer.entries.isEmpty)
  }

  @Test("are not in keys: the same action with another value has the same key")
  func keys() throws {
    let mounts: [Command.Mount] = [.secret("/run/secrets/token", env: "TOKEN")]
    let action = Action(
      rule: .init("run", version: 1), outputs: [],
      command: Command(argv: ["true"], root: .host, mounts: mounts, collects: []))
    let text = Preimage(action, inputNames: []).text
    #expect(text.contains("mount /run/secrets/token secret required 400:0:0 token TOKEN\n"))
  }

  @Test("that hold a zero byte cannot be variables")
  func zeros() async throws {
    var world = try MountWorld()
    try world.sources.add("token", [1, 0, 2, 3, 4])
    await #expect {
      _ = try await world.run("true", [.secret("", env: "TOKEN")])
    } throws: {
      ($0 as? ActionFailed)?.reason
        == "the value of 'TOKEN' holds a zero byte, so it cannot be a variable of the environment"
    }
    #expect(try await world.run("stat -c %s /s", [.secret("/s")]).text == "5\n")
  }

  // MARK: Redaction

  @Test(
    "are found in a log however it is cut",
    arguments: [
      ("a correct-horse-battery-staple b", "a *** b"),
      ("correct-horse-battery-staple\nsecond line of it\n", "***"),
      ("correct-horse-battery-staple\nsecond line of it", "***"),
      ("second line of it", "***"), ("correct-horse-batter", "correct-horse-batter"),
      ("x" + Data(value.utf8).base64EncodedString() + "y", "x***y"),
      (Data((line + "\nsecond line of it").utf8).base64EncodedString(), "***"),
      ("", ""), ("c", "c"),
    ])
  func redacted(text: String, expected: String) {
    let redactor = Redactor([Array(Self.value.utf8), Array("ab".utf8)])
    for size in [1, 2, 7, 1000] {
      let log = RunLog(redactor: redactor)
      let bytes = Array(text.utf8)
      for start in stride(from: 0, to: bytes.count, by: size) {
        log.append(Array(bytes[start..<min(start + size, bytes.count)]))
      }
      #expect(String(decoding: log.bytes, as: UTF8.self) == expected, "in parts of \(size)")
    }
  }

  @Test("in Base64 are found in the lines that base64 breaks it into")
  func brokenLines() {
    let key = String((0..<40).map { "line \($0) of a key\n" }.joined())
    let encoded = Array(Data(key.utf8).base64EncodedString())
    let lines = stride(from: 0, to: encoded.count, by: 76).map {
      String(encoded[$0..<min($0 + 76, encoded.count)])
    }
    let log = RunLog(redactor: Redactor([Array(key.utf8)]))
    log.append(Array((lines.joined(separator: "\n") + "\n").utf8))
    #expect(String(decoding: log.bytes, as: UTF8.self) == String(repeating: "***\n", count: lines.count))
  }

  // MARK: Options

  static let environment = ["TOKEN": "from the environment", "EMPTY": ""]

  @Test(
    "come from a file, a variable, or what has their name",
    arguments: [
      ("id=a,src=file", "a", "from a file"), ("id=a,source=file,type=file", "a", "from a file"),
      ("id=file", "file", "from a file"), ("id=TOKEN", "TOKEN", "from the environment"),
      ("id=a,env=TOKEN", "a", "from the environment"), ("type=env,id=TOKEN", "TOKEN", "from the environment"),
      ("id=a,env=EMPTY", "a", ""),
    ])
  func option(text: String, id: String, value: String) throws {
    let world = try World()
    try Data("from a file".utf8).write(to: URL(filePath: world.folder + "/file"))
    var sources = MountSources()
    try sources.addSecret(text, environment: Self.environment, folder: world.folder)
    #expect(sources.secrets[id]?.bytes == Array(value.utf8))
    // Whoever prints it by accident prints no value.
    #expect(!"\(sources)".contains("from"))
  }

  @Test(
    "that are given in a wrong way are refused, and no message holds a value",
    arguments: [
      "", "id", "id=", "src=file", "id=a,src=file,env=TOKEN", "id=a,what=b", "id=a,env=NONE", "id=nothing",
      "id=a,src=/", "id=a,type=x", "id=a,id=b", "id=a,src=big",
    ])
  func wrongOption(text: String) throws {
    let world = try World()
    try Data(repeating: 65, count: MountSources.secretBytesMax + 1).write(
      to: URL(filePath: world.folder + "/big"))
    var sources = MountSources()
    #expect {
      try sources.addSecret(text, environment: Self.environment, folder: world.folder)
    } throws: {
      ($0 as? GraphError)?.kind == .usage && !"\($0)".contains("from the")
    }
  }

  @Test("an agent needs a socket", arguments: ["", "default", "default=file", "default=/nowhere"])
  func wrongAgent(text: String) {
    var sources = MountSources()
    #expect {
      try sources.addAgent(text, environment: [:], folder: "/")
    } throws: {
      ($0 as? GraphError)?.kind == .usage
    }
  }

  @Test("and all other mounts work for an unprivileged user as for root", .enabled(if: geteuid() == 0))
  func unprivileged() async throws {
    let world = try World()
    let store = world.store
    let base = try store.layer(try world.base())
    let (out, helper) = (world.folder + "/out", world.folder + "/helper")
    _ = try await world.host(["/bin/cp", World.helper, helper])
    let folders = [out, out + "/tree", out + "/tree/source", out + "/cache"]
    for folder in folders { mkdir(folder, 0o777) }
    try Data("file".utf8).write(to: URL(filePath: out + "/tree/source/file"))
    try Data(Self.line.utf8).write(to: URL(filePath: out + "/secret"))
    for path in folders + [out + "/secret", out + "/tree/source/file", helper] {
      chmod(path, path == helper ? 0o755 : 0o777)
      chown(path, 65534, 65534)
    }
    var arguments = SandboxArguments()
    arguments.stack([base])
    arguments.mount(out + "/tree", inside: "source", isWritable: false, at: "/ro")
    arguments.mount(out + "/tree", inside: "source", isWritable: true, at: "/rw")
    arguments.mountCache(out + "/cache", isReadOnly: false, at: "/cache")
    arguments.mountMemory(sizeBytes: 65536, at: "/memory")
    // No other user is there to give it to: it stays the caller's.
    arguments.mountSecret(out + "/secret", .init(mode: 0o400, user: 33, group: 33), at: "/run/secrets/s")
    arguments.setEnvironment("SECRET", contentOf: out + "/secret")
    arguments.setEnvironment(["PATH": "/bin"])
    arguments.add("--capture", out + "/changes.tar")
    arguments.run([
      "/bin/sh", "-ec",
      """
      cat /ro/file /rw/file; echo > /rw/new; rm /rw/file; echo > /memory/x; echo > /cache/kept
      test "$(cat /run/secrets/s)" = "$SECRET"; stat -c %a:%u /run/secrets/s; touch /made
      """,
    ])
    let log = try await world.host(
      ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", helper]
        + arguments.words)
    #expect(log == "filefile400:0\n")
    let layer = try LayerImport.layer(
      fromCapture: out + "/changes.tar", store: store, scratch: world.folder)
    #expect(layer.entries.map(\.path) == ["made"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: out + "/cache") == ["kept"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: out + "/tree/source") == ["file"])
  }
}
