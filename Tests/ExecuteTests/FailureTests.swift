import FoundationEssentials
import GraphCore
import Testing

@testable import Execute

@Suite("how a run ends", .enabled(if: FileManager.default.fileExists(atPath: World.busybox)))
struct FailureTests {
  @Test(
    "its kind says whether trying again helps",
    arguments: [
      ("echo no; exit 3", ActionFailed.Kind.deterministic, "exited with status 3"),
      ("exit 125", .deterministic, "exited with status 125"),
      ("nonesuch", .deterministic, "exited with status 127"),
      ("kill -9 $$", .resource, "was killed by signal 9"),
      ("sh -c 'kill -9 $$'; exit $?", .resource, "a program of it was killed"),
      ("sleep 60", .resource, "was killed after 1 s, its 'timeout'"),
      ("true", .deterministic, "left no file or folder at '/missing'"),
    ])
  func kinds(script: String, kind: ActionFailed.Kind, reason: String) async throws {
    let world = try World()
    await #expect {
      try await world.run(
        script, collects: [Command.Collect(output: "o", from: .path("/missing"))],
        timeoutSeconds: script == "sleep 60" ? 1 : 60,
        outputs: [Action.Output("o", .blob)])
    } throws: { error in
      let failure = try #require(error as? ActionFailed)
      return failure.kind == kind && failure.reason == reason
        && (script.contains("no;") ? failure.log == Array("no\n".utf8) : true)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: world.folder + "/scratch").isEmpty)
  }

  @Test("an unknown user is the action's fault")
  func unknownUser() async throws {
    let world = try World()
    await #expect { try await world.run("id", user: "nobody-here") } throws: {
      ($0 as? ActionFailed)?.reason == "the image has no user 'nobody-here'"
    }
  }

  @Test("a time limit ends every process of the action")
  func timeout() async throws {
    let world = try World()
    await #expect(throws: ActionFailed.self) {
      try await world.run("(sleep 98765431 &) ; sleep 98765432", timeoutSeconds: 1)
    }
    try await expectGone(["98765431", "98765432"])
  }

  @Test("cancelling ends every process of the action")
  func cancel() async throws {
    let world = try World()
    let run = Task { try await world.run("(sleep 87654321 &) ; sleep 87654322") }
    for _ in 0..<500 where try !World.isRunning("87654321") { try await Task.sleep(for: .milliseconds(10)) }
    #expect(try World.isRunning("87654321"))
    run.cancel()
    await #expect(throws: CancellationError.self) { try await run.value }
    try await expectGone(["87654321", "87654322"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: world.folder + "/scratch").isEmpty)
  }

  @Test("the end of whoever started it ends every process of the action")
  func callerDies() async throws {
    let world = try World()
    let layer = try world.store.layer(try world.base())
    _ = try await world.host([
      "/bin/sh", "-c",
      "\(World.helper) --lower \(layer) -- /bin/busybox sh -c '/bin/busybox echo up; /bin/busybox sleep 65432101' > "
        + "\(world.folder)/log & while ! test -s \(world.folder)/log; do sleep 0.01; done; kill -9 $$",
    ])
    try await expectGone(["65432101"])
  }

  @Test("a command that leaves processes behind does not wait for them")
  func leftBehind() async throws {
    #expect(try await World().run("(sleep 76543211 &) ; echo done").text == "done\n")
    try await expectGone(["76543211"])
  }

  @Test("a log keeps its beginning and its end")
  func logs() {
    let log = RunLog(halfSizeBytes: 4)
    for part in ["ab", "cdef", "ghij", "klm"] { log.append(Array(part.utf8)) }
    #expect(String(decoding: log.bytes, as: UTF8.self) == "abcd\n[… 5 bytes left out …]\njklm")
  }

  /// The kernel ends what is in a namespace after its first process; that takes a moment.
  private func expectGone(_ words: [String]) async throws {
    for word in words {
      for _ in 0..<200 where try World.isRunning(word) { try await Task.sleep(for: .milliseconds(10)) }
      #expect(try !World.isRunning(word))
    }
  }
}
