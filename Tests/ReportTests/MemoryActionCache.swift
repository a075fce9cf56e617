import GraphCore
import Synchronization

/// The action cache port, in memory.
///
/// The real one is a database in another module; reports read only traces and results, so the port's meaning in a few
/// lines keeps these tests on reports and lets a test lose a result at will.
final class MemoryActionCache: ActionCache {
  private struct State {
    var results: [Key: ActionResult] = [:]
    var deepResults: [Key: ActionResult] = [:]
    var traces: [String: [Trace]] = [:]
  }

  private let state = Mutex(State())

  func result(of key: Key) throws -> ActionResult? { state.withLock { $0.results[key] } }
  func result(ofDeep key: Key) throws -> ActionResult? { state.withLock { $0.deepResults[key] } }

  func key(ofDeep key: Key) throws -> Key? {
    state.withLock { state in
      state.traces.values.joined().first { $0.deepKey == key }?.key
    }
  }

  func record(_ made: [NodeTrace]) throws {
    for item in made {
      let trace = item.trace
      state.withLock {
        $0.results[trace.key] = trace.result
        $0.deepResults[trace.deepKey] = trace.result
        $0.traces[item.node, default: []].insert(trace, at: 0)
      }
    }
  }

  func recordHits(_ found: [NodeTrace]) throws { try record(found) }
  func trace(ofNode name: String) throws -> Trace? { try traces(ofNode: name, limit: 1).first }

  func traces(ofNode name: String, limit: Int) throws -> [Trace] {
    state.withLock { Array(($0.traces[name] ?? []).prefix(limit)) }
  }

  func forget(_ digest: Digest) throws {
    state.withLock { state in
      func names(_ result: ActionResult) -> Bool { result.outputs.values.contains { $0.digest == digest } }
      state.results = state.results.filter { !names($0.value) }
      state.deepResults = state.deepResults.filter { !names($0.value) }
    }
  }

  func remember(_ failure: ActionFailed, of key: Key) throws {}
  func lease(_ key: Key) async throws -> any Lease { NoLease() }

  private struct NoLease: Lease {
    func release() {}
  }
}
