import GraphCore
import Store
import Synchronization
import Testing

@Suite("leases")
struct LeaseTests {
  @Test("one holder at a time, over tasks and stores, and no file stays")
  func exclusive() async throws {
    let temporary = try TemporaryStore()
    let other = try temporary.another()
    let key = Key(digest: Digest(ofText: "k"))
    let counts = Counts()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<12 {
        let store = index.isMultiple(of: 2) ? temporary.store : other
        group.addTask {
          let lease = try await store.lease(key)
          counts.enter()
          await Task.yield()
          counts.leave()
          lease.release()
        }
      }
      try await group.waitForAll()
    }
    #expect(counts.most == 1)
    #expect(try shell("ls \(temporary.path)/locks") == "open\nusers\n")
  }

  final class Counts: Sendable {
    private let state = Mutex((now: 0, most: 0))
    func enter() {
      state.withLock {
        $0.now += 1; $0.most = max($0.most, $0.now)
      }
    }
    func leave() { state.withLock { $0.now -= 1 } }
    var most: Int { state.withLock { $0.most } }
  }

  @Test("dropping a lease releases it, and a cancelled wait ends")
  func endings() async throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    let key = Key(digest: Digest(ofText: "k"))
    do { _ = try await store.lease(key) }
    let held = try await store.lease(key)
    let waiter = Task { try await store.lease(key).release() }
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    held.release()
    held.release()
    try await store.lease(key).release()
  }

  @Test("a process that is killed loses its lease")
  func killed() async throws {
    let temporary = try TemporaryStore()
    let key = Key(digest: Digest(ofText: "k"))
    let path = "\(temporary.path)/locks/\(key.digest.hex.prefix(16))"
    // However slow the machine is: the lock is held when we go on, and for as long as nobody ends its holder.
    let holder = "setsid flock \(path) sleep 3600 > /dev/null 2>&1 & echo $!"
    let pid = try shell("\(holder); while flock -n \(path) true; do sleep 0.02; done").split(separator: "\n")[
      0]
    let clock = ContinuousClock()
    let killer = Task {
      try await Task.sleep(for: .milliseconds(150))
      try shell("kill -9 -\(pid)")
    }
    let waited = try await clock.measure { try await temporary.store.lease(key).release() }
    _ = try await killer.value
    #expect(waited > .milliseconds(50))
  }
}
