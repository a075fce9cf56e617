/// What an action made: its outputs by name, in the order the action declares them.
public struct ActionResult: Hashable, Sendable {
  public var outputs: [String: Artifact]
  /// How it was made; recorded, never part of a key.
  public var provenance: Provenance

  /// How a result came to be.
  public struct Provenance: Hashable, Sendable {
    public var durationSeconds: Double
    /// Seconds since 1970.
    public var finished: Double
    /// The emulator that ran it (`qemu-aarch64 7.2.22`), or `nil` where it ran natively or in the engine.
    public var emulator: String?
    /// The digest of its log, where there is one.
    public var log: Digest?
    public init(durationSeconds: Double, finished: Double, emulator: String? = nil, log: Digest? = nil) {
      self.durationSeconds = durationSeconds
      self.finished = finished
      self.emulator = emulator
      self.log = log
    }
  }

  public init(outputs: [String: Artifact], provenance: Provenance) {
    self.outputs = outputs
    self.provenance = provenance
  }
}

/// The last time a node had a result: what its keys and preimages were. Outlives the blobs.
public struct Trace: Hashable, Sendable {
  public var key: Key
  public var deepKey: Key
  public var preimage: Preimage
  public var result: ActionResult
  public init(key: Key, deepKey: Key, preimage: Preimage, result: ActionResult) {
    self.key = key
    self.deepKey = deepKey
    self.preimage = preimage
    self.result = result
  }
}

/// A trace with the name of its node.
public struct NodeTrace: Hashable, Sendable {
  public let node: String
  public let trace: Trace
  public init(node: String, _ trace: Trace) {
    self.node = node
    self.trace = trace
  }
}

/// Results by key. Readers never block and see only what is complete.
public protocol ActionCache: WorkHistory {
  /// The result of `key` whose outputs are all in the store.
  func result(of key: Key) throws -> ActionResult?

  /// The result that a deep key (leaf inputs only) led to last, whose outputs are all in the store.
  func result(ofDeep key: Key) throws -> ActionResult?

  /// The key that a deep key led to last, whatever became of the result.
  func key(ofDeep key: Key) throws -> Key?

  /// Commits finished actions and the traces of the nodes that ran them, all or none. The blobs are durable before.
  func record(_ made: [NodeTrace]) throws

  /// Commits only that nodes now have these traces and their deep keys these results: the actions themselves were found,
  /// not run.
  func recordHits(_ found: [NodeTrace]) throws

  /// The newest trace of a node, by `Node.name`.
  func trace(ofNode name: String) throws -> Trace?

  /// The key of a node's newest trace, without the cost of reading the trace.
  func newestKey(ofNode name: String) throws -> Key?

  /// The traces of a node, newest first, at most `limit`.
  func traces(ofNode name: String, limit: Int) throws -> [Trace]

  /// Forgets every result that names `digest` as an output or inside one, so that it is made again.
  func forget(_ digest: Digest) throws

  /// Remembers that the action of `key` failed, until it succeeds: never a result, only something to tell people.
  func remember(_ failure: ActionFailed, of key: Key) throws

  /// Waits until no other process works on `key`, and keeps others from it until the lease is released.
  func lease(_ key: Key) async throws -> any Lease
}

extension ActionCache {
  public func record(_ trace: Trace, node: String) throws { try record([NodeTrace(node: node, trace)]) }

  public func recordHit(_ trace: Trace, node: String) throws {
    try recordHits([NodeTrace(node: node, trace)])
  }

  public func newestKey(ofNode name: String) throws -> Key? { try trace(ofNode: name)?.key }
}

/// The right to work on a key. Ends with the process at the latest.
public protocol Lease: Sendable {
  func release()
}
