import FoundationEssentials
import Glibc
import GraphCore
import Testing

@testable import Execute

@Suite("what an action may use", .enabled(if: FileManager.default.fileExists(atPath: World.busybox)))
struct LimitTests {
  /// Runs `script` with the host's programs, and returns why it failed.
  private func failure(
    of script: String, in world: World, bounds: Action.Limits.Bounds = .init(), timeoutSeconds: Int = 60
  ) async throws -> ActionFailed {
    do {
      _ = try await world.run(script, root: .host, timeoutSeconds: timeoutSeconds, bounds: bounds)
    } catch let failure as ActionFailed {
      return failure
    }
    Issue.record("'\(script)' succeeded")
    return ActionFailed(.environment, "")
  }

  @Test(
    "of memory: what holds more is ended, in one process or in many, in files of memory too",
    arguments: [
      "head -c 300M /dev/zero | tail -c 300M | sleep 60",
      "for i in 1 2 3 4 5 6; do (head -c 60M /dev/zero | tail -c 60M | sleep 60) & done; wait",
      "head -c 300M /dev/zero > /dev/shm/x; sleep 60",
    ])
  func memory(script: String) async throws {
    let world = try World()
    let failure = try await failure(of: script, in: world, bounds: .init(memoryBytes: 200 << 20))
    #expect(failure.kind == .resource)
    #expect(
      failure.reason
        == "was killed: it needed more than 200 MiB of memory, its limit; 'memory' of a command in graph.d raises it"
    )
    #expect(try await world.run("echo fine", root: .host).text == "fine\n")
  }

  @Test("of memory: what processes share after a fork is counted once")
  func sharedMemory() async throws {
    // A hundred processes, each with the 30 MB that their parent holds, written once.
    let script = """
      x=$(head -c 30M /dev/zero | tr '\\0' x); for i in $(seq 100); do (sleep 2) & done; wait; echo fine
      """
    let world = try World()
    let executed = try await world.run(script, root: .host, bounds: .init(memoryBytes: 400 << 20))
    #expect(executed.text == "fine\n")
    #expect(try #require(executed.peakMemoryBytes) > 20 << 20)
  }

  @Test("of processes: a fork bomb is ended")
  func processes() async throws {
    let world = try World()
    let failure = try await failure(
      of: "bomb() { bomb | bomb & }; bomb; sleep 60", in: world, bounds: .init(processes: 100),
      timeoutSeconds: 20)
    #expect(failure.kind == .resource)
    #expect(failure.reason.contains("processes") || failure.reason.contains("'timeout'"), "\(failure.reason)")
    #expect(try await world.run("echo fine", root: .host).text == "fine\n")
  }

  @Test(
    "of the disk: what writes more is ended, in files without a name too",
    arguments: [
      "head -c 300M /dev/zero > /build/x; sleep 60", "head -c 300M /dev/zero > /tmp/x; sleep 60",
      "exec 3>/tmp/x; rm /tmp/x; head -c 300M /dev/zero >&3; sleep 60",
      "mkdir -p /build/a/b/c; cd /build; for i in 1 2 3 4 5 6; do head -c 50M /dev/zero > a/b/c/$i; done; sleep 60",
    ])
  func disk(script: String) async throws {
    let world = try World()
    let failure = try await failure(of: script, in: world, bounds: .init(diskBytes: 200 << 20))
    #expect(failure.kind == .resource)
    #expect(
      failure.reason
        == "was killed: it wrote more than 200 MiB, its limit; 'disk' of a command in graph.d raises it")
    #expect(try FileManager.default.contentsOfDirectory(atPath: world.folder + "/scratch").isEmpty)
  }

  @Test("of the disk: holes of a file are nothing that is written")
  func holes() async throws {
    let executed = try await World().run(
      "truncate -s 20G /build/disk; sleep 1; echo fine", root: .host, bounds: .init(diskBytes: 100 << 20))
    #expect(executed.text == "fine\n")
  }

  @Test("of the disk: whoever could give back what has to stay free is ended, and nobody else")
  func reserve() async throws {
    var disk = statvfs()
    try #require(statvfs("/tmp", &disk) == 0)
    let free = Int64(disk.f_bavail) * Int64(disk.f_frsize)
    // What others write meanwhile has room in it.
    let world = try World { $0.keepFreeBytes = free - (200 << 20) }
    let failure = try await failure(of: "head -c 2G /dev/zero > /build/x; sleep 60", in: world)
    #expect(failure.kind == .resource)
    #expect(failure.reason.hasPrefix("was killed: it had written "), "\(failure.reason)")
    #expect(failure.reason.contains("'graph clean' frees some"))
    let full = try World { $0.keepFreeBytes = free + (1 << 40) }
    #expect(try await full.run("echo x > /build/x; sleep 1; echo fine", root: .host).text == "fine\n")
  }

  @Test("a log that does not end fills nothing: its beginning and its end are kept")
  func flood() async throws {
    let executed = try await World().run("echo first; head -c 200M /dev/zero; echo; echo last", root: .host)
    #expect(executed.log.count < 65 << 20)
    #expect(executed.log.starts(with: Array("first\n".utf8)))
    #expect(executed.log.suffix(5) == Array("last\n".utf8))
  }

  @Test("limits are no part of a key")
  func keys() throws {
    func key(_ limits: Action.Limits) -> Key {
      Preimage(
        Action(
          rule: .init("run", version: 1), outputs: [],
          command: Command(argv: ["true"], root: .host, collects: []), limits: limits), inputs: []
      ).key
    }
    let bounds = Action.Limits.Bounds(memoryBytes: 1, processes: 2, diskBytes: 3)
    #expect(
      key(Action.Limits())
        == key(Action.Limits(timeoutSeconds: 1, memoryMegabytes: 2, isWaiting: true, bounds: bounds)))
  }

  @Test("what a control group says was reached is the reason, whatever the command made of it")
  func controlGroups() throws {
    // As the helper writes it where the kernel counts: tools/in-vm runs the tests above on such a machine.
    for (lines, reason) in [
      (["reached memory 209715200", "memory 209715200"], "it needed more than 200 MiB of memory"),
      (["killed 9", "reached memory 209715200"], "it needed more than 200 MiB of memory"),
      (["exited 2", "reached processes 100"], "had more than 100 processes at once"),
    ] {
      #expect {
        try SandboxStatus(lines: lines).judge(log: [])
      } throws: { error in
        (error as? ActionFailed)?.kind == .resource
          && (error as? ActionFailed)?.reason.contains(reason) == true
      }
    }
    let fine = SandboxStatus(lines: ["exited 0", "reached processes 100", "memory 1048576"])
    try fine.judge(log: [])
    #expect(fine.memoryBytes == 1 << 20)
  }
}
