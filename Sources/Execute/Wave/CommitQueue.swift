import Dispatch
import GraphCore
import Synchronization

/// Commits finished actions, several at once: while one batch is being written and synced, the next one gathers. A sync of
/// the disk costs milliseconds however much it takes along.
///
/// On a thread of its own, because it waits for the disk, and the language's own threads are as few as processors.
final class CommitQueue: Sendable {
  private let store: any BlobStore
  private let cache: any ActionCache
  private let queue = DispatchQueue(label: "graph.commit")
  private let state = Mutex(State())

  private struct State {
    var waiting: [Item] = []
    var isRunning = false
  }

  private struct Item {
    let made: NodeTrace
    let continuation: CheckedContinuation<Void, any Error>
  }

  init(store: any BlobStore, cache: any ActionCache) {
    self.store = store
    self.cache = cache
  }

  /// Returns when the action's blobs are durable and its row is committed.
  func commit(_ made: NodeTrace) async throws {
    try await withCheckedThrowingContinuation { continuation in
      let isFirst = state.withLock { state in
        state.waiting.append(Item(made: made, continuation: continuation))
        defer { state.isRunning = true }
        return !state.isRunning
      }
      if isFirst { queue.async { self.drain() } }
    }
  }

  private func drain() {
    while true {
      let batch = state.withLock { state in
        defer { state.waiting = [] }
        if state.waiting.isEmpty { state.isRunning = false }
        return state.waiting
      }
      if batch.isEmpty { return }
      if batch.count > 1, case .success = commit(batch) {
        for item in batch { item.continuation.resume() }
      } else {
        // One that cannot be kept takes no other along.
        for item in batch { item.continuation.resume(with: commit([item])) }
      }
    }
  }

  private func commit(_ batch: [Item]) -> Result<Void, any Error> {
    Result {
      try store.sync()
      try cache.record(batch.map(\.made))
    }
  }
}
